#!/usr/bin/env python3
"""Writes what the fuzzer starts from to tests/fuzz/corpus/TARGET: pieces of the samples in ../shared/data, where that is
there, and of the repository's own tests. One function a target."""
import bz2
import html
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


# Each by its name, and what its first byte is, if it has a meaning.
TARGETS = {"mediawiki": (mediawiki, lambda n: bytes([n % 12]))}


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
