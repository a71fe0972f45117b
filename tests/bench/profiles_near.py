"""What a profile drops, and what it barely keeps: to be read by somebody.

Usage: profiles_near.py PROFILE.toml ROWS.jsonl SIGNALS.jsonl [COUNT]
  PROFILE  a file of src/stages/profile/profiles
  ROWS     rows with `id` and `text`
  SIGNALS  the same rows with every signal, as a build with `run = "quality"` measures them
Prints COUNT (20) dropped rows, drawn with a seed, with the rules that they fail; and COUNT kept ones that lie nearest to a limit,
by the share of the limit that is left, with the rule.
"""

import json
import random
import sys
import tomllib


def slack(rule, row):
    """How far a row is inside a rule (outside: less than 0), as a share of the limit."""
    if "any" in rule:
        return max(slack(r, row) for r in rule["any"])
    if "all" in rule:
        return min(slack(r, row) for r in rule["all"])
    if "not" in rule:
        return -slack(rule["not"], row)
    left = []
    for signal, limits in rule.items():
        value = row.get(signal)
        if value is not None:
            left += [(value - limits["min"]) / (limits["min"] or 1)] if "min" in limits else []
            left += [(limits["max"] - value) / (limits["max"] or 1)] if "max" in limits else []
    return min(left, default=9)


def main():
    profile, rows, signals = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 20
    with open(profile, "rb") as f:
        rules = tomllib.load(f)["rules"]
    dropped, kept = [], []
    for row, measured in zip(open(rows, encoding="utf8"), open(signals, encoding="utf8"), strict=True):
        row, measured = json.loads(row), json.loads(measured)
        left = [(slack(rule, measured), rule) for rule in rules]
        failed = [rule for share, rule in left if share < 0]
        near = min(left, key=lambda l: l[0])
        (dropped if failed else kept).append((near[0], row, failed or [near[1]]))
    random.seed(3)
    print(f"dropped: {len(dropped)}")
    for _, row, failed in random.sample(dropped, min(count, len(dropped))):
        print(json.dumps({"id": row["id"], "rules": failed, "text": row["text"][:300]}, ensure_ascii=False))
    kept.sort(key=lambda k: k[0])
    print(f"kept: {len(kept)}")
    for share, row, near in kept[:count]:
        print(json.dumps({"id": row["id"], "left": round(share, 3), "rules": near, "text": row["text"][:300]}, ensure_ascii=False))


if __name__ == "__main__":
    main()
