#!/usr/bin/env python3
"""What the viewer takes on a large build: tests/bench/view.py CORPUS [--rows N] [--folder DIR]

Rows of 160 bytes are made by a seed (web, books, news, dialogues; some short, some twice) and built; `corpus view` is
started on the build, and asked for all that its page asks for, one after the other: the page, rows by source, use, reason
and signal, a search, conditions in SQL, a row's life, the figures of the whole, a limit tried out. Prints the seconds of
each answer, its CPU seconds, and at the end the peak memory of the server. With --folder, what is there is looked at again.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from made import HAN

#: Sources of texts, and of a hundred rows how many are of each.
SOURCES = {"web": 55, "books": 25, "news": 15}
#: Files of texts.
FILES = 4


def make(folder, rows):
    """Files of rows, and a recipe."""
    rng, pool = random.Random(18), random.Random(7)
    clauses = ["".join(pool.choices(HAN, k=pool.randint(4, 14))) for _ in range(50_000)]
    talks = rows * (100 - sum(SOURCES.values())) // 100
    for name, share in SOURCES.items():
        count = rows * share // 100
        for part in range(FILES):
            with open(folder / f"{name}-{part}.jsonl", "w", encoding="utf-8") as out:
                for number in range(part * count // FILES, (part + 1) * count // FILES):
                    roll = rng.random()
                    if roll < 0.02:
                        text = "copied" + clauses[int(roll * 1e6)]
                    elif roll < 0.04:
                        text = clauses[number % len(clauses)][:3]
                    else:
                        text = "，".join(rng.choices(clauses, k=4)) + "。"
                    out.write(f'{{"id":"{name}-{number}","text":"{text}"}}\n')
    with open(folder / "talks.jsonl", "w", encoding="utf-8") as out:
        for number in range(talks):
            asked, answer = rng.choice(clauses), "，".join(rng.choices(clauses, k=3))
            out.write(f'{{"instruction":"{asked}{number}？","input":"","output":"{answer}。"}}\n')
    recipe = 'name = "ten"\n'
    for name in SOURCES:
        recipe += f'[[source]]\nname = "{name}"\npath = "{name}-*.jsonl"\nuse = "pretrain"\n'
    recipe += '[[source]]\nname = "talks"\npath = "talks.jsonl"\nuse = "instruct"\n'
    recipe += '[[stage]]\nrun = "characters"\n[[stage]]\nrun = "keep"\nchars = { min = 12 }\n[[stage]]\nrun = "exact_dedup"\n'
    (folder / "recipe.toml").write_text(recipe, encoding="utf-8")


def asks():
    """What the page asks for, by a name."""
    where = lambda text, kind="data": ("rows", {"kind": kind, "where": text})
    return {
        "the page": ("", {}),
        "head": ("head", {}),
        "first rows": ("rows", {"kind": "data"}),
        "rows in the middle": ("rows", {"kind": "data", "use": "pretrain", "from": 5_000_000}),
        "rows that went": ("rows", {"kind": "dropped"}),
        "rows of a source": ("rows", {"kind": "data", "source": "books"}),
        "rows of a reason": ("rows", {"kind": "dropped", "reason": "exact_duplicate"}),
        "rows by a signal": ("rows", {"kind": "data", "signal": "chars", "min": 40, "max": 44}),
        "source and signal, page 1,000": ("rows", {"kind": "data", "source": "news", "signal": "chars", "max": 30, "from": 20_000}),
        "a search": ("rows", {"kind": "data", "grep": "国政"}),
        "a search for nothing": ("rows", {"kind": "data", "grep": "nothing says this"}),
        "SQL on a signal": where("chars > 50 and source = 'news'"),
        "SQL on ids": where("id in (select kept_id from dropped)"),
        "SQL on the text": where("text like '%国政%'"),
        "SQL on the text of what went": where("text like '%copied%'", "dropped"),
        "SQL on text and source": where("source = 'news' and text like '%国政%'"),
        "a row's life": ("life", {"id": "books-1234"}),
        "figures of the whole": ("figures", {}),
        "limits": ("limits", {}),
        "a limit at another value": ("limit", {"stage": "keep", "key": "chars", "value": 30}),
        "the same at a third": ("limit", {"stage": "keep", "key": "chars", "value": 20}),
    }


def used(pid):
    """CPU seconds and peak memory in MB of a process, so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    peak = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(peak.split()[1]) / 1000


def look(corpus, build):
    """Asks for everything in a row."""
    server = subprocess.Popen([corpus, "view", build, "--format", "json"], stdout=subprocess.PIPE, text=True)
    try:
        address, slow = json.loads(server.stdout.readline())["url"], []
        print("| asked for | s | CPU s | peak so far, MB | |\n| --- | --- | --- | --- | --- |")
        for name, (path, query) in asks().items():
            query = urllib.parse.urlencode(query)
            begin, start = used(server.pid)[0], time.time()
            try:
                with urllib.request.urlopen(f"{address}{path and 'api/'}{path}?{query}") as answer:
                    body = answer.read()
            except urllib.error.HTTPError as error:
                slow.append(f"{name}: {error.read().decode()}")
                continue
            seconds, (cpu, peak) = time.time() - start, used(server.pid)
            told = json.loads(body) if path else {}
            found = f"{told['total']:,} rows" if "total" in told else f"{len(body):,} bytes"
            print(f"| {name} | {seconds:.2f} | {cpu - begin:.2f} | {peak:.0f} | {found} |", flush=True)
        return slow
    finally:
        server.kill()
        server.wait()


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("\n")[0])
    parser.add_argument("corpus")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.folder or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        build = folder / "out"
        if not (build / "build.json").is_file():
            make(folder, options.rows)
            command = [options.corpus, "build", "--recipe", folder / "recipe.toml", "--out", build, "--quiet"]
            subprocess.run(command, check=True)
        failed = look(options.corpus, build)
    sys.exit("\n".join(failed) if failed else 0)


main()
