"""Writes src/text/quality/data/disorder.txt: what speaks for a random order of characters or words, and how much.

Usage: disorder.py CORPUS FOLDER GOOD.jsonl… [--bad BAD.jsonl…]
  CORPUS is the binary, FOLDER src/text/quality/data, GOOD objects with `text` and `kind`, none of those that
  unlikely_pairs.py and sense.py counted; BAD has gibberish of other making, with `text`.
  Needs jieba 0.42, scikit-learn 1 and pyarrow.

Good are the texts and windows of them of 60 to 900 characters that end with a sentence. Bad are windows of the same lengths
whose words, characters, clauses or pieces were shuffled, drawn, chained by what follows what (one word, one or two
characters), replaced or left out, with a seed. Each is measured by `quality`; a logistic regression (L2, C = .3, bad ones
three times) weighs the signals of NAMES, once as they are and once by the root of the length. Printed is, of texts that
were not fitted on, what share of the good ones lies above each limit, and of the bad ones by kind.
"""

import argparse
import collections
import glob
import json
import math
import pathlib
import random
import re
import subprocess
import tempfile
import zlib

import jieba
import numpy
import pyarrow.parquet
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

BY_LENGTH = "unlikely_pairs unlikely_skips sense lone_han odd_pairs odd_triples known_pairs".split()
NAMES = BY_LENGTH + "frequent_ratio modern_ratio classical_ratio chinese_signs".split()
LENGTHS = [(60, 110), (110, 200), (200, 400), (400, 900)]
LIMITS = (0, 1, 1.5, 2, 3)
HEAD = """# What speaks for a random order, and how much: a signal, its weight in a text of any length, and its weight by the root
# of a hundredth of the text's characters (20 to 600). `start` is added; of `length`, the first weighs that root's
# logarithm, the second the root itself. Written by tests/bench/disorder.py.
"""
TIES = set("的一是了我不在他有这个上们来到和地为也以说而去对就那要与之其于则者所但被把很都着过吗呢吧么从向使让")
SIGNS = "，，，。。？！；、"


def han(word: str) -> bool:
    return re.fullmatch("[\u4e00-\u9fff]+", word) is not None


class Disorder:
    """Makes windows of texts of one kind, good and bad."""

    def __init__(self, texts: list, chance: random.Random):
        self.chance, self.texts = chance, chance.sample(texts, min(60, len(texts)))
        self.words = [jieba.lcut(text[:1500]) for text in self.texts]
        self.drawn = [word for text in self.words for word in text if han(word)]

    def window(self, least: int, most: int) -> str:
        parts = re.split("(?<=[。！？\n])", self.chance.choice(self.texts))
        length, text = self.chance.randint(least, most), ""
        for part in parts[self.chance.randrange(len(parts)) :]:
            text += part
            if len(text) >= length:
                break
        return text.strip()

    def bag(self, words: list, length: int) -> str:
        text = ""
        while len(text) < length:
            for _ in range(self.chance.randint(3, 9)):
                text += self.chance.choice(words)
            text += self.chance.choice(SIGNS)
        return text

    def chain(self, texts: list, order: int, length: int) -> str:
        behind, starts = collections.defaultdict(list), []
        for text in texts:
            for at in range(len(text) - order):
                behind[tuple(text[at : at + order])].append(text[at + order])
                if at == 0 or text[at - 1] in "。！？\n":
                    starts.append(tuple(text[at : at + order]))
        out = list(self.chance.choice(starts))
        while sum(map(len, out)) < length:
            out += [self.chance.choice(behind[tuple(out[-order:])])] if tuple(out[-order:]) in behind else self.chance.choice(starts)
        return "".join(out)

    def shuffled(self, parts: list, size: int) -> str:
        groups = (parts[at : at + size] for at in range(0, len(parts), max(1, size)))
        return "".join(part for group in groups for part in self.chance.sample(group, len(group)))

    def bad(self, text: str) -> dict:
        chance, length, words = self.chance, len(text), jieba.lcut(text)
        clauses = [jieba.lcut(clause) for clause in re.split("(?<=[。，！？；])", text)]
        pieces = [p for t in chance.sample(self.texts, min(5, len(self.texts))) for p in re.split("[^\u4e00-\u9fff]+", t) if len(p) > 3]
        cut = lambda piece: piece[(at := chance.randrange(len(piece) - 2)) : at + chance.randint(3, 6)]
        changed = lambda share: "".join(chance.choice(chance.choice(self.drawn)) if han(c) and chance.random() < share else c for c in text)
        return {
            "words": self.bag(self.drawn, length),
            "content": self.bag([w for w in self.drawn if len(w) > 1 or w not in TIES], length),
            "characters": self.bag([c for w in self.drawn for c in w], length),
            "word chain": self.chain(self.words, 1, length),
            "character chain": self.chain(self.texts, 1, length),
            "chain of two": self.chain(self.texts, 2, length),
            "shuffled": self.shuffled(words, len(words)),
            "shuffled nearby": self.shuffled(words, chance.randint(3, 8)),
            "shuffled clauses": "".join(self.shuffled(c[:-1], len(c)) + "".join(c[-1:]) for c in clauses),
            "shuffled characters": self.shuffled(list(text), length),
            "backwards": text[::-1],
            "pieces": self.bag([cut(p) for p in pieces], length) if pieces else "",
            "replaced": changed(chance.choice((0.15, 0.3))),
            "left out": "".join(c for c in text if chance.random() < chance.choice((0.5, 0.75))),
        }


