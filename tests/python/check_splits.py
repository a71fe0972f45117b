"""Checks the splits of a build on its own: nothing that is trained on stands in what is held out.

    python3 tests/python/check_splits.py FOLDER [THRESHOLD]

Reads `data/` with pyarrow and looks, by code of its own, for rows on two sides with the same text, the same question (the
first turn of the user, the input of a task), or texts whose sets of five-character shingles have a Jaccard similarity of
THRESHOLD (0.7) or more: each row that is held out is compared with every other row of its use, exactly. Counts of rows are
held against `build.json`, the Python of docs/output.md goes on in the middle of every file, and where `datasets` is installed against what it loads. Exit code: 0 nothing was found, 1
something was, 2 wrong usage.
"""

import json
import sys
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import pyarrow.parquet as parquet

HELD = ("validation", "test")
SHINGLE = 5


def plain(text):
    """The text in one width and case."""
    return unicodedata.normalize("NFKC", text).lower()


def bare(text):
    """The text without white space, in one width and case."""
    return "".join(plain(text).split())


def turns(messages):
    return [(m["role"], m["content"] or "") for m in messages or []]


def texts(usage, row):
    """The texts of a row, in reading order, and its question."""
    if usage == "pretrain":
        return [row["text"] or ""], None
    if usage == "task":
        return [t for t in (row["input"], row["output"], row["text"]) if t], row["input"]
    said = turns(row["messages"]) if usage == "instruct" else turns(row["prompt"])
    question = next((content for role, content in said if role == "user"), None)
    if usage == "rlhf":
        said += turns(row["chosen"]) + turns(row["rejected"]) + turns(row["completion"])
    return [content for _, content in said], question


def shingles(text):
    text = plain(text)
    if len(text) < SHINGLE:
        return {text}
    return {hash(text[at : at + SHINGLE]) for at in range(len(text) - SHINGLE + 1)}


def rows(folder, usage):
    """Split, id, text and question of every row."""
    for path in sorted((folder / "data" / usage).glob("*.parquet")):
        split = path.name.split("-")[0]
        for batch in parquet.ParquetFile(path).iter_batches(256):
            for row in batch.to_pylist():
                said, question = texts(usage, row)
                yield split, row["source"], row["id"], "\n".join(said), question


def same(folder, uses):
    """Texts and questions that stand on two sides, over all uses."""
    sides, found = {"text": defaultdict(set), "question": defaultdict(set)}, []
    counts = Counter()
    for usage in uses:
        for split, source, _, text, question in rows(folder, usage):
            counts[split, source, usage] += 1
            for kind, value in (("text", text), ("question", question)):
                if value and bare(value):
                    sides[kind][bare(value)].add(split)
    for kind, all_sides in sides.items():
        both = [value for value, splits in all_sides.items() if len(splits) > 1]
        print(f"  {len(all_sides)} {kind}s, {len(both)} on two sides")
        found += [f"a {kind} on two sides: {value[:60]!r}" for value in both]
    return found, counts


def alike(folder, usage, threshold):
    """Pairs of a row that is held out and one of another split that are alike, each held-out row compared with all."""
    held, having = [], defaultdict(list)
    for split, _, name, text, _ in rows(folder, usage):
        if split in HELD:
            mine = shingles(text)
            for one in mine:
                having[one].append(len(held))
            held.append((split, name, len(mine)))
    found, compared = [], 0
    for split, _, name, text, _ in rows(folder, usage):
        mine = shingles(text)
        common = Counter()
        for one in mine:
            if one in having:
                common.update(having[one])
        compared += 1
        for at, both in common.items():
            other, held_name, size = held[at]
            similarity = both / (size + len(mine) - both)
            if other != split and similarity >= threshold:
                found.append((similarity, held_name, other, name, split))
    print(f"  {usage}: {len(held)} rows held out, compared with {compared}: {len(found)} pairs at {threshold} or more")
    return [f"{a} ({x}) and {b} ({y}) are alike: {s:.3f}" for s, a, x, b, y in sorted(found, reverse=True)]


def accounts(folder, counts):
    """What `build.json` says of splits and files."""
    built, found = json.loads((folder / "build.json").read_text(encoding="utf-8")), []
    told = Counter()
    for line in built["splits"]:
        told[line["split"], line["source"], line["use"]] += line["rows"]
    if told != counts:
        found.append(f"build.json counts {dict(told)}, and there are {dict(counts)}")
    next_row = Counter()
    for shard in built["shards"]:
        there = parquet.ParquetFile(folder / shard["path"]).metadata.num_rows
        key = shard["use"], shard.get("split")
        if (shard["rows"], shard["first"]) != (there, next_row[key]):
            found.append(f"build.json says {shard}, and there are {there} rows behind {next_row[key]}")
        next_row[key] += there
    return found


def resumed(folder):
    """Goes on at a row in the middle, by the function of docs/output.md."""
    page = (Path(__file__).parents[2] / "docs" / "output.md").read_text(encoding="utf-8")
    scope, found = {}, []
    exec(page.split("```python\n")[1].split("```")[0], scope)
    for shard in json.loads((folder / "build.json").read_text(encoding="utf-8"))["shards"]:
        use, split, middle = shard["use"], shard.get("split"), shard["first"] + shard["rows"] // 2
        whole = [row["id"] for _, row in scope["rows"](folder, use, 0, split)]
        numbers, ids = zip(*[(n, row["id"]) for n, row in scope["rows"](folder, use, middle, split)]) or ((), ())
        if list(numbers) != list(range(middle, len(whole))) or list(ids) != whole[middle:]:
            found.append(f"rows of {shard['path']} from {middle} on are others than those of the whole")
    return found


def loaded(folder, counts):
    """What `datasets` sees of the folder as it is."""
    try:
        import datasets
    except ImportError:
        print("  datasets is not installed: not loaded")
        return []
    found = []
    for usage in sorted({usage for _, _, usage in counts}):
        there = {name: part.num_rows for name, part in datasets.load_dataset(str(folder), usage).items()}
        wanted = Counter()
        for (split, _, of), rows_of in counts.items():
            if of == usage:
                wanted[split] += rows_of
        print(f"  load_dataset(FOLDER, {usage!r}): {there}")
        if there != dict(wanted):
            found.append(f"datasets loads {there} of {usage}, and there are {dict(wanted)}")
    return found


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__)
        return 2
    folder, threshold = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.7
    uses = sorted(path.name for path in (folder / "data").iterdir())
    found, counts = same(folder, uses)
    found += accounts(folder, counts) + resumed(folder)
    for usage in uses:
        found += alike(folder, usage, threshold)
    found += loaded(folder, counts)
    for line in found[:20]:
        print(line)
    print(f"{len(found)} found" if found else "nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
