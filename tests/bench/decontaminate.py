"""Recall of `decontaminate`: questions planted into documents, then looked for.

    python3 decontaminate.py CORPUS DOCS.jsonl QUESTIONS.csv... [--option "chars = 20"]

DOCS has an object with `text` a line; QUESTIONS have a header and the columns Question, A, B, C, D. Every tenth document
gets a question in its midst, laid out as on a web page: labelled options, a line each, punctuation of the other width.
Prints how many of the planted are dropped, by the length of the question, and who else is.
"""

import argparse
import csv
import json
import random
import resource
import subprocess
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

parser = argparse.ArgumentParser()
parser.add_argument("corpus")
parser.add_argument("docs")
parser.add_argument("questions", nargs="+")
parser.add_argument("--option", action="append", default=[])
given = parser.parse_args()

rows = []
for path in given.questions:
    with open(path, encoding="utf-8") as file:
        rows += [r for r in csv.DictReader(file) if r.get("Question")]
random.seed(1)
planted = {}
width = str.maketrans("，。？（）：", ",.?():")
with tempfile.TemporaryDirectory() as folder:
    with open(f"{folder}/docs.jsonl", "w", encoding="utf-8") as out:
        for number, line in enumerate(open(given.docs, encoding="utf-8")):
            text = json.loads(line)["text"]
            if number % 10 == 0:
                question = random.choice(rows)
                planted[f"d{number}"] = question
                shown = question["Question"].translate(width)
                shown += "".join(f"\n{label}. {question[label]}" for label in "ABCD")
                lines = text.split("\n")
                lines.insert(len(lines) // 2, shown)
                text = "\n".join(lines)
            out.write(json.dumps({"id": f"d{number}", "text": text}, ensure_ascii=False) + "\n")
    against = json.dumps([str(Path(p).absolute()) for p in given.questions])
    options = "\n".join(given.option)
    Path(f"{folder}/recipe.toml").write_text(
        f"name='d'\n[[source]]\nname='s'\npath=['docs.jsonl']\nuse='pretrain'\n"
        f"[[stage]]\nrun='decontaminate'\nagainst={against}\n{options}\n"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [given.corpus, "build", "--recipe", f"{folder}/recipe.toml", "--out", f"{folder}/out", "--threads", "1"]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    print([l for l in said.stderr.splitlines() if "n-grams" in l][0].strip())
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{cpu:.2f} CPU s, {after.ru_maxrss / 1024:.0f} MiB")
    dropped = {}
    for path in Path(f"{folder}/out/dropped").rglob("*.parquet"):
        table = pq.read_table(path, columns=["id", "value"])
        dropped.update(zip(table["id"].to_pylist(), table["value"].to_pylist()))

for low, high in [(0, 10), (10, 15), (15, 20), (20, 30), (30, 10_000)]:
    all_of = [i for i, q in planted.items() if low <= len(q["Question"]) < high]
    found = sum(i in dropped for i in all_of)
    print(f"questions of {low} to {high - 1} characters: {found} of {len(all_of)} planted found")
print(f"all: {sum(i in dropped for i in planted)} of {len(planted)}")
others = {i: v for i, v in dropped.items() if i not in planted}
print(f"{len(others)} others dropped")
for identity, value in list(others.items())[:40]:
    print(" ", identity, value)