def measured(corpus: str, rows: list) -> list:
    """The signals of texts, in their order."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        lines = (json.dumps({"id": str(i), "text": row["text"]}, ensure_ascii=False) + "\n" for i, row in enumerate(rows))
        folder.joinpath("rows.jsonl").write_text("".join(lines), encoding="utf8")
        signals = json.dumps(["units", "han_share", *NAMES])
        folder.joinpath("recipe.toml").write_text(
            f'name = "disorder"\n[output]\nsignals = {signals}\n[[source]]\nname = "rows"\npath = ["{folder}/rows.jsonl"]\n'
            'use = "pretrain"\nfields = { text = "text", id = "id" }\n[[stage]]\nrun = "quality"\n'
        )
        subprocess.run([corpus, "build", "-r", folder / "recipe.toml", "--out", folder / "out", "-q"], check=True)
        found = {}
        for path in glob.glob(f"{folder}/out/data/**/*.parquet", recursive=True):
            found |= {row["id"]: row for row in pyarrow.parquet.read_table(path).to_pylist()}
    return [row | found.get(str(i), {}) for i, row in enumerate(rows)]


def judged(row: dict) -> bool:
    """Whether the profile asks a text for its order: verse and classical text have one of their own."""
    modern = (row.get("modern_ratio") or 0) > 0.02 or (row.get("known_pairs") or 0) > 0.36
    return modern and (row.get("units") or 0) >= 40 and (row.get("han_share") or 0) > 0.5


def features(rows: list) -> tuple:
    """Values and lengths as they are weighed."""
    of = numpy.array([[row.get(name) or 0 for name in NAMES] for row in rows])
    root = numpy.sqrt(numpy.clip([row.get("units") or 0 for row in rows], 20, 600) / 100)[:, None]
    return numpy.hstack([of, of[:, : len(BY_LENGTH)] * root, numpy.log(root), root])


def main():
    options = argparse.ArgumentParser()
    options.add_argument("corpus")
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("good", nargs="+")
    options.add_argument("--bad", nargs="*", default=[])
    options = options.parse_args()
    chance = random.Random(77)
    good = [json.loads(line) for path in options.good for line in open(path, encoding="utf8")]
    bad = [{"kind": path, "text": json.loads(line)["text"]} for path in options.bad for line in open(path, encoding="utf8")]
    kinds = collections.defaultdict(list)
    for row in good:
        kinds[row["kind"]].append(row["text"])
    for kind, texts in kinds.items():
        maker = Disorder(texts, chance)
        for lengths in LENGTHS:
            windows = [w for _ in range(min(200, 3 * len(texts))) if lengths[0] <= len(w := maker.window(*lengths)) <= 1.3 * lengths[1]]
            good += [{"kind": kind, "text": window} for window in windows]
            for window in windows[:4] if len(maker.drawn) > 300 else []:
                bad += [{"kind": how, "text": text} for how, text in maker.bad(window).items()]
    rows = [row | {"bad": n} for n, of in enumerate((good, bad)) for row in of]
    rows = [row for row in measured(options.corpus, rows) if judged(row)]
    values, is_bad = features(rows), numpy.array([row["bad"] for row in rows])
    half = numpy.array([zlib.crc32(row["text"][:50].encode()) % 2 for row in rows])
    scaler = StandardScaler().fit(values)
    fit = lambda of: LogisticRegression(C=0.3, class_weight={0: 1, 1: 3}, max_iter=5000).fit(scaler.transform(values[of]), is_bad[of])
    odds = numpy.zeros(len(rows))
    for side in (0, 1):
        odds[half == side] = fit(half != side).decision_function(scaler.transform(values[half == side]))
    print(len(good), "good,", len(bad), "bad, limits", LIMITS)
    for which, name in [(lambda row: not row["bad"], "good"), *((lambda row, k=k: row["bad"] and row["kind"] == k, k) for k in dict.fromkeys(r["kind"] for r in bad))]:
        of = odds[[bool(which(row)) for row in rows]]
        print(f"{name:20} {len(of):6}", *(f"{(of > limit).mean():.4f}" for limit in LIMITS))
    model = fit(is_bad >= 0)
    weights = model.coef_[0] / scaler.scale_
    start = model.intercept_[0] - (weights * scaler.mean_).sum()
    by_root = [*weights[len(NAMES) : len(NAMES) + len(BY_LENGTH)], *[0] * (len(NAMES) - len(BY_LENGTH))]
    lines = [f"{name} {any_:.3f} {root:.3f}\n" for name, any_, root in zip(NAMES, weights, by_root)]
    lines = [f"start {start:.3f} 0\n", f"length {weights[-2]:.3f} {weights[-1]:.3f}\n", *lines]
    options.folder.joinpath("disorder.txt").write_text(HEAD + "".join(lines), encoding="utf8")


if __name__ == "__main__":
    main()
