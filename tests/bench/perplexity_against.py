"""`run = "perplexity"` beside KenLM: the same model, the same lines, as ARPA and (with `--build`) as KenLM's own files.

    pip install kenlm==0.3.0 pyarrow
    perplexity_against.py CORPUS LINES.txt [--lines 20000] [--order 4] [--build BUILD_BINARY]

LINES has a text a line; characters are counted. Half of the lines make an ARPA file (Witten-Bell, as plain as can be: only
the reading and scoring is compared), the other half is scored by both. `--build BUILD_BINARY` is KenLM's program of that
name: its six kinds of files are made and scored too. Prints the largest difference of log10 a token.
"""

import argparse
import collections
import json
import math
import pathlib
import subprocess
import tempfile

import kenlm
import pyarrow.parquet as parquet

KINDS = {
    "probing": ["probing"],
    "trie": ["trie"],
    "trie, compressed pointers": ["-a", "22", "trie"],
    "trie, quantised": ["-q", "8", "-b", "8", "trie"],
    "trie, both": ["-a", "22", "-q", "8", "-b", "8", "trie"],
}


def arpa(lines, order, path):
    """An n-gram model with back-off weights that make every context sum to one."""
    grams = [collections.Counter() for _ in range(order)]
    for line in lines:
        words = ["<s>", *line.replace(" ", ""), "</s>"]
        for n in range(order):
            grams[n].update(tuple(words[i : i + n + 1]) for i in range(len(words) - n))
    # What stands once is left out, and whatever has lost its beginning or end.
    kept = [set(grams[0]) | {("<unk>",)}]
    for n in range(1, order):
        kept.append({g for g, c in grams[n].items() if c > 1 and g[:-1] in kept[n - 1] and g[1:] in kept[n - 1]})
    follow = [collections.defaultdict(set) for _ in range(order)]
    total = [collections.Counter() for _ in range(order)]
    for n in range(order):
        for gram, count in grams[n].items():
            total[n][gram[:-1]] += count
            follow[n][gram[:-1]].add(gram[-1])
    known = len(kept[0])

    def probability(gram):
        if not gram[:-1]:
            types = len(follow[0][()])
            return (grams[0][gram] + types / known) / (total[0][()] + types)
        n, context = len(gram) - 1, gram[:-1]
        lower = probability(gram[1:])
        if not total[n][context]:
            return lower
        types = len(follow[n][context])
        return (grams[n][gram] + types * lower) / (total[n][context] + types)

    chances = [{g: probability(g) for g in level} for level in kept]
    with open(path, "w", encoding="utf8") as file:
        file.write("\\data\\\n" + "".join(f"ngram {n + 1}={len(kept[n])}\n" for n in range(order)))
        for n in range(order):
            next_ones = collections.defaultdict(list)
            if n + 1 < order:
                for gram in kept[n + 1]:
                    next_ones[gram[:-1]].append(gram)
            file.write(f"\n\\{n + 1}-grams:\n")
            for gram in sorted(kept[n]):
                chance = -99.0 if gram == ("<s>",) else math.log10(chances[n][gram])
                line = f"{chance:.7g}\t{' '.join(gram)}"
                if n + 1 < order and gram[-1] != "</s>":
                    ones = next_ones[gram]
                    left = 1 - sum(chances[n + 1][g] for g in ones)
                    lower = 1 - sum(chances[n][g[1:]] for g in ones)
                    line += f"\t{math.log10(left / lower) if ones and left > 0 and lower > 0 else 0:.7g}"
                file.write(line + "\n")
        file.write("\n\\end\\\n")


def ours(corpus, folder, model, lines):
    with open(folder / "rows.jsonl", "w") as file:
        for number, line in enumerate(lines):
            file.write(json.dumps({"id": str(number), "text": line}, ensure_ascii=False) + "\n")
    (folder / "recipe.toml").write_text(
        'name = "r"\n[[source]]\nname = "s"\nuse = "pretrain"\npath = ["rows.jsonl"]\n[output]\nsignals = ["perplexity"]\n'
        f'[[stage]]\nrun = "perplexity"\nmodel = "{model}"\nunit = "plain"\n'
    )
    subprocess.run([corpus, "build", "--recipe", "recipe.toml", "--out", "out", "--quiet", "--fresh"], cwd=folder, check=True)
    found = {}
    for path in sorted((folder / "out/data").rglob("*.parquet")):
        table = parquet.read_table(path, columns=["id", "perplexity"]).to_pydict()
        found.update((int(i), p) for i, p in zip(table["id"], table["perplexity"]))
    return found


def compare(name, corpus, folder, path, lines):
    model, found = kenlm.Model(str(path)), ours(corpus, folder, path, lines)
    worst, relative = 0.0, 0.0
    for number, perplexity in found.items():
        theirs = model.score(lines[number]) / (len(lines[number].split()) + 1)
        worst = max(worst, abs(theirs + math.log10(perplexity)))
        relative = max(relative, abs(10**-theirs - perplexity) / perplexity)
    print(f"| {name} | {path.stat().st_size / 1e6:.1f} | {len(found):,} | {worst:.1e} | {relative:.1e} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--order", type=int, default=4)
    parser.add_argument("--build", type=pathlib.Path)
    given = parser.parse_args()
    corpus = given.corpus.resolve()
    texts = ["".join(line.split()) for line in given.file.read_text().split("\n") if len(line.split()) and len(line) >= 5]
    lines = [" ".join(line) for line in texts[1::2]][: given.lines]
    print("| file | MB | lines | largest difference of log10 a token | of perplexity, relative |\n| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        arpa(texts[::2], given.order, folder / "m.arpa")
        compare("ARPA", corpus, folder, folder / "m.arpa", lines)
        for name, options in KINDS.items() if given.build else ():
            made = [given.build.resolve(), *options, folder / "m.arpa", folder / "m.klm"]
            subprocess.run(made, check=True, stderr=subprocess.DEVNULL)
            compare(name, corpus, folder, folder / "m.klm", lines)


main()
