"""What another threshold costs: the CPU seconds of a build, of the same with one limit changed, and of `corpus tune`.

    retune.py CORPUS TEXTS.jsonl [--rows 1000000]

TEXTS has a `text` a line; rows are stretches of some lines of it, as many as `--rows` says, over and over with a number in
front. Prints CPU seconds of the first build; of a build with another limit, job by job (deciding apart from writing the
output anew); of DuckDB, where Python has it, copying the `data/` of that build once; and of `tune` on all limits and on one.
"""

import argparse
import importlib.util
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

RECIPE = """name = "retune"
[[source]]
name = "rows"
use = "pretrain"
path = ["rows.jsonl"]
[[stage]]
run = "normalize"
[[stage]]
run = "language"
[[stage]]
run = "words"
[[stage]]
run = "profile"
profile = "zh-web"
only = { language = ["zh"] }
[[stage]]
run = "keep"
chars = { min = 40 }
[[stage]]
run = "exact_dedup"
"""

# What writing the output anew costs somebody who only copies it.
COPY = """import duckdb
duckdb.execute("set threads = 2")
duckdb.execute(\"\"\"copy (from 'builds/retune-trial/data/**/*.parquet') to 'copy.parquet'
    (format parquet, compression zstd, compression_level 3)\"\"\")
"""


def run(corpus, folder, *arguments):
    start = time.time()
    child = subprocess.Popen([corpus, *arguments], cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"failed: {arguments}")
    return used.ru_utime + used.ru_stime, time.time() - start, used.ru_maxrss / 1024


def jobs(folder, out):
    timings = json.loads((folder / out / "build.json").read_text())["timings"]
    return {n: j["cpu_seconds"] for n, j in timings.items() if isinstance(j, dict) and n != "total" and "cpu_seconds" in j}


def listed(of):
    return ", ".join(f"{name} {seconds:.2f}" for name, seconds in of.items() if seconds >= 0.01)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("texts", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    corpus = given.corpus.resolve()
    pieces, part = [], []
    for line in open(given.texts, encoding="utf8"):
        for each in json.loads(line)["text"].split("\n"):
            part.append(each)
            if sum(map(len, part)) >= 30 + len(pieces) % 90:
                pieces.append("\n".join(part).strip())
                part = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "recipe.toml").write_text(RECIPE)
        size = 0
        with open(folder / "rows.jsonl", "w", encoding="utf8") as file:
            for number, text in zip(range(given.rows), itertools.cycle(pieces)):
                text = text if number < len(pieces) else f"{number} {text}"
                size += len(text.encode())
                file.write(json.dumps({"id": str(number), "text": text}, ensure_ascii=False) + "\n")
        build = ["build", "--recipe", "recipe.toml", "--out", "builds/retune", "--quiet", "--threads", "2"]
        cpu, wall, peak = run(corpus, folder, *build)
        print(f"{given.rows:,} rows, {size / 1e6:.0f} MB. First build: {cpu:.1f} CPU s, {wall:.0f} s, {peak:.0f} MiB: {listed(jobs(folder, 'builds/retune'))}")
        again = ["build", "--recipe", "recipe.toml", "--set", "keep.chars.min=60", "--quiet", "--threads", "2"]
        new, wall, _ = run(corpus, folder, *again)
        parts = jobs(folder, "builds/retune-trial")
        print(f"Another limit: {new:.1f} CPU s ({new / cpu:.1%} of the first), {wall:.0f} s: {listed(parts)}")
        if importlib.util.find_spec("duckdb"):
            copied, wall, _ = run(sys.executable, folder, "-c", COPY)
            print(f"DuckDB copies its data/ once: {copied:.1f} CPU s, {wall:.0f} s")
        for what in ([], ["keep.chars"]):
            used, wall, peak = run(corpus, folder, "tune", "builds/retune", *what)
            print(f"tune {' '.join(what) or 'of all limits'}: {used:.2f} CPU s, {wall:.2f} s, {peak:.0f} MiB")


main()
