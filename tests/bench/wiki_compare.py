#!/usr/bin/env python3
"""Our text of MediaWiki pages beside that of mwparserfromhell and wikiextractor.

    python3 tests/bench/wiki_compare.py CORPUS [--show N] FILE...

CORPUS is the binary. A FILE is a MediaWiki XML dump (plain or .bz2), or a .txt of one page's wikitext. Needs the PyPI
packages mwparserfromhell and wikiextractor in the Python that runs this.

Prints for each file: markup and empty brackets left in each text, outside of formulas; of the runs of Han characters
that both others print (what they leave inside of -{ }- is no text), the share that stands in ours; and the first N paragraphs in all three.

mwparserfromhell is used as Hugging Face's Wikipedia set uses it (files, references and tables removed, strip_code);
wikiextractor with --json --no-templates.
"""
import argparse
import bz2
import json
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from xml.sax.saxutils import escape

import mwparserfromhell

MARKUP = ["{{", "}}", "[[", "]]", "-{", "}-", "<ref", "\n|-", "'''", "{|", "|}"]
EMPTY = ["（）", "()", "（，", "（、", "（；", "，）", "、）", "，，", "「」", "《》", "【】", "“”"]
HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+")
FORMULA = re.compile(r"\$[^$\n]*\$")


def pages(dump):
    """Title and wikitext of the articles."""
    data = dump.read_bytes()
    data = bz2.decompress(data) if data.startswith(b"BZh") else data
    root = ET.fromstring(data)
    local = lambda e: e.tag.rsplit("}", 1)[-1]
    for page in root.iter():
        if local(page) == "page":
            found = {local(e): (e.text or "") for e in page.iter()}
            if found.get("ns", "0") == "0" and "redirect" not in found:
                yield found["title"], found["text"]


def hugging_face(text):
    """datasets' wikipedia.py, before its removal."""
    code = mwparserfromhell.parse(text)
    media = re.compile(r"^(?:File|Image|Media|文件|檔案|档案|图像|圖像|ファイル|画像):", re.I)

    def drop(section, element):
        try:
            section.remove(element)
        except ValueError:
            pass

    out = []
    for section in code.get_sections(flat=True, include_lead=True, include_headings=True):
        for link in section.ifilter_wikilinks(recursive=True):
            if media.match(str(link.title)):
                drop(section, link)
        for tag in section.ifilter_tags(matches=lambda t: str(t.tag) in {"ref", "table"}, recursive=True):
            drop(section, tag)
        out.append(section.strip_code().strip())
    return "\n\n".join(out)


def wikiextractor(dump, folder):
    command = [sys.executable, "-m", "wikiextractor.WikiExtractor", str(dump), "-o", str(folder), "--json", "--no-templates", "-q"]
    subprocess.run(command, check=True)
    lines = (line for file in sorted(Path(folder).rglob("wiki_*")) for line in file.open(encoding="utf-8"))
    return {row["title"]: row["text"] for row in map(json.loads, lines)}


def ours(corpus, dump):
    command = [corpus, "inspect", str(dump), "--format", "json", "--rows", "100000"]
    rows = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["rows"]
    return {json.loads(row["meta"])["title"]: row["text"] for row in rows if row.get("text")}


def words(text):
    """Runs of Han, those of `-{ }-` left as they were not counted: they are markup, not text."""
    before = None
    while before != text:
        before, text = text, re.sub(r"-\{(?:(?!-\{|\}-).)*\}-", "\0", text, flags=re.S)
    return Counter(HAN.findall(text))


def left(text, marks):
    text = FORMULA.sub("x", text)
    return {mark.strip(): text.count(mark) for mark in marks if mark in text}


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("corpus")
    args.add_argument("files", nargs="+", type=Path)
    args.add_argument("--show", type=int, default=0, help="paragraphs to show")
    args = args.parse_args()
    for file in args.files:
        with tempfile.TemporaryDirectory() as scratch:
            dump = file
            if file.suffix == ".txt":
                dump = Path(scratch) / (file.stem + ".xml")
                dump.write_text(
                    "<mediawiki>\n  <siteinfo>\n    <base>https://zh.wikipedia.org/wiki/X</base>\n    <namespaces>\n      "
                    "<namespace key=\"10\" case=\"first-letter\">Template</namespace>\n    </namespaces>\n  </siteinfo>\n  <page>\n    "
                    f"<title>{escape(file.stem)}</title>\n    <ns>0</ns>\n    <id>1</id>\n    <revision>\n      <id>1</id>\n      "
                    f"<text>{escape(file.read_text(encoding='utf-8'))}</text>\n    </revision>\n  </page>\n</mediawiki>\n", encoding="utf-8")
            texts = dict(pages(dump))
            theirs = wikiextractor(dump, Path(scratch) / "out")
            mine = ours(args.corpus, dump)
        both, missing = 0, Counter()
        marks = {name: Counter() for name in ["ours", "mwparserfromhell", "wikiextractor"]}
        shown = []
        for title, wikitext in texts.items():
            three = {"ours": mine.get(title), "mwparserfromhell": hugging_face(wikitext), "wikiextractor": theirs.get(title)}
            if three["ours"] is None or three["wikiextractor"] is None:
                continue
            for name, text in three.items():
                marks[name].update(left(text, MARKUP + EMPTY))
            runs = words(three["mwparserfromhell"]) & words(three["wikiextractor"])
            for run, count in runs.items():
                both += count
                have = three["ours"].count(run)
                if have < count:
                    missing[run] += count - have
            shown.append((title, three))
        share = 100 * (1 - sum(missing.values()) / both) if both else 100.0
        print(f"# {file.name}: {len(shown)} pages; of {both} runs of Han that both print, {share:.2f} % stand in ours")
        print("  missing:", ", ".join(f"{run}×{n}" for run, n in missing.most_common(40)) or "none")
        for name, count in marks.items():
            print(f"  left in {name}: {dict(count) or 'nothing'}")
        for title, three in shown[:1]:
            for name, text in three.items():
                paragraphs = [p for p in text.split("\n") if len(p) > 60]
                for paragraph in paragraphs[: args.show]:
                    print(f"  [{name}: {title}] {paragraph}")


if __name__ == "__main__":
    main()
