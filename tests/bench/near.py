#!/usr/bin/env python3
"""Does near_dedup find what was planted, and is everything that it drops like what it keeps?

    tests/bench/near.py CORPUS FILE.jsonl [TRUTH.json] [OPTION=VALUE …]

CORPUS is the program, FILE has JSON lines with `id` and `text`, TRUTH maps the id of a copy to [id of the original,
"exact" | "near", share of characters changed]. Options are those of near_dedup (threshold=0.8); with
stage=simhash_dedup those of simhash_dedup, and what falls under 0.7 is what that stage gets wrong. Needs Python 3.10
and pyarrow.

Similarities are computed here from sets of strings, twice: of the text folded as the stage does (by rules written
anew here), which is what the threshold is about, and of the text as it stands. A planted pair is found when at most one
of the two is left. One thread; CPU seconds are those of the whole process, megabytes those of the field `text`.
"""
import glob
import json
import os
import resource
import subprocess
import sys
import tempfile

import pyarrow.parquet as pq

SIGNS = {
    **dict.fromkeys("，、﹐﹑､", ","), **dict.fromkeys("。．｡﹒…·・･•", "."), **dict.fromkeys("：﹕", ":"),
    **dict.fromkeys("；﹔", ";"), **dict.fromkeys("！﹗", "!"), **dict.fromkeys("？﹖", "?"),
    **dict.fromkeys("（﹙〔", "("), **dict.fromkeys("）﹚〕", ")"), **dict.fromkeys("【［〖", "["),
    **dict.fromkeys("】］〗", "]"), "｛": "{", "｝": "}", **dict.fromkeys("「」『』｢｣“”„‟＂«»〝〞〟", '"'),
    **dict.fromkeys("‘’‚‛＇‹›", "'"), **dict.fromkeys("《〈＜", "<"), **dict.fromkeys("》〉＞", ">"),
    **dict.fromkeys("‐‑‒–—―－﹣−", "-"), **dict.fromkeys("～〜", "~"), "／": "/", "＼": "\\",
}


def fold_character(c):
    if c in SIGNS:
        return SIGNS[c]
    if "\uff01" <= c <= "\uff5e":
        c = chr(ord(c) - 0xFEE0)
    if c == "\u3000":
        c = " "
    lower = c.lower()
    return lower if len(lower) == 1 else c


class Fold(dict):
    def __missing__(self, code):
        self[code] = fold_character(chr(code))
        return self[code]


FOLD = Fold()


def similarity(a, b, n=5):
    a, b = ({t[i:i + n] for i in range(len(t) - n + 1)} for t in (a, b))
    if not a or not b:
        return 1.0 if a == b else 0.0
    common = len(a & b)
    return common / (len(a) + len(b) - common)


def table(folder, columns):
    files = sorted(glob.glob(os.path.join(folder, "**/*.parquet"), recursive=True))
    return [row for f in files for row in pq.read_table(f, columns=columns).to_pylist()]


def main():
    options = dict(a.split("=", 1) for a in sys.argv[1:] if "=" in a)
    corpus, path, *more = [a for a in sys.argv[1:] if "=" not in a]
    texts = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            texts[row["id"]] = row["text"]
    megabytes = sum(len(t.encode()) for t in texts.values()) / 1e6
    threads, memory = options.pop("threads", "1"), options.pop("memory", "2GiB")
    threshold, stage = float(options.get("threshold", 0.7)), options.pop("stage", "near_dedup")
    with tempfile.TemporaryDirectory() as folder:
        recipe = os.path.join(folder, "recipe.toml")
        with open(recipe, "w", encoding="utf-8") as f:
            f.write(f'name = "near"\n[[source]]\nname = "bench"\npath = [{json.dumps(os.path.abspath(path))}]\n'
                    f'use = "pretrain"\n[[stage]]\nrun = "{stage}"\n')
            f.writelines(f"{key} = {value}\n" for key, value in options.items())
        out = os.path.join(folder, "out")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = subprocess.run([corpus, "build", "--recipe", recipe, "--out", out, "--threads", threads, "--memory", memory],
                             check=True, capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(next((line.strip() for line in run.stderr.splitlines() if "bands" in line or "tables" in line), ""))
        timings = json.load(open(os.path.join(out, "build.json"), encoding="utf-8"))["timings"]
        parts = {k: v["cpu_seconds"] for k, v in timings.items() if isinstance(v, dict) and "cpu_seconds" in v}
        kept = {row["id"] for row in table(os.path.join(out, "data"), ["id"])}
        dropped = table(os.path.join(out, "dropped"), ["id", "kept_id", "similarity", "reason"])
    print(f"{megabytes:.1f} MB, {cpu:.2f} CPU s: {megabytes / cpu:.1f} MB per CPU second; "
          f"peak {after.ru_maxrss / 1024:.0f} MiB; CPU s by job: {parts}")
    print(f"{len(texts)} rows, {len(dropped)} dropped")

    folded = {}

    def fold(id):
        if id not in folded:
            folded[id] = texts[id].translate(FOLD)
        return folded[id]

    violations, different, bare, least = 0, 0, 0, 1.0
    for row in dropped:
        truth = similarity(fold(row["id"]), fold(row["kept_id"]))
        as_it_stands = similarity(texts[row["id"]], texts[row["kept_id"]])
        violations += truth < threshold or row["kept_id"] not in kept
        different += stage == "near_dedup" and abs(truth - row["similarity"]) > 1e-9
        bare += as_it_stands < threshold
        least = min(least, truth)
    print(f"violations: {violations} (folded), least similarity {least:.4f}; other similarity than stated: {different}; "
          f"under the threshold as the text stands, not folded: {bare}")
    if not more:
        return
    truth = json.load(open(more[0], encoding="utf-8"))
    levels = {}
    for copy, (original, kind, share) in truth.items():
        level = levels.setdefault((kind, share), [0, 0, 0, 0])
        found = not (copy in kept and original in kept)
        reaches = similarity(fold(copy), fold(original)) >= threshold
        for i, yes in enumerate([True, found, reaches, reaches and found]):
            level[i] += yes
    print("planted          pairs   found          reach the threshold, and of these found")
    for (kind, share), (pairs, found, reaches, both) in sorted(levels.items()):
        print(f"{kind:5} {share * 100:4.1f} %   {pairs:8} {found:7} {found / pairs:.4f} {reaches:11} {both / max(reaches, 1):.4f}")
    planted = set(truth)
    print(f"dropped though not planted: {sum(row['id'] not in planted for row in dropped)}")


main()
