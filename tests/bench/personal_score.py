"""How a labelled set of personal data is scored, and what the programs that make one have in common.

A program that makes one gives `main` its `rows(count, seed)`: rows with `id`, `text` and `expected`, the text as
`personal_data` with `action = "mask"` ought to leave it.
"""

import collections
import json
import re
import sys

MARKS = "EMAIL IP MOBILE LANDLINE PHONE ID_NUMBER BANK_CARD PASSPORT PLATE QQ WECHAT ADDRESS SSN SECRET".split()


def marks(text):
    return collections.Counter(re.findall(r"\[(" + "|".join(MARKS) + r")\]", text))


def surroundings(expected, kind):
    """Each mark of a kind with three characters on both sides."""
    return [expected[max(0, m.start() - 3) : m.end() + 3] for m in re.finditer(r"\[" + kind + r"\]", expected)]


def score(made, masked, same_form):
    """Precision and recall of each kind, and where texts part; `same_form` makes one form of what may be masked in two ways."""
    made = [json.loads(line) for line in open(made, encoding="utf8")]
    left = {row["id"]: row["text"] for row in map(json.loads, open(masked, encoding="utf8"))}
    right, wrong, missed = collections.Counter(), collections.Counter(), collections.Counter()
    for row in made:
        got, expected = same_form(left[row["id"]]), same_form(row["expected"])
        want, found = marks(expected), marks(got)
        for kind in set(want) | set(found):
            same = min(want[kind], found[kind])
            # A mark that stands elsewhere, or covers more or less, is wrong and missed.
            same = same if got == expected else min(same, sum(got.count(p) > 0 for p in surroundings(expected, kind)))
            right[kind] += same
            wrong[kind] += found[kind] - same
            missed[kind] += want[kind] - same
        if got != expected:
            print(f"{row['id']}\n  text {row['text']!r}\n  want {expected!r}\n  got  {got!r}")
    share = lambda all_right, others: all_right / max(1, all_right + others)
    print("| kind | labelled | precision | recall |\n| --- | --- | --- | --- |")
    for kind in MARKS:
        print(f"| {kind.lower()} | {right[kind] + missed[kind]} | {share(right[kind], wrong[kind]):.4f} | {share(right[kind], missed[kind]):.4f} |")
    all_right, all_wrong, all_missed = (sum(counts.values()) for counts in (right, wrong, missed))
    print(f"| all | {all_right + all_missed} | {share(all_right, all_wrong):.4f} | {share(all_right, all_missed):.4f} |")
    print(f"{len(made)} rows, with as many near misses or more")


def main(rows, seed, same_form=lambda text: text):
    arguments = sys.argv[2:]
    if sys.argv[1:2] == ["make"]:
        count, seed = (int(given) for given in (arguments + ["2800", str(seed)][len(arguments) :]))
        for row in rows(count, seed):
            print(json.dumps(row, ensure_ascii=False))
    elif sys.argv[1:2] == ["score"] and len(arguments) == 2:
        score(*arguments, same_form)
    else:
        sys.exit(sys.modules["__main__"].__doc__)
