"""The share of documents that profiles keep.

Usage: profiles_keep.py PROFILE.toml... -- SIGNALS.jsonl...
  PROFILE  a file of src/stages/profile/profiles
  SIGNALS  rows with every signal, as a build with `run = "quality"` measures them
"""

import json
import sys
import tomllib


def holds(rule, row):
    if "any" in rule:
        return any(holds(r, row) for r in rule["any"])
    if "all" in rule:
        return all(holds(r, row) for r in rule["all"])
    if "not" in rule:
        return not holds(rule["not"], row)
    for signal, limits in rule.items():
        value = row.get(signal)
        if value is not None and not limits.get("min", value) <= value <= limits.get("max", value):
            return False
    return True


def main():
    at = sys.argv.index("--")
    sets = {file: [json.loads(line) for line in open(file, encoding="utf8")] for file in sys.argv[at + 1 :]}
    print("| profile | " + " | ".join(sets) + " |")
    print("| --- |" + " --- |" * len(sets))
    for file in sys.argv[1:at]:
        with open(file, "rb") as f:
            rules = tomllib.load(f)["rules"]
        shares = (sum(all(holds(rule, row) for rule in rules) for row in rows) / max(1, len(rows)) for rows in sets.values())
        print(f"| {file} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")


main()
