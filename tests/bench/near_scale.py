#!/usr/bin/env python3
"""Many short Chinese documents with planted near duplicates, and how many of those a build found.

    tests/bench/near_scale.py make FILE.jsonl DOCUMENTS OUT.jsonl     also writes OUT.jsonl.truth
    tests/bench/near_scale.py check BUILD OUT.jsonl                   recall over planted pairs, by similarity

FILE has JSON lines with real Chinese text in `text`. Its clauses are recombined to a pool of five million sentences, and
these to documents of about 200 bytes; one document in a hundred is an earlier one with one or two characters changed.
The same file and number give the same bytes. Needs numpy and pyarrow.
"""
import glob
import json
import os
import re
import sys

import numpy as np

POOL = 5_000_000
BLOCK = 100_000


def mix(x):
    """splitmix64's finaliser over an array."""
    x = np.asarray(x, dtype=np.uint64)
    with np.errstate(over="ignore"):
        x = (x + np.uint64(0x9E3779B97F4A7C15))
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def clauses_of(path):
    found = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            for clause in re.split(r"[，。！？；：、\s]+", json.loads(line)["text"]):
                if 5 <= len(clause) <= 20 and re.fullmatch(r"[\u4e00-\u9fff]+", clause):
                    found[clause] = None
    return list(found)


class Maker:
    def __init__(self, path):
        self.clauses = clauses_of(path)

    def documents(self, numbers):
        """Texts by number: sentences of two clauses each, until there are 60 characters."""
        numbers = np.asarray(numbers, dtype=np.uint64)
        sentences = mix(numbers[:, None] * np.uint64(16) + np.arange(6, dtype=np.uint64)) % np.uint64(POOL)
        parts = mix((sentences[:, :, None] * np.uint64(4) + np.arange(2, dtype=np.uint64)) + np.uint64(1 << 40))
        parts = (parts % np.uint64(len(self.clauses))).tolist()
        texts = []
        for document in parts:
            text = ""
            for a, b in document:
                text += self.clauses[a] + "，" + self.clauses[b] + "。"
                if len(text) >= 58:
                    break
            texts.append(text)
        return texts


def make(path, count, out):
    maker = Maker(path)
    print(f"{len(maker.clauses)} clauses", file=sys.stderr)
    size = 0
    with open(out, "w", encoding="utf-8") as rows, open(out + ".truth", "w", encoding="utf-8") as truth:
        for first in range(0, count, BLOCK):
            numbers = np.arange(first, min(first + BLOCK, count), dtype=np.uint64)
            texts = maker.documents(numbers)
            rolls = mix(numbers + np.uint64(1 << 50))
            copies = np.nonzero(rolls % np.uint64(100) == 0)[0] if first else np.array([], dtype=int)
            # Of an earlier document that is no copy itself: blocks before this one, numbers that rolled no copy.
            originals = mix(numbers + np.uint64(1 << 51)) % np.uint64(max(first, 1))
            chosen = originals[copies]
            chosen = np.where(mix(chosen + np.uint64(1 << 50)) % np.uint64(100) == 0, chosen // np.uint64(2), chosen)
            for at, original, text in zip(copies.tolist(), chosen.tolist(), maker.documents(chosen)):
                if original >= BLOCK and int(mix(np.uint64(original + (1 << 50))) % np.uint64(100)) == 0:
                    continue
                roll = int(rolls[at]) >> 8
                text = list(text)
                for _ in range(1 + roll % 2):
                    roll = int(mix(np.uint64(roll)))
                    text[roll % len(text)] = maker.clauses[roll >> 32 & 0xFFFF][0]
                texts[at] = "".join(text)
                truth.write(f"{first + at}\t{original}\n")
            for number, text in zip(numbers.tolist(), texts):
                row = f'{{"id":"{number}","text":"{text}"}}\n'
                size += len(row.encode())
                rows.write(row)
    print(f"{count} documents, {size} bytes", file=sys.stderr)


def check(build, out):
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    pairs = [tuple(map(int, line.split())) for line in open(out + ".truth")]
    wanted = {n for pair in pairs for n in pair}
    dropped = set()
    for path in sorted(glob.glob(os.path.join(build, "dropped/**/*.parquet"), recursive=True)):
        file = pq.ParquetFile(path)
        for group in range(file.num_row_groups):
            dropped.update(map(int, file.read_row_group(group, columns=["id"])["id"].to_pylist()))
    texts = {}
    with open(out, encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number in wanted:
                texts[number] = json.loads(line)["text"]

    def similarity(a, b):
        a, b = ({t[i:i + 5] for i in range(len(t) - 4)} for t in (a, b))
        return len(a & b) / len(a | b)

    counts = {}
    for copy, original in pairs:
        j = similarity(texts[copy], texts[original])
        level = next(l for l in (0.9, 0.8, 0.75, 0.7, 0.0) if j >= l)
        count = counts.setdefault(level, [0, 0])
        count[0] += 1
        count[1] += copy in dropped or original in dropped
    print(f"{len(dropped)} dropped")
    for level in sorted(counts, reverse=True):
        n, found = counts[level]
        print(f"similarity from {level}: {n} planted pairs, {found} found, {found / n:.5f}")
    n, found = (sum(c[i] for level, c in counts.items() if level >= 0.75) for i in (0, 1))
    print(f"from 0.75: {found} of {n}, {found / n:.5f}")


if sys.argv[1] == "make":
    make(sys.argv[2], int(sys.argv[3]), sys.argv[4])
else:
    check(sys.argv[2], sys.argv[3])
