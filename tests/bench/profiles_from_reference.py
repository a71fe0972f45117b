"""Limits of a profile from trusted text, as FineWeb-2 takes them from reference corpora (arXiv 2506.20920, section 3).

Usage: profiles_from_reference.py SIGNALS.jsonl... [--tail 0.002]
  SIGNALS  rows with every signal, measured on text that is known to be good (`run = "quality"`, written by a build)
For each signal that a profile of ours limits: the value below (or above) which the tail of the rows lies, moved out by a
quarter of its distance to the median, and rounded outwards to two digits. Of several files the widest limit counts.
"""

import json
import math
import sys

MIN = ["units", "han_share", "frequent_ratio", "function_ratio", "known_pairs", "ended_chars", "unique_units", "unit_entropy"]
MAX = ["broken_ratio", "mojibake_ratio", "misread_ratio", "rare_ratio", "char_dup_13", "dup_10_gram", "dup_segments", "sign_runs", "mark_ratio", "link_ratio", "markup_ratio", "divider_ratio", "code_ratio", "list_lines",
       "like_starts", "lines_upto_10", "spam_ratio", "boilerplate_ratio", "placeholder_ratio", "gambling_ratio", "adult_ratio", "cantonese_ratio", "half_width_signs", "unpaired_signs", "latin_ratio"]


def digits(value, up):
    if value == 0:
        return 0
    scale = 10 ** (math.floor(math.log10(abs(value))) - 1)
    return round((math.ceil if up else math.floor)(value / scale - 1e-9) * scale, 12)


def main():
    tail = float(sys.argv[sys.argv.index("--tail") + 1]) if "--tail" in sys.argv else 0.002
    files = [a for a in sys.argv[1:] if a.endswith(".jsonl")]
    for names, up in ((MIN, False), (MAX, True)):
        for name in names:
            limits = []
            for file in files:
                values = sorted(row[name] for row in map(json.loads, open(file, encoding="utf8")) if row.get(name) is not None)
                if not values:
                    continue
                at = values[min(len(values) - 1, int((1 - tail if up else tail) * len(values)))]
                median = values[len(values) // 2]
                limits.append(at + (at - median) / 4)
            if limits:
                limit = (max if up else min)(limits)
                print(f"{name} = {{ {'max' if up else 'min'} = {digits(max(limit, 0), up):g} }}")


main()
