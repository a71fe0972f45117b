"""Writes src/text/quality/data/odd.txt: pairs of frequent characters that Chinese hardly ever has side by side.

Usage: odd_pairs.py FOLDER TEXTS.jsonl…   (objects with `text`; FOLDER is src/text/quality/data)

Counted over all texts, traditional ones made simplified (data/TSCharacters.txt of text/convert); a run of Chinese signs
counts as one `，`. A pair of two of the 500 characters of frequent.txt, or of one and a sign, is odd if chance would have
it at least 30 times, it comes less than 15 in 100 times as often as by chance, and no word is made of it (pairs.txt; nor
`是的`, which answers begin with).
"""

import collections
import json
import pathlib
import sys

LEAST, SHARE = 30, 0.15
SIGNS = "，。！？；：、"


def characters(folder: pathlib.Path) -> tuple:
    """The simplified form of traditional characters, by code point, and the frequent characters with the sign."""
    simplified = {}
    for line in open(folder / "../../convert/data/TSCharacters.txt", encoding="utf8"):
        fields = line.rstrip("\n").split("\t")
        if len(fields) == 2:
            simplified[ord(fields[0])] = fields[1].split(" ")[0]
    return simplified, set(folder.joinpath("frequent.txt").read_text(encoding="utf8")) - {"\n"} | {"，"}


def main():
    folder = pathlib.Path(sys.argv[1])
    simplified, frequent = characters(folder)
    pairs = collections.Counter()
    for path in sys.argv[2:]:
        for line in open(path, encoding="utf8"):
            last = " "
            for c in json.loads(line)["text"].translate(simplified):
                c = "，" if c in SIGNS else c if "\u3400" <= c <= "\u9fff" else " "
                if c == last == "，":
                    continue
                if c != " " and last != " ":
                    pairs[last, c] += 1
                last = c
    total = sum(pairs.values())
    before, behind = collections.Counter(), collections.Counter()
    for (first, then), count in pairs.items():
        before[first] += count
        behind[then] += count
    words = {"是": {"的"}}
    for line in open(folder / "pairs.txt", encoding="utf8"):
        words.setdefault(line[0], set()).update(line[1:-1])
    lines = []
    for first in sorted(frequent):
        by_chance = {then: before[first] * behind[then] / total for then in frequent}
        odd = sorted(then for then, n in by_chance.items() if n >= LEAST and pairs[first, then] <= SHARE * n and then not in words.get(first, ()))
        lines.append(first + "".join(odd) + "\n" if odd else "")
    folder.joinpath("odd.txt").write_text("".join(lines), encoding="utf8")
    print(total, "pairs counted,", sum(max(0, len(line) - 2) for line in lines), "are odd")


if __name__ == "__main__":
    main()
