#!/usr/bin/env python3
"""Whether a build gives the same bytes for any number of threads, amount of memory and split of its input.

    tests/bench/same_bytes.py CORPUS FILE.jsonl FOLDER STAGE [STAGE …]

Builds FILE with each stage alone: with 1, 2 and 4 threads, with memory from 4 GiB down to so little that sorts go to
disk, and cut into seven files in the same order. Prints a line a build: what differed in it, CPU seconds, peak memory,
and the SHA-256 of all that it wrote but `build.json` (times) and the card. Ends with 1 if any two of a stage differ.
"""
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

corpus, source, folder, *stages = sys.argv[1:]
folder = Path(folder)


def split():
    """The input as seven files, cut at lines."""
    parts = folder / "parts"
    if not parts.is_dir():
        parts.mkdir(parents=True)
        size, count = os.path.getsize(source), 7
        with open(source, "rb") as lines:
            for part in range(count):
                with open(parts / f"{part}.jsonl", "wb") as out:
                    while out.tell() < size / count and (line := lines.readline()):
                        out.write(line)
            with open(parts / f"{count - 1}.jsonl", "ab") as out:
                shutil.copyfileobj(lines, out)
    return parts / "*.jsonl"


def digest(out):
    total = hashlib.sha256()
    for place in ("data", "dropped", "unreadable"):
        for path in sorted((out / place).rglob("*.parquet")):
            total.update(str(path.relative_to(out)).encode())
            total.update(path.read_bytes())
    return total.hexdigest()


def build(stage, paths, threads, memory):
    recipe, out = folder / "recipe.toml", folder / "out"
    recipe.write_text(
        f'name = "same"\n[[source]]\nname = "s"\npath = ["{paths}"]\nuse = "pretrain"\n'
        f'[[stage]]\nrun = "{stage}"\n',
        encoding="utf-8",
    )
    shutil.rmtree(out, ignore_errors=True)
    command = [corpus, "build", "--recipe", recipe, "--out", out, "--threads", str(threads), "--memory", memory]
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{stage}: the build failed: {' '.join(map(str, command))}")
    found = digest(out)
    shutil.rmtree(out)
    seconds, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"{stage:16} {threads} threads {memory:>7} {Path(paths).name:14} {seconds:7.1f} s {peak:6.0f} MiB  {found[:16]}",
          flush=True)
    return found


whole, parts = Path(source).resolve(), split()
differ = False
for stage in stages:
    runs = [(whole, 1, "4GiB"), (whole, 2, "128MiB"), (whole, 4, "256MiB"), (parts, 2, "1GiB")]
    differ |= len({build(stage, *run) for run in runs}) > 1
sys.exit(differ)
