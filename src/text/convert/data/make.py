#!/usr/bin/env python3
"""Makes the dictionaries in this folder from a checkout of OpenCC: `make.py CHECKOUT`.

https://github.com/BYVoid/OpenCC, Apache-2.0 (the LICENSE of this repository). Changed from the original: comments are
dropped; of several values the first stays; a value equal to its key is left out; keys are sorted. The last five files
are those that OpenCC's own build generates.
"""
import json, re, subprocess, sys
from pathlib import Path

root, here = Path(sys.argv[1]), Path(__file__).parent

def git(path):
    return subprocess.run(["git", "-C", root, "show", f"HEAD:{path}"], capture_output=True, check=True, text=True).stdout

def entries(name):
    """Key, values, and whether the line before says @tofu-risk; and the @reverse-prefer lines."""
    out, prefer, tofu = [], {}, False
    for line in git(f"data/dictionary/{name}.txt").split("\n"):
        line = line.rstrip("\r")
        if line.startswith("# @reverse-prefer:"):
            words = line.split(":", 1)[1].split()
            prefer[words[0]] = words[-1]
        if line.startswith("#") or not line.strip():
            tofu = line.startswith("# @tofu-risk:")
            continue
        key, values = line.split("\t", 1)
        out.append((key, values.split(" "), tofu))
        tofu = False
    return out, prefer

def first(name):
    table = {}
    for key, values, _ in entries(name)[0]:
        table.setdefault(key, values[0])
    return table

def reverse(name):
    """data/scripts/common.py: swap."""
    list_, prefer = entries(name)
    table = {}
    for key, values, _ in list_:
        for value in values:
            table.setdefault(value, []).append(key)
    for key, value in prefer.items():
        table[key].insert(0, table[key].pop(table[key].index(value)))
    return {k: v[0] for k, v in table.items()}

def write(name, table):
    lines = [k if k == v else f"{k}\t{v}" for k, v in sorted(table.items(), key=lambda e: e[0].encode())]
    (here / f"{name}.txt").write_text("\n".join(lines) + "\n")

RAW = """CJK_Compatibility_Ideographs STCharacters STPhrases TSCharacters TSPhrases TWPhrases TWPhrasesRev
TWVariantsPhrases TWVariants TWVariantsRevPhrases HKVariantsPhrases HKVariants HKVariantsRevPhrases HKPhrases
HKPhrasesRev JPShinjitaiCharacters JPShinjitaiPhrases""".split()
for name in RAW:
    write(name, first(name))
for name in ["TWVariants", "HKVariants", "JPShinjitaiCharacters"]:
    write(name + "Rev", reverse(name))

ext = {}
for key, values, tofu in entries("TSCharacters")[0]:
    if tofu:
        ext[key] = (values[1:] if values[0] == key else values)[0]
write("TSCharactersExt", ext)

compat, phrases, chars = first("CJK_Compatibility_Ideographs"), first("TSPhrases"), first("TSCharacters")
longest = max(map(len, phrases))

def t2s(text):
    text, out, i = "".join(compat.get(c, c) for c in text), [], 0
    while i < len(text):
        for n in range(min(longest, len(text) - i), 0, -1):
            if text[i:i + n] in phrases:
                out.append(phrases[text[i:i + n]])
                i += n
                break
        else:
            out.append(ext.get(text[i], chars.get(text[i], text[i])))
            i += 1
    return "".join(out)

generated = {}
for name in ["HKPhrases", "TWPhrases"]:
    for key in first(name):
        if len(t2s(key)) >= 3:
            generated.setdefault(t2s(key), key)
write("STPhrases_GeneratedFromRegionalPhrases", generated)

text = git("test/testcases/testcases.json")
cases = json.loads(re.sub(r",(\s*[}\]])", r"\1", text))["cases"]
lines = [f"{mode}\t{case['input']}\t{want}" for case in cases for mode, want in case["expected"].items()]
assert not any(l.count("\t") != 2 or "\n" in l for l in lines)
(here / "cases.txt").write_text("\n".join(lines) + "\n")
