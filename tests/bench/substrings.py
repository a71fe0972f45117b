#!/usr/bin/env python3
"""Repeated stretches by the book, and what the stage makes of them: every row compared, time and memory.

    tests/bench/substrings.py CORPUS DOCS.jsonl [--min-chars 100] [--rows N] [--memory 1GiB]

DOCS has an object with `text` a line. Needs numpy and pyarrow, and some 40 bytes of memory a character. By the book:
a hash of each window of characters (Python's own), the first place of each; what any other covers, unless it overlaps
its first place, goes; to the character, or the sentences that lie wholly in it. Of what comes out, to the character,
windows that stand twice are looked for again: only those that lie across a cut may.
"""
import argparse
import json
import os
import re
import subprocess
import tempfile

import numpy as np
import pyarrow.parquet as pq

parser = argparse.ArgumentParser()
parser.add_argument("corpus")
parser.add_argument("docs")
parser.add_argument("--min-chars", type=int, default=100)
parser.add_argument("--rows", type=int)
parser.add_argument("--memory", default="1GiB")
given = parser.parse_args()
n = given.min_chars
texts = [json.loads(line)["text"] for line in open(given.docs, encoding="utf-8") if line.strip()][: given.rows]
size = sum(len(text.encode()) for text in texts) / 1e6


def starts(texts):
    """The place of the first character of each text; a window's length lies between two."""
    return np.cumsum([0] + [len(text) + n for text in texts])


def again(texts):
    """Places of the windows that stood before, and those places."""
    hashes, places = [], []
    for text, start in zip(texts, starts(texts)):
        count = max(len(text) - n + 1, 0)
        hashes.append(np.fromiter((hash(text[i:i + n]) for i in range(count)), np.int64, count))
        places.append(np.arange(start, start + count))
    hashes, places = np.concatenate(hashes), np.concatenate(places)
    order = np.argsort(hashes, kind="stable")
    hashes, places = hashes[order], places[order]
    new = np.r_[True, hashes[1:] != hashes[:-1]]
    first = places[np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))]
    apart = places >= first + n
    return places[apart], first[apart]


def covered(texts):
    """Whether each character of each text is covered."""
    begins = starts(texts)
    steps = np.zeros(begins[-1] + 1, np.int32)
    places, _ = again(texts)
    np.add.at(steps, places, 1)
    np.add.at(steps, places + n, -1)
    inside = np.cumsum(steps) > 0
    return [inside[start:start + len(text)] for text, start in zip(texts, begins)]


def spans(flags):
    edges = np.flatnonzero(np.diff(np.r_[0, flags.astype(np.int8), 0]))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist()))


ENDS = re.compile(r"(?:[。！？；!?…｡]|\.(?=\s|\Z))[”’」』）)\"'》]*|\n")


def sentences(text):
    at = 0
    for end in ENDS.finditer(text):
        if end.group() == "\n":
            if end.start() > at:
                yield at, end.start()
            yield end.start(), end.end()
        else:
            yield at, end.end()
        at = end.end()
    if at < len(text):
        yield at, len(text)


def whole(text, spans):
    taken = []
    for start, end in sentences(text):
        begin = end - len(text[start:end].lstrip(" \t\u3000"))
        for low, high in spans:
            if begin >= low and end <= high:
                start = max(start, low)
                if taken and taken[-1][1] == start:
                    taken[-1][1] = end
                else:
                    taken.append([start, end])
    for span in taken:
        while span[0] < span[1] and text[span[0]] == "\n" and text[span[1]:span[1] + 1] not in ("", "\n"):
            span[0] += 1
        while span[0] < span[1] and text[span[1] - 1] == "\n" and span[0] > 0 and text[span[0] - 1] != "\n":
            span[1] -= 1
    return [tuple(span) for span in taken]


def without(text, spans):
    out, at = [], 0
    for start, end in spans:
        out.append(text[at:start])
        at = end
    return "".join(out) + text[at:]


