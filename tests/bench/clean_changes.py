"""What the stages that clean do to text: whether a second time changes anything, and which Chinese characters go.

    pip install pyarrow
    clean_changes.py CORPUS SET.jsonl... [--show 3] [--stage NAME]...

SET has `id` and `text` a line. Each stage runs over all of them, and again over what came out. Prints for each stage: rows
changed, rows that the second time changed (none should), and the Han and Chinese signs that are fewer or more than
before; `--show` prints so many changes of each, where a text first differs.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import tempfile

import pyarrow.parquet as parquet

STAGES = {
    "normalize": 'run = "normalize"',
    "mojibake": 'run = "mojibake"',
    "residue": 'run = "residue"',
    "residue, Markdown": 'run = "residue"\nmarkdown = true',
    "residue, wiki": 'run = "residue"\nwiki = true',
    "boilerplate": 'run = "boilerplate"',
    "layout": 'run = "layout"',
    "layout, repeats": 'run = "layout"\nrepeats = 12',
    "personal_data": 'run = "personal_data"',
}
CHINESE = re.compile("[\u3001-\u3020\u3400-\u4dbf\u4e00-\u9fff\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f“”‘’…—·\U00020000-\U000323af]")


def cleaned(corpus, folder, rows, stage):
    with open(folder / "rows.jsonl", "w", encoding="utf8") as file:
        file.writelines(json.dumps({"id": str(i), "text": text}, ensure_ascii=False) + "\n" for i, text in rows.items())
    (folder / "recipe.toml").write_text(
        f'name = "clean"\n[[source]]\nname = "rows"\nuse = "pretrain"\npath = ["rows.jsonl"]\n[[stage]]\n{stage}\n'
    )
    subprocess.run([corpus, "build", "--recipe", "recipe.toml", "--out", "out", "--quiet", "--fresh"], cwd=folder, check=True)
    found = {}
    for kind in ("data", "dropped"):
        for path in sorted((folder / "out" / kind).rglob("*.parquet")):
            table = parquet.read_table(path, columns=["id", "text"]).to_pydict()
            found.update((int(i), text or "") for i, text in zip(table["id"], table["text"]))
    return found


def differs(before, after):
    at = next((i for i, (a, b) in enumerate(zip(before, after)) if a != b), min(len(before), len(after)))
    cut = slice(max(0, at - 15), at + 35)
    return f"{before[cut]!r} → {after[cut]!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("sets", nargs="+", type=pathlib.Path)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--stage", action="append")
    given = parser.parse_args()
    rows = {}
    for path in given.sets:
        for line in open(path, encoding="utf8"):
            rows[len(rows)] = json.loads(line)["text"]
    corpus = given.corpus.resolve()
    print(f"{len(rows):,} rows, {sum(len(t.encode()) for t in rows.values()) / 1e6:.1f} MB\n")
    print("| stage | rows changed | changed again | Chinese characters before | gone | come |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    shown = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, stage in STAGES.items():
            if given.stage and name not in given.stage:
                continue
            once = cleaned(corpus, folder, rows, stage)
            kept = {i: text for i, text in once.items() if text.strip()}
            twice = cleaned(corpus, folder, kept, stage)
            changed = [i for i, text in rows.items() if once.get(i, "") != text]
            again = [i for i, text in kept.items() if twice.get(i, "") != text]
            before = collections.Counter(c for i in changed for c in CHINESE.findall(rows[i]))
            after = collections.Counter(c for i in changed for c in CHINESE.findall(once.get(i, "")))
            total = sum(len(CHINESE.findall(text)) for text in rows.values())
            gone, come = before - after, after - before
            print(f"| {name} | {len(changed):,} | {len(again)} | {total:,} | {gone.total():,} | {come.total():,} |", flush=True)
            shown += [f"{name}: {differs(rows[i], once.get(i, ''))}" for i in changed[:: max(1, len(changed) // max(given.show, 1))][: given.show]]
            shown += [f"{name}, AGAIN: {differs(kept[i], twice.get(i, ''))}" for i in again[:3]]
    print("\n".join(["", *shown]))


main()
