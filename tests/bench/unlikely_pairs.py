"""Writes src/text/quality/data/unlikely.zst: how unlikely each pair of the 1,500 most frequent characters is, side by side
and one or two characters apart.

Usage: unlikely_pairs.py FOLDER TEXTS.jsonl…   (objects with `text`; FOLDER is src/text/quality/data; needs the program zstd)

Counted over the first 8,000 characters of all texts, traditional ones made simplified (data/TSCharacters.txt of
text/convert); a run of Chinese signs and line breaks counts as one `，`, anything else parts. A pair that comes less often
than by chance has the level 1 from a factor of 2^0.7 on, 2 from 2^2 on, 3 from 2^3.3 on; half a pair is added to both
counts, and a pair that chance has less than twice has the level 0. The file: the characters, the sign first, a line break, and for each of the three distances two bits a pair, row by
row, up to a whole byte.
"""

import collections
import json
import math
import pathlib
import subprocess
import sys

from odd_pairs import SIGNS, characters

MOST = 1500
LONGEST = 8000
LIMITS = (0.7, 2, 3.3)
LEAST = 2
DISTANCES = (1, 2, 3)


def count(paths: list, simplified: dict) -> tuple:
    """How often each character comes, and each pair at each distance."""
    single, pairs = collections.Counter(), {apart: collections.Counter() for apart in DISTANCES}
    for path in paths:
        for line in open(path, encoding="utf8"):
            text = []
            for c in json.loads(line)["text"][:LONGEST].translate(simplified):
                c = "，" if c in SIGNS or c == "\n" else c if "\u3400" <= c <= "\u9fff" else " "
                if not (c == "，" and text and text[-1] == "，"):
                    text.append(c)
            single.update(text)
            for apart, counts in pairs.items():
                counts.update(a + b for a, b in zip(text, text[apart:]) if a != " " != b)
    return single, pairs


def levels(most: list, pairs: collections.Counter) -> bytearray:
    """The table of one distance."""
    total = sum(pairs.values())
    before, behind = collections.Counter(), collections.Counter()
    for (first, then), number in pairs.items():
        before[first] += number
        behind[then] += number
    table = bytearray((len(most) ** 2 + 3) // 4)
    tally = collections.Counter()
    for row, first in enumerate(most):
        for column, then in enumerate(most):
            chance = before[first] * behind[then] / total
            factor = math.log2((chance + 0.5) / (pairs[first + then] + 0.5))
            level = sum(factor >= limit for limit in LIMITS) if chance >= LEAST else 0
            at = row * len(most) + column
            table[at // 4] |= level << at % 4 * 2
            tally[level] += 1
    print(total, "pairs counted; of", len(most) ** 2, "the levels", dict(tally))
    return table


def main():
    folder = pathlib.Path(sys.argv[1])
    single, pairs = count(sys.argv[2:], characters(folder)[0])
    del single["，"], single[" "]
    most = ["，"] + [c for c, _ in sorted(single.items(), key=lambda entry: (-entry[1], entry[0]))[:MOST]]
    tables = b"".join(bytes(levels(most, counts)) for counts in pairs.values())
    packed = subprocess.run(["zstd", "-19", "-c"], input="".join(most).encode() + b"\n" + tables, capture_output=True, check=True)
    folder.joinpath("unlikely.zst").write_bytes(packed.stdout)
    print(len(packed.stdout), "bytes")


if __name__ == "__main__":
    main()
