#!/usr/bin/env python3
"""Exports killed at random: never a half folder under a final name, and the next run gives the right bytes.

    tests/bench/export_kill.py CORPUS [--kills N] [--rows N] [--seed N] [LAYOUT …]

Makes rows of all uses, builds them, and a tenth of them. For every layout (or those that are named): the large build is
exported with one thread and with two (rows: twice, for they pass by one), which must give the same bytes; then N times (10 unless told otherwise) the small
build's export lies in place, the large one's is written over it and killed at a random moment with SIGKILL. What lies
under the final name must be one of the two, byte by byte and by its own `export.json`; nothing else may lie beside it
but what the export set aside; and the next run must give the right bytes and leave nothing aside. Every other time
nothing is in place before. Ends with 1 where anything differs. Needs python3 and a release build.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WORDS = ["渡船慢慢靠岸，", "船夫把缆绳系在木桩上。", "The ferry leaves at nine. ", "if x < 3 { y }\n", "🙂é\t", "山上的寺庙很安静。"]


def text(rng: random.Random, pieces: int) -> str:
    return "".join(rng.choice(WORDS) + str(rng.randrange(1000)) for _ in range(pieces))


def corpus_of(folder: Path, rows: int) -> Path:
    """Writes rows of all uses, and the recipe that reads them."""
    folder.mkdir()
    rng = random.Random(rows)
    turn = lambda role, pieces: {"role": role, "content": text(rng, pieces)}

    def answer(number):
        return {"prompt": [turn("user", 3)], "completion": [turn("assistant", 5)], "label": number % 2 == 0}

    def pair(number):
        return {"prompt": [turn("user", 3)], "chosen": [turn("assistant", 5)], "rejected": [turn("assistant", 6)]}

    sources = {
        "text": ("pretrain", rows, lambda n: {"text": text(rng, 1 + n % 60)}),
        "chat": ("instruct", rows // 3, lambda n: {"messages": [turn("user", 3), turn("assistant", 9), turn("user", 2), turn("assistant", 7)]}),
        "task": ("task", rows // 6, lambda n: {"instruction": text(rng, 3), "input": "", "output": text(rng, 5)}),
        "pairs": ("rlhf", rows // 6, pair),
        "labelled": ("rlhf", rows // 6, answer),
    }
    recipe = 'name = "rows"\n'
    for name, (use, count, made) in sources.items():
        with open(folder / f"{name}.jsonl", "w", encoding="utf-8") as file:
            for number in range(count):
                file.write(json.dumps({"id": f"{name}-{number}", **made(number)}, ensure_ascii=False) + "\n")
        recipe += f'[[source]]\nname = "{name}"\npath = "{name}.jsonl"\nuse = "{use}"\n'
    (folder / "recipe.toml").write_text(recipe)
    return folder / "recipe.toml"


def digest(out: Path):
    """The bytes of a folder; None where it is not there or its `export.json` says otherwise."""
    if not out.exists():
        return None
    total = hashlib.sha256()
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        total.update(f"{path.relative_to(out)}\0".encode())
        total.update(path.read_bytes())
    told = json.loads((out / "export.json").read_text())
    for file in told["files"]:
        if hashlib.sha256((out / file["path"]).read_bytes()).hexdigest() != file["sha256"]:
            return f"{file['path']} is not what export.json says"
    return total.hexdigest()


def layouts(corpus: str, folder: Path):
    """Every layout, with the options that it needs."""
    template = folder / "chat.jinja"
    template.write_text(CHATML)
    cut = ["--tokenizer", ROOT / "tests/models/tiny-tokenizer.json"]
    whole, chat = [*cut, "--eos", "<|endoftext|>"], [*cut, "--template", template, "--seq-length", "2048"]
    listed = json.loads(subprocess.run([corpus, "list", "exports", "--format", "json"], capture_output=True, check=True).stdout)
    for export in listed["exports"]:
        name = export["name"]
        if export["kind"] == "layout":
            yield name, name, []
        elif name in ("dpo", "reward", "kto"):
            yield name, name, chat
        else:
            yield name, name, [*whole, *(["--seq-length", "512"] if name in ("packed", "mds") else [])]
    yield "packed of dialogues", "packed", [*chat, "--use", "instruct"]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus"), parser.add_argument("layouts", nargs="*")
    parser.add_argument("--kills", type=int, default=10), parser.add_argument("--rows", type=int, default=9_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_intermixed_args()
    corpus, rng, wrong, killed, placed = os.path.abspath(options.corpus), random.Random(options.seed), [], 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        builds = {}
        for name, rows in [("large", options.rows), ("small", options.rows // 10)]:
            builds[name] = folder / f"{name}-build"
            recipe = corpus_of(folder / name, rows)
            subprocess.run([corpus, "build", "--recipe", recipe, "--out", builds[name], "--quiet"], check=True)
        for name, layout, more in layouts(corpus, folder):
            if options.layouts and layout not in options.layouts:
                continue
            place = folder / "exports"
            out = place / "it"

            def command(build: str, threads: int = 2) -> list:
                return [corpus, "export", builds[build], "--to", layout, "--out", out, "--quiet", *more, *(["--threads", str(threads)] if more else [])]

            def run(build: str, threads: int = 2):
                subprocess.run(command(build, threads), check=True, stdout=subprocess.DEVNULL)
                if sorted(path.name for path in place.iterdir()) != ["it"]:
                    wrong.append(f"{name}: left beside: {sorted(path.name for path in place.iterdir())}")
                return digest(out)

            place.mkdir()
            small = run("small")
            start = time.monotonic()
            large = run("large", 1)
            took = time.monotonic() - start
            shutil.rmtree(out)
            if run("large") != large:
                wrong.append(f"{name}: two runs, of token ids with one thread and two, give other bytes")
            here = 0
            for number in range(options.kills):
                shutil.rmtree(out)
                before = run("small") if number % 2 else None
                child = subprocess.Popen(command("large"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(rng.random() * took)
                running = child.poll() is None
                child.send_signal(signal.SIGKILL)
                child.wait()
                here += running
                found = digest(out)
                if found not in (before, large):
                    wrong.append(f"{name}: kill {number} left {found} under the final name, before it {before}")
                placed += found == large
                beside = [path.name for path in place.iterdir() if path.name != "it" and not path.name.startswith(".it.")]
                if beside:
                    wrong.append(f"{name}: kill {number} left {beside} beside")
                if run("large") != large:
                    wrong.append(f"{name}: the run after kill {number} gives other bytes")
            killed += here
            shutil.rmtree(place)
            print(f"{name}: {took:.2f} s, {options.kills} kills, {here} while it ran; {'as it should be' if not wrong else wrong[-1]}", flush=True)
    print(f"{killed} kills of running exports, {placed} after the new folder stood; {len(wrong)} wrong")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


sys.exit(main())
