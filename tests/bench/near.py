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
import subprocess
import sys
import tempfile
from types import SimpleNamespace

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
    x, y = ({t[i:i + n] for i in range(len(t) - n + 1)} for t in (a, b))
    if not x or not y:
        return 1.0 if a == b else 0.0
    common = len(x & y)
    return common / (len(x) + len(y) - common)


def read(path):
    """Texts by id."""
    with open(path, encoding="utf-8") as lines:
        return {row["id"]: row["text"] for row in map(json.loads, lines)}


def planted(truth, fold, threshold):
    """`((kind, share), copy, original, whether their similarity reaches the threshold)` of each planted pair."""
    return [((kind, share), copy, original, similarity(fold(copy), fold(original)) >= threshold)
            for copy, (original, kind, share) in truth.items()]


def recall(pairs, kept):
    """By kind and share: how many pairs, how many of them found, how many reach the threshold, how many of these found."""
    levels = {}
    for level, copy, original, reaches in pairs:
        found = not (copy in kept and original in kept)
        counts = levels.setdefault(level, [0, 0, 0, 0])
        for i, yes in enumerate([True, found, reaches, reaches and found]):
            counts[i] += yes
    return dict(sorted(levels.items()))


def table(folder, columns):
    import pyarrow.parquet as pq

    files = sorted(glob.glob(os.path.join(folder, "**/*.parquet"), recursive=True))
    return [row for f in files for row in pq.read_table(f, columns=columns).to_pylist()]


# The account of a process begins with the memory of the one that starts it, so that one has to be small.
SMALL = """import os, sys
usage = os.wait4(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
with open(sys.argv[1], "w") as file:
    print(usage[2].ru_utime + usage[2].ru_stime, usage[2].ru_maxrss, os.waitstatus_to_exitcode(usage[1]), file=file)
"""


def account(command, log, env=None):
    """Runs a command, with what it says in the file `log`: CPU seconds of it and its children, memory (KiB) of the
    largest of them, exit code."""
    with open(log, "wb") as said:
        subprocess.run([sys.executable, "-ISc", SMALL, log + ".account", *command], stdout=said, stderr=said, env=env,
                       check=True)
    with open(log + ".account", encoding="utf-8") as file:
        cpu, peak, code = file.read().split()
    return float(cpu), int(peak), int(code)


def build(corpus, path, options, threads="1", memory="2GiB", stage="near_dedup"):
    """Runs a stage over a file."""
    with tempfile.TemporaryDirectory() as folder:
        recipe = os.path.join(folder, "recipe.toml")
        with open(recipe, "w", encoding="utf-8") as f:
            f.write(f'name = "near"\n[[source]]\nname = "bench"\npath = [{json.dumps(os.path.abspath(path))}]\n'
                    f'use = "pretrain"\n[[stage]]\nrun = "{stage}"\n')
            f.writelines(f"{key} = {value}\n" for key, value in options.items())
        out = os.path.join(folder, "out")
        log = os.path.join(folder, "log")
        cpu, peak, code = account(
            [corpus, "build", "--recipe", recipe, "--out", out, "--threads", threads, "--memory", memory], log)
        said = open(log, encoding="utf-8").read()
        if code:
            raise SystemExit(said)
        timings = json.load(open(os.path.join(out, "build.json"), encoding="utf-8"))["timings"]
        return SimpleNamespace(
            cpu=cpu,
            peak=peak,
            bands=next((line.strip() for line in said.splitlines() if "bands" in line or "tables" in line), ""),
            jobs={k: v["cpu_seconds"] for k, v in timings.items() if isinstance(v, dict) and "cpu_seconds" in v},
            kept={row["id"] for row in table(os.path.join(out, "data"), ["id"])},
            dropped=table(os.path.join(out, "dropped"), ["id", "kept_id", "similarity", "reason"]),
        )


def main():
    options = dict(a.split("=", 1) for a in sys.argv[1:] if "=" in a)
    corpus, path, *more = [a for a in sys.argv[1:] if "=" not in a]
    threads, memory = options.pop("threads", "1"), options.pop("memory", "2GiB")
    threshold, stage = float(options.get("threshold", 0.7)), options.pop("stage", "near_dedup")
    run = build(corpus, path, options, threads, memory, stage)
    texts = read(path)
    megabytes = sum(len(t.encode()) for t in texts.values()) / 1e6
    print(run.bands)
    print(f"{megabytes:.1f} MB, {run.cpu:.2f} CPU s: {megabytes / run.cpu:.1f} MB per CPU second; "
          f"peak {run.peak / 1024:.0f} MiB; CPU s by job: {run.jobs}")
    print(f"{len(texts)} rows, {len(run.dropped)} dropped")

    folded = {}

    def fold(id):
        if id not in folded:
            folded[id] = texts[id].translate(FOLD)
        return folded[id]

    violations, different, bare, least = 0, 0, 0, 1.0
    for row in run.dropped:
        true = similarity(fold(row["id"]), fold(row["kept_id"]))
        as_it_stands = similarity(texts[row["id"]], texts[row["kept_id"]])
        violations += true < threshold or row["kept_id"] not in run.kept
        different += stage == "near_dedup" and abs(true - row["similarity"]) > 1e-9
        bare += as_it_stands < threshold
        least = min(least, true)
    print(f"violations: {violations} (folded), least similarity {least:.4f}; other similarity than stated: {different}; "
          f"under the threshold as the text stands, not folded: {bare}")
    if not more:
        return
    truth = json.load(open(more[0], encoding="utf-8"))
    print("planted          pairs   found          reach the threshold, and of these found")
    for (kind, share), (pairs, found, reaches, both) in recall(planted(truth, fold, threshold), run.kept).items():
        print(f"{kind:5} {share * 100:4.1f} %   {pairs:8} {found:7} {found / pairs:.4f} {reaches:11} {both / max(reaches, 1):.4f}")
    print(f"dropped though not planted: {sum(row['id'] not in truth for row in run.dropped)}")


if __name__ == "__main__":
    main()
