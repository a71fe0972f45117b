"""Writes src/text/quality/data/triples.txt: what stands behind a pair of frequent characters as good as never.

Usage: odd_triples.py FOLDER TEXTS.jsonl…   (objects with `text`; FOLDER is src/text/quality/data)

Text that is drawn character by character, each by the one before it, has pairs as real text has them, and triples that it
has not: `提高等`, `准备受`. Counted as odd_pairs.py counts, over the 500 characters of frequent.txt and `，`, which stands for
a run of Chinese signs. A triple `abc` is odd if the pairs `ab` and `bc` would have it at least 8 times by chance, and it
comes less than once in ten of them. Beginnings of words behind characters that end one are such, as is half a word.
"""

import collections
import json
import pathlib
import sys

from odd_pairs import SIGNS, characters

LEAST, SHARE = 8, 0.1


def main():
    folder = pathlib.Path(sys.argv[1])
    simplified, frequent = characters(folder)
    pairs, triples, middles = collections.Counter(), collections.Counter(), collections.Counter()
    for path in sys.argv[2:]:
        for line in open(path, encoding="utf8"):
            run = [" "]
            for c in json.loads(line)["text"].translate(simplified):
                c = "，" if c in SIGNS else c if "\u3400" <= c <= "\u9fff" else " "
                if c != run[-1] or c not in "， ":
                    run.append(c if c in frequent or c == " " else "x" if c != "，" else c)
            middles.update(run)
            pairs.update(zip(run, run[1:]))
            triples.update(zip(run, run[1:], run[2:]))
    behind = collections.defaultdict(list)
    for (first, then), count in pairs.items():
        if count >= LEAST and first in frequent and then in frequent:
            behind[first].append((then, count))
    lines = []
    for first in sorted(behind):
        for then, count in sorted(behind[first]):
            odd = []
            for last, other in sorted(behind[then]):
                by_chance = count * other / middles[then]
                if by_chance >= LEAST and triples[first, then, last] < SHARE * by_chance:
                    odd.append(last)
            lines.append(first + then + "".join(odd) + "\n" if odd else "")
    folder.joinpath("triples.txt").write_text("".join(lines), encoding="utf8")
    print(sum(pairs.values()), "pairs counted,", sum(max(0, len(line) - 3) for line in lines), "triples are odd")


if __name__ == "__main__":
    main()
