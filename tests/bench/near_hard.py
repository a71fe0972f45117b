#!/usr/bin/env python3
"""Inputs that are hard for near deduplication (or, with `STAGE=substring_dedup` in the environment, for that stage):
time, memory, and what is left of each.

    tests/bench/near_hard.py CORPUS FOLDER [ROWS] [CASE …]

Writes the inputs into FOLDER (some gigabytes at the default of a million rows), one at a time, and builds each with
`--memory 1GiB --threads 2` (`huge`: 4GiB). Cases: same, boilerplate, template, empty, chain, huge, copies,
single.
"""
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time

corpus, folder = sys.argv[1:3]
rows = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
wanted = sys.argv[4:]
stage = os.environ.get("STAGE", "near_dedup")


def han(r, n):
    return "".join(map(chr, r.choices(range(0x4E00, 0x9000), k=n)))


def same(out):
    text = han(random.Random(1), 80)
    for _ in range(rows):
        out(text)


def shared(out, own):
    r = random.Random(2)
    before, after = han(r, 150), han(r, 150)
    for i in range(rows):
        out(before + str(i) + han(r, own) + after)


def boilerplate(out):
    shared(out, 40)  # similarity 0.73 of any two: all but one go


def template(out):
    shared(out, 68)  # similarity 0.64 of any two: candidates all, duplicates none


def empty(out):
    for _ in range(rows):
        out("")


def chain(out):
    r = random.Random(3)
    text = list(han(r, 300))
    for _ in range(10_000):
        out("".join(text))
        text[r.randrange(300)] = han(r, 1)


def huge(out):
    r = random.Random(4)
    block = han(r, 1_000_000)
    text = "".join(block[i:i + 997] for i in (r.randrange(990_000) for _ in range(167_000)))
    out(text)
    out(text[:50_000_000] + han(r, 1_000) + text[50_001_000:])
    out("short")


def copies(out):
    text = han(random.Random(5), 50_000_000 // 3)
    out(text)
    out(text)


def single(out):
    out("啊" * (10_000_000 // 3))


for case in [same, boilerplate, template, empty, chain, huge, copies, single]:
    name = case.__name__
    if wanted and name not in wanted:
        continue
    place = os.path.join(folder, name)
    os.makedirs(place, exist_ok=True)
    path = os.path.join(place, "in.jsonl")
    size = 0
    with open(path, "w", encoding="utf-8") as f:
        case(lambda text: f.write(json.dumps({"text": text}, ensure_ascii=False) + "\n"))
    size = os.path.getsize(path)
    with open(os.path.join(place, "recipe.toml"), "w") as f:
        f.write(f'name = "{name}"\n[[source]]\nname = "s"\npath = ["in.jsonl"]\nuse = "pretrain"\n'
                '[input]\nmax_row = "1GiB"\n[[stage]]\nrun = "%s"\n' % stage)
    memory = "4GiB" if name == "huge" else "1GiB"
    pid = subprocess.Popen([corpus, "build", "--recipe", os.path.join(place, "recipe.toml"), "--out",
                            os.path.join(place, "out"), "--threads", "2", "--memory", memory],
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    started = time.time()
    said = pid.stderr.read()
    _, status, used = os.wait4(pid.pid, 0)
    if status:
        print(name, "failed:", said[-500:])
        continue
    built = json.load(open(os.path.join(place, "out", "build.json")))
    totals = built["totals"]
    print(f"{name}: {size / 1e6:.0f} MB, {totals['read']} read, {totals['kept']} kept, "
          f"{built['cuts'] if 'cuts' in built else ''} "
          f"{used.ru_utime + used.ru_stime:.1f} CPU s, {time.time() - started:.0f} s, "
          f"peak {used.ru_maxrss / 1024:.0f} MiB with --memory {memory}", flush=True)
    shutil.rmtree(place)
