"""Writes src/text/quality/data/frequent.txt and pairs.txt from jieba's dictionary (dict.txt of jieba 0.42.1, MIT).

Usage: pip install jieba==0.42.1, then quality_lists.py FOLDER
"""

import collections
import pathlib
import sys

import jieba


def han(c):
    return "\u4e00" <= c <= "\u9fff"


def main():
    characters, pairs = collections.Counter(), collections.Counter()
    for line in open(pathlib.Path(jieba.__file__).parent / "dict.txt", encoding="utf8"):
        word, frequency, *_ = line.split()
        for c in filter(han, word):
            characters[c] += int(frequency)
        if len(word) <= 4:
            for first, then in zip(word, word[1:]):
                if han(first) and han(then):
                    pairs[first, then] += int(frequency)
    folder = pathlib.Path(sys.argv[1])
    top = "".join(c for c, _ in characters.most_common(500))
    folder.joinpath("frequent.txt").write_text("".join(top[i : i + 50] + "\n" for i in range(0, 500, 50)), encoding="utf8")
    by_first = collections.defaultdict(list)
    for (first, then), frequency in pairs.items():
        if frequency >= 100:
            by_first[first].append(then)
    lines = (first + "".join(sorted(by_first[first])) + "\n" for first in sorted(by_first))
    folder.joinpath("pairs.txt").write_text("".join(lines), encoding="utf8")


main()
