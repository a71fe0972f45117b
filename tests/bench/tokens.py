"""Measures counting and packing: CPU seconds of a build with and without the stage `tokens`, beside the library's own
batch call on the same texts, and what packing leaves empty.

    pip install tokenizers==1.0.0rc3
    cargo build --release
    python3 tests/bench/tokens.py target/release/corpus TOKENIZER.json TEXTS.jsonl [--eos TOKEN]

TEXTS has a `text` a line. The share of counting in a build is its CPU time with the stage less that without it; both
read, measure characters and write the same rows. Loading the tokenizer, which takes as long for one text as for a
million, is told by itself: it is the same difference for a build of one text. Exports of all texts as ids are measured
too, with their peak memory. Each is run three times, and the fastest counts.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def run(command: list) -> tuple:
    """CPU seconds, seconds, output and peak memory in MB of a command."""
    start = time.time()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(command, stdout=out, stderr=err, text=True)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode != 0:
            sys.exit(f"{command}: {err.read()}")
        return used.ru_utime + used.ru_stime, time.time() - start, out.read(), used.ru_maxrss / 1000


def batch(tokenizer: str, texts: str) -> None:
    """In a process of its own: the library's batch call."""
    from tokenizers import Tokenizer

    loaded = Tokenizer.from_file(tokenizer)
    rows = [json.loads(line)["text"] for line in open(texts, encoding="utf-8")]
    cpu, seconds, tokens = 0.0, 0.0, 0
    for at in range(0, len(rows), 1000):
        part = rows[at : at + 1000]
        begin, start = time.process_time(), time.time()
        cut = loaded.encode_batch(part, add_special_tokens=False, encode_special_tokens=True)
        cpu, seconds = cpu + time.process_time() - begin, seconds + time.time() - start
        tokens += sum(len(one.ids) for one in cut)
    print(json.dumps([tokens, cpu, seconds]))


def built(corpus: str, folder: Path, texts: str, stage: str) -> float:
    """CPU seconds that a stage takes in a build: the least of three with it, less the least of three without."""
    source = f"[[source]]\nname = 'texts'\npath = '{texts}'\nuse = 'pretrain'\n[[stage]]\nrun = 'characters'\n"
    best = {}
    for name, recipe in (("without", source), ("with", source + stage)) * 3:
        path = folder / f"{name}.toml"
        path.write_text(f"name = '{name}'\n{recipe}")
        subprocess.run(["rm", "-rf", folder / name], check=True)
        cpu = run([corpus, "build", "--recipe", path, "--out", folder / name, "--quiet"])[0]
        best[name] = min(best.get(name, cpu), cpu)
    return best["with"] - best["without"]


def main() -> None:
    if sys.argv[1] == "--batch":
        return batch(sys.argv[2], sys.argv[3])
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus")
    parser.add_argument("tokenizer")
    parser.add_argument("texts")
    parser.add_argument("--eos", default="<|endoftext|>")
    options = parser.parse_args()
    corpus, tokenizer, texts = (os.path.abspath(p) for p in (options.corpus, options.tokenizer, options.texts))
    lines = [json.loads(run([sys.executable, __file__, "--batch", tokenizer, texts])[2]) for _ in range(3)]
    tokens, cpu, seconds = min(lines, key=lambda line: line[1])
    theirs = tokens / cpu
    print(f"the library's batch call: {tokens} tokens, {cpu:.2f} CPU s, {seconds:.2f} s: {theirs / 1e6:.2f} M a CPU s")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        stage = f"[[stage]]\nrun = 'tokens'\ntokenizer = '{tokenizer}'\n"
        one = folder / "one.jsonl"
        one.write_text(json.dumps({"text": "一"}) + "\n")
        load = built(corpus, folder, str(one), stage)
        cpu = built(corpus, folder, texts, stage)
        manifest = json.loads((folder / "with/build.json").read_text())
        counted = sum(line["tokens"] for line in manifest["tokens"])
        print(f"loading: {load:.2f} CPU s; counting in a build: {counted} tokens, {cpu - load:.2f} CPU s: {counted / (cpu - load) / 1e6:.2f} M a CPU s, {counted / (cpu - load) / theirs:.2f} of the batch call; with loading {counted / cpu / theirs:.2f}")
        for layout in ("nanogpt", "megatron"):
            command = [corpus, "export", folder / "with", "--to", layout, "--tokenizer", tokenizer, "--eos", options.eos]
            best = min((run([*command, "--out", folder / "ids", "--quiet"]) for _ in range(3)), key=lambda used: used[0])
            cpu, seconds, memory = best[0], best[1], best[3]
            print(f"exported to {layout}: {cpu:.2f} CPU s, {seconds:.2f} s, {memory:.0f} MB; without loading {counted / (cpu - load) / theirs:.2f} of the batch call")
            subprocess.run(["rm", "-rf", folder / "ids"], check=True)
        for length in (2048, 8192):
            for packing in ("best-fit", "cut"):
                command = [corpus, "export", folder / "with", "--to", "packed", "--tokenizer", tokenizer]
                command += ["--eos", options.eos, "--seq-length", str(length), "--packing", packing, "--format", "json"]
                cpu, seconds, out, memory = run(command)
                packed = json.loads(out)["tokens"]["packed"]
                print(
                    f"packed at {length}, {packing}: {packed['sequences']} sequences, {100 * packed['empty']:.3f} % empty, "
                    f"{packed['cuts']} cuts, {cpu:.2f} CPU s, {seconds:.2f} s, {memory:.0f} MB"
                )


main()