def build(folder, options):
    with open(f"{folder}/recipe.toml", "w") as file:
        file.write("name='r'\n[[source]]\nname='s'\npath=['docs.jsonl']\nuse='pretrain'\n[[stage]]\n"
                   f"run='substring_dedup'\nmin_chars={n}\n{options}\n")
    run = subprocess.Popen([given.corpus, "build", "--recipe", f"{folder}/recipe.toml", "--out", f"{folder}/out",
                            "--fresh", "--threads", "1", "--memory", given.memory], stderr=subprocess.PIPE, text=True)
    said = run.stderr.read()
    _, status, used = os.wait4(run.pid, 0)
    assert status == 0, said
    cpu = used.ru_utime + used.ru_stime
    print(f"{options}: {cpu:.2f} CPU s, {size / cpu:.1f} MB a CPU second, peak {used.ru_maxrss / 1024:.0f} MiB")
    print("  ", next(line.strip() for line in said.splitlines() if "repeated" in line))
    timings = json.load(open(f"{folder}/out/build.json"))["timings"]
    print("  ", {k: round(v["cpu_seconds"], 2) for k, v in timings.items() if isinstance(v, dict) and k != "total"})
    rows = {}
    for kind in ["data", "dropped"]:
        for base, _, names in os.walk(f"{folder}/out/{kind}"):
            for name in names:
                table = pq.read_table(os.path.join(base, name), columns=["id", "text"]).to_pydict()
                rows.update((i, (kind, text)) for i, text in zip(table["id"], table["text"]))
    return [rows[str(i)] for i in range(len(texts))]


flags = covered(texts)
pieces = [spans(of) for of in flags]
lost = sum(len(text[a:b].encode()) for text, of in zip(texts, pieces) for a, b in of) / 1e6
print(f"by the book: {sum(map(len, pieces))} stretches in {sum(map(bool, pieces))} of {len(texts)} rows, "
      f"{lost:.2f} of {size:.1f} MB")
with tempfile.TemporaryDirectory() as folder:
    with open(f"{folder}/docs.jsonl", "w", encoding="utf-8") as file:
        for i, text in enumerate(texts):
            file.write(json.dumps({"id": str(i), "text": text}, ensure_ascii=False) + "\n")
    for mode in ["characters", "sentences"]:
        taken = pieces if mode == "characters" else [whole(*row) for row in zip(texts, pieces)]
        expected = [without(*row) for row in zip(texts, taken)]
        found = build(folder, f"whole='{mode}'")
        wrong = [i for i, (kind, text) in enumerate(found)
                 if (text != expected[i] if kind == "data" else expected[i].strip())]
        cut = sum(len(text[a:b].encode()) for text, of in zip(texts, taken) for a, b in of) / 1e6
        print(f"   {cut:.2f} MB cut; {sum(kind == 'dropped' for kind, _ in found)} rows went; "
              f"{len(wrong)} rows differ from the book {wrong[:5]}")
        if mode == "characters":
            # Seams: characters before which something was cut.
            begins = starts(expected)
            seams = np.zeros(begins[-1] + 1, np.int32)
            for start, of in zip(begins, taken):
                gone = 0
                for a, b in of:
                    seams[start + a - gone] = 1
                    gone += b - a
            seams = np.r_[0, np.cumsum(seams)]
            across = lambda at: seams[at + n] > seams[at + 1]
            places, firsts = again(expected)
            twice = ~(across(places) | across(firsts))
            print(f"   windows that stand twice in what came out: {len(places)}, not across a cut: {twice.sum()}")
    book = [sum(len(text[a:b].encode()) for a, b in of) / max(len(text.encode()), 1) for text, of in zip(texts, pieces)]
    found = build(folder, "action='drop'\nwhole='characters'")
    wrong = [i for i, (kind, _) in enumerate(found) if (kind == "dropped") != (book[i] >= 0.5 or not texts[i].strip())]
    print(f"   {sum(kind == 'dropped' for kind, _ in found)} rows went, {len(wrong)} differ from the book")
