"""Measures counting and packing: CPU seconds of a build with and without the stage `tokens`, beside the library's own
batch call on the same texts, and what packing leaves empty.

    pip install tokenizers==1.0.0rc3
    cargo build --release
    python3 tests/bench/tokens.py target/release/corpus TOKENIZER.json TEXTS.jsonl [--eos TOKEN]

TEXTS has a `text` a line. The share of counting in a build is its CPU time with the stage less that without it; both
read, measure characters and write the same rows. Each is run three times, and the fastest counts.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def run(command: list) -> tuple:
    """CPU seconds, seconds and output of a command."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.time() - start, done.stdout


def batch(tokenizer: str, texts: str) -> None:
    """In a process of its own: the library's batch call."""
    from tokenizers import Tokenizer

    loaded = Tokenizer.from_file(tokenizer)
    rows = [json.loads(line)["text"] for line in open(texts, encoding="utf-8")]
    begin, start, tokens = time.process_time(), time.time(), 0
    for at in range(0, len(rows), 1000):
        tokens += sum(len(e.ids) for e in loaded.encode_batch_fast(rows[at : at + 1000], add_special_tokens=False))
    print(json.dumps([tokens, time.process_time() - begin, time.time() - start]))


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
        source = f"[[source]]\nname = 'texts'\npath = '{texts}'\nuse = 'pretrain'\n[[stage]]\nrun = 'characters'\n"
        stage = f"[[stage]]\nrun = 'tokens'\ntokenizer = '{tokenizer}'\n"
        best = {}
        for name, recipe in (("without", source), ("with", source + stage)):
            path = folder / f"{name}.toml"
            path.write_text(f"name = '{name}'\n{recipe}")
            for _ in range(3):
                subprocess.run(["rm", "-rf", folder / name], check=True)
                used = run([corpus, "build", "--recipe", path, "--out", folder / name, "--quiet"])[:2]
                best[name] = min(best.get(name, used), used)
        manifest = json.loads((folder / "with/build.json").read_text())
        counted = sum(line["tokens"] for line in manifest["tokens"])
        cpu = best["with"][0] - best["without"][0]
        print(f"a build without: {best['without'][0]:.2f} CPU s; with the stage: {best['with'][0]:.2f} CPU s")
        print(f"counting: {counted} tokens, {cpu:.2f} CPU s: {counted / cpu / 1e6:.2f} M a CPU s, {counted / cpu / theirs:.2f} of the batch call")
        for length in (2048, 8192):
            for packing in ("best-fit", "cut"):
                command = [corpus, "export", folder / "with", "--to", "packed", "--tokenizer", tokenizer]
                command += ["--eos", options.eos, "--seq-length", str(length), "--packing", packing, "--format", "json"]
                cpu, seconds, out = run(command)
                packed = json.loads(out)["tokens"]["packed"]
                print(
                    f"packed at {length}, {packing}: {packed['sequences']} sequences, {100 * packed['empty']:.3f} % empty, "
                    f"{packed['cuts']} cuts, {cpu:.2f} CPU s, {seconds:.2f} s"
                )


main()
