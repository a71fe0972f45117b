"""Writes src/text/quality/data/unlikely.zst: how unlikely each pair of the 1,000 most frequent characters is.

Usage: unlikely_pairs.py FOLDER TEXTS.jsonl…   (objects with `text`; FOLDER is src/text/quality/data; needs the program zstd)

Counted over all texts, traditional ones made simplified (data/TSCharacters.txt of text/convert); a run of Chinese signs and
line breaks counts as one `，`, anything else parts. A pair that comes less often than by chance has the level 1 from a
factor of 2^0.7 on, 2 from 2^2 on, 3 from 2^3.3 on; half a pair is added to both counts. The file: the characters, the sign
first, a line break, and two bits a pair, row by row.
"""

import collections
import json
import math
import pathlib
import subprocess
import sys

from odd_pairs import SIGNS, characters

MOST = 1000
LIMITS = (0.7, 2, 3.3)


def count(paths: list, simplified: dict) -> tuple:
    """How often each character and each pair comes."""
    single, pairs = collections.Counter(), collections.Counter()
    for path in paths:
        for line in open(path, encoding="utf8"):
            last = " "
            for c in json.loads(line)["text"].translate(simplified):
                c = "，" if c in SIGNS or c == "\n" else c if "\u3400" <= c <= "\u9fff" else " "
                if c == last == "，":
                    continue
                if c != " ":
                    single[c] += 1
                    if last != " ":
                        pairs[last, c] += 1
                last = c
    return single, pairs


def main():
    folder = pathlib.Path(sys.argv[1])
    single, pairs = count(sys.argv[2:], characters(folder)[0])
    total = sum(pairs.values())
    before, behind = collections.Counter(), collections.Counter()
    for (first, then), number in pairs.items():
        before[first] += number
        behind[then] += number
    del single["，"]
    most = ["，"] + [c for c, _ in sorted(single.items(), key=lambda entry: (-entry[1], entry[0]))[:MOST]]
    levels = bytearray((len(most) ** 2 + 3) // 4)
    tally = collections.Counter()
    for row, first in enumerate(most):
        for column, then in enumerate(most):
            chance = before[first] * behind[then] / total
            factor = math.log2((chance + 0.5) / (pairs[first, then] + 0.5))
            level = sum(factor >= limit for limit in LIMITS)
            at = row * len(most) + column
            levels[at // 4] |= level << at % 4 * 2
            tally[level] += 1
    packed = subprocess.run(["zstd", "-19", "-c"], input="".join(most).encode() + b"\n" + bytes(levels), capture_output=True, check=True)
    folder.joinpath("unlikely.zst").write_bytes(packed.stdout)
    print(total, "pairs counted; of", len(most) ** 2, "the levels", dict(tally), "in", len(packed.stdout), "bytes")


if __name__ == "__main__":
    main()
