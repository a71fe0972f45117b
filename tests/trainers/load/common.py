"""What the checks share: rows of the build as they are, and the comparison with what a trainer's code gives back."""

import glob
import json
import os


def build_rows(build, use, side=""):
    """The rows of a build, read by pyarrow; of the files whose names begin so."""
    import pyarrow.parquet as parquet

    rows = []
    for path in sorted(glob.glob(os.path.join(build, "data", use, f"{side}*.parquet"))):
        rows += parquet.read_table(path).to_pylist()
    return rows


def set_aside(export, use):
    """Ids that the export set aside, with the reason."""
    path = os.path.join(export, "dropped", f"{use}.jsonl")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as lines:
        return {row["id"]: row["aside_reason"] for row in map(json.loads, lines)}


def written(export, build, use, keep=lambda row: True):
    """Rows that stand in the export, of those that `keep` picks, in order."""
    aside = set_aside(export, use)
    return [row for row in build_rows(build, use) if row["id"] not in aside and keep(row)]


def asks(row):
    return bool(row["messages"]) and row["messages"][-1]["role"] == "user"


def labelled(row):
    return row.get("completion") is not None


def folded(message):
    """What a message says, behind what was thought."""
    thought, says = message.get("reasoning"), message["content"] or ""
    return f"<think>\n{thought}\n</think>\n\n{says}" if thought else says


def calls(message):
    """The calls of a message as (name, arguments)."""
    listed = message.get("tool_calls") or []
    return [(c["function"]["name"], json.loads(c["function"]["arguments"] or "{}")) for c in listed]


def tools(row):
    """The tools on offer, as objects with `type` and `function`."""
    listed = json.loads(row.get("tools") or "[]")
    return [t if "function" in t or "type" in t else {"type": "function", "function": t} for t in listed]


def said(messages):
    """A dialogue as (role, what it says behind what was thought)."""
    return [(m["role"], folded(m)) for m in messages]


def ids(exports):
    """The folders of exports of token ids, with what each must hold: its name, the folder, `expected.json`, whether its
    ids take 16 bits in layouts that know two widths."""
    for kind in sorted(os.listdir(exports)):
        folder = os.path.join(exports, kind)
        with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
            expected = json.load(file)
        yield kind, folder, expected, expected["vocabulary"] <= 65_536


def stream(expected):
    """All documents behind one another."""
    return [id for document in expected["documents"] for id in document]


def same(what, got, wanted):
    """Stops at the first difference, and names it."""
    got, wanted = list(got), list(wanted)
    assert len(got) == len(wanted), f"{what}: {len(got)} rows, {len(wanted)} in the build"
    assert wanted, f"{what}: no rows to compare"
    for at, (a, b) in enumerate(zip(got, wanted)):
        assert a == b, f"{what}: row {at} differs\n  trainer: {a!r}\n  build:   {b!r}"


def report(loader, what, rows, note=""):
    """A line of the table."""
    print(json.dumps({"loader": loader, "what": what, "rows": rows, "note": note}, ensure_ascii=False), flush=True)


def main(check):
    """Runs a check on the folders of the command line: EXPORTS BUILD."""
    import sys

    exports, build = sys.argv[1:3]
    check(exports, build)
