"""The Python module that comes in the wheel, over a build that it makes: `check_module.py FOLDER`, with `corpus` to import."""

import os
import sys
from pathlib import Path

import corpus

folder = Path(sys.argv[1]).resolve()
root = Path(__file__).resolve().parents[2]
recipe = root / "recipes" / "quickstart.toml"
out = folder / "quickstart"

manifest = corpus.build(recipe, out=out, threads=2, set={"length.chars.min": 20}, quiet=True)
totals = manifest["totals"]
assert totals["kept"] == 83 and totals["read"] == 97, totals

kept = sum(corpus.load(out, use=use, library="arrow").num_rows for use in corpus.USES)
assert kept == totals["kept"], kept
pretrain = corpus.load(out, use="pretrain", library="arrow")
assert {"id", "source", "text"} <= set(pretrain.column_names), pretrain.column_names
dropped = sum(corpus.load(out, use=use, kind="dropped", library="arrow").num_rows for use in ("pretrain", "instruct"))
assert dropped == totals["dropped"], dropped
assert corpus.load(out, kind="unreadable", library="arrow").num_rows == totals["unreadable"]

if corpus._is_there("datasets"):
    rows = corpus.load(out, use="instruct")
    assert rows.num_rows == 17 and rows[0]["messages"][0]["role"], rows
else:
    print("skipped corpus.load with datasets: it is not installed")

asked = corpus.sql(out, "select count(*) as n from data")
assert asked == [{"n": totals["kept"]}], asked

page = corpus.report(out)
shown = page._repr_html_()
assert shown.startswith("<iframe sandbox=") and "<script" not in shown and len(page.html) > 10_000
assert page.save(folder / "page.html").read_text(encoding="utf-8") == page.html

for wrong, said in [
    (lambda: corpus.build(folder / "none.toml"), "cannot read the recipe"),
    (lambda: corpus.load(folder), "no build.json"),
    (lambda: corpus.load(out), "no use is named; there are pretrain, task, instruct, rlhf"),
    (lambda: corpus.load(out, use="pretrain", split="test"), "has no rows of the split test"),
    (lambda: corpus.sql(out, "drop table data"), "DROP TABLE is refused"),
]:
    try:
        wrong()
    except corpus.Error as error:
        assert said in str(error), error
    else:
        raise AssertionError(said)
# What docs/python.md says.
block = (root / "docs" / "python.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
os.chdir(folder)
exec(compile(block, "docs/python.md", "exec"), {})
print("the Python module builds, loads, asks and shows")
