#!/usr/bin/env python3
"""Writes what the fuzzer starts from to tests/fuzz/corpus/TARGET: pieces of the samples in ../shared/data, where that is
there, and of the repository's own tests. One function a target."""
import bz2
import gzip
import html
import json
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DATA = ROOT / "../shared/data"
# Bytes of one piece.
PIECE = 900


def read(path):
    data = path.read_bytes()
    return (bz2.decompress(data) if path.suffix == ".bz2" else data).decode("utf-8", "ignore")


def files(pattern):
    return [p for p in sorted(DATA.glob(pattern)) if p.suffix not in {".gz", ".xz"}]


def strings(path):
    """The string literals of a Rust file."""
    for found in re.finditer(r'"((?:[^"\\]|\\.)*)"', (ROOT / path).read_text(encoding="utf-8")):
        yield found[1].replace("\\n", "\n").replace('\\"', '"')


def mediawiki():
    for path in files("wiki/*"):
        dump = read(path)
        for found in list(re.finditer(r"<text[^>]*>(.*?)</text>", dump, re.S))[:40]:
            page = html.unescape(found[1])
            yield from (page[at : at + PIECE] for at in range(0, min(len(page), 10 * PIECE), PIECE))
        for found in list(re.finditer(r"<page>.*?</page>", dump, re.S))[:10]:
            yield found[0][: 3 * PIECE] + "</text></revision></page></mediawiki>"
        yield from (found[1] for found in re.finditer(r"!! wikitext\n(.*?)\n!!", dump, re.S))
    yield from strings("src/text/wikitext/tests.rs")


def objects(pattern):
    """The first objects of the files of JSON: arrays, or one a line."""
    for path in DATA.glob(pattern):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        text = data.decode("utf-8", "ignore")
        try:
            found = json.loads(text)
            found = found if isinstance(found, list) else [found]
        except ValueError:
            found = (json.loads(line) for line in text.splitlines()[:60] if line.startswith("{"))
        yield from (one for one in list(found)[:60] if isinstance(one, dict))


def rows():
    """The sample rows of the tests, one a shape."""
    for found in re.finditer(r'r#"(.*?)"#', (ROOT / "tests/it/format_rows.rs").read_text(encoding="utf-8"), re.S):
        yield from (line.strip().strip("[],") for line in found[1].splitlines() if line.strip())


def shapes():
    yield from rows()
    for pattern in ("chat/*.json*", "instruct/*.json*", "prefs/*.json*", "poetry/*.json", "pretrain/*.jsonl"):
        texts = (json.dumps(one, ensure_ascii=False) for one in objects(pattern))
        yield from (text for text in texts if len(text) <= 4 * PIECE)


def dialogues(human, answer):
    """Turns of the samples under other names."""
    for one in objects("prefs/hh*"):
        yield one["chosen"].replace("\n\nHuman:", human).replace("\n\nAssistant:", answer)[: 2 * PIECE]


def oig():
    yield from dialogues("\n<human>:", "\n<bot>:")
    yield from strings("src/formats/shapes/oig.rs")


def hh():
    for one in objects("prefs/hh*"):
        yield (one["chosen"][:PIECE] + one["rejected"][:PIECE])
    yield from strings("src/formats/shapes/hh.rs")


def pages():
    for path in files("web/*.html"):
        page = read(path)
        yield from (page[at : at + PIECE] for at in range(0, min(len(page), 20 * PIECE), PIECE))
    yield from strings("src/text/html/tests.rs")
    for one in objects("chat/sharegpt*"):
        yield from (turn.get("value", "")[:PIECE] for turn in one.get("conversations", [])[:4])


def tmx():
    head = '<?xml version="1.0"?><tmx version="1.4"><header srclang="en"/><body>\n'
    for unit in (
        '<tu tuid="1"><tuv xml:lang="en"><seg>One.</seg></tuv><tuv xml:lang="zh"><seg>一。</seg></tuv></tu>\n',
        '<tu><note>n</note><prop type="x">y</prop><tuv lang="EN-US"><seg>A <bpt i="1">&lt;b></bpt>b</seg></tuv></tu>\n',
        "<tu><tuv xml:lang='zh'><seg><![CDATA[甲]]> &#x4e59;</seg></tuv></tu><!-- <tu> -->\n",
    ):
        yield head + 3 * unit + "</body></tmx>"
        yield head + unit
    yield from strings("src/formats/containers/tmx.rs")


# Each by its name, and what its first byte is, if it has a meaning.
TARGETS = {
    "mediawiki": (mediawiki, lambda n: bytes([n % 12])),
    "html": (pages, lambda n: b""),
    "hh": (hh, lambda n: b""),
    "oig": (oig, lambda n: b""),
    "shapes": (shapes, lambda n: b""),
    "tmx": (tmx, lambda n: b""),
}


def main():
    for name, (samples, first) in TARGETS.items():
        folder = HERE / "corpus" / name
        folder.mkdir(parents=True, exist_ok=True)
        count = 0
        for count, sample in enumerate(samples(), 1):
            (folder / f"seed-{count:05}").write_bytes(first(count) + sample.encode())
        print(f"{name}: {count} samples")


if __name__ == "__main__":
    main()
