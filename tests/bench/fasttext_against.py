"""`run = "classify"` beside fastText itself: label and probability of every line, for models of every kind.

    pip install fasttext-numpy2-wheel==0.9.2 pyarrow
    fasttext_against.py CORPUS LINES.txt [--lines 50000] [--model FILE]...

LINES has a text a line. Of the other lines models are trained, their labels a hash of the line's beginning: softmax,
hierarchical softmax, one against all and negative sampling, with and without subwords and word n-grams, as `.bin`, and
quantised as `.ftz`. `--model` adds models that are there already, such as lid.176.ftz. Prints for each how many labels
are equal and the largest difference of a probability.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import zlib

import fasttext
import pyarrow.parquet as parquet

fasttext.FastText.eprint = lambda _: None
KINDS = {
    "softmax, words and pairs": dict(loss="softmax", wordNgrams=2, dim=16),
    "softmax, subwords": dict(loss="softmax", minn=2, maxn=4, dim=16, bucket=50_000),
    "softmax, subwords and pairs": dict(loss="softmax", minn=2, maxn=3, wordNgrams=2, dim=10),
    "hierarchical softmax, subwords": dict(loss="hs", minn=2, maxn=3, dim=12, bucket=50_000),
    "hierarchical softmax, words": dict(loss="hs", dim=16),
    "one against all, subwords": dict(loss="ova", minn=2, maxn=3, dim=8, bucket=50_000),
    "negative sampling, words": dict(loss="ns", dim=8),
}
SHRUNK = {
    "as .ftz": dict(),
    "as .ftz, lengths apart, cut off": dict(qnorm=True, cutoff=20_000),
}
ODD = ["</s>", "a </s> b", "__label__3 好", "  两 头 空  ", "\ta\tb", "ａ\u3000ｂ", "。", "1", "𠮷野家", "😀 ok", "\u00a0x\u00a0"]


def ours(corpus, folder, model, lines):
    with open(folder / "rows.jsonl", "w") as file:
        for number, line in enumerate(lines):
            file.write(json.dumps({"id": str(number), "text": line}, ensure_ascii=False) + "\n")
    (folder / "recipe.toml").write_text(
        'name = "r"\n[[source]]\nname = "s"\nuse = "pretrain"\npath = ["rows.jsonl"]\n[output]\nsignals = ["class", "class_score"]\n'
        f'[[stage]]\nrun = "classify"\nmodel = "{model}"\n'
    )
    command = [corpus, "build", "--recipe", "recipe.toml", "--out", "out", "--quiet", "--fresh"]
    subprocess.run(command, cwd=folder, check=True)
    found = {}
    for path in sorted((folder / "out/data").rglob("*.parquet")):
        table = parquet.read_table(path, columns=["id", "class", "class_score"]).to_pydict()
        found.update((int(i), (c, s)) for i, c, s in zip(table["id"], table["class"], table["class_score"]))
    return found


def compare(name, corpus, folder, path, lines):
    model = fasttext.load_model(str(path))
    found = ours(corpus, folder, path, lines)
    labels = equal = 0
    worst, none, example = 0.0, 0, None
    for number, line in enumerate(lines):
        if number not in found:
            continue
        said, probability = model.predict(line)
        label, score = found[number]
        if not said or label is None:
            none += 1
            equal += (not said) == (label is None)
            labels += 1
            continue
        labels += 1
        if said[0].removeprefix("__label__") == label:
            equal += 1
            worst = max(worst, abs(float(probability[0]) - score))
        else:
            example = example or (line[:60], said[0], float(probability[0]), label, score)
    print(f"| {name} | {labels:,} | {equal:,} | {worst:.1e} | {none} |" + (f" {example}" if example else ""), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--lines", type=int, default=50_000)
    parser.add_argument("--model", action="append", type=pathlib.Path, default=[])
    given = parser.parse_args()
    corpus = given.corpus.resolve()
    texts = [line for line in given.file.read_text().split("\n") if line.strip()]
    lines, others = (ODD + texts[::2])[: given.lines], texts[1::2][:30_000]
    print("| model | lines | labels equal | largest difference | no label |\n| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with open(folder / "train.txt", "w") as file:
            for line in others:
                file.write(f"__label__{zlib.crc32(line[:3].encode()) % 13} {line}\n")
        for path in given.model:
            compare(path.name, corpus, folder, path.resolve(), lines)
        for name, options in KINDS.items():
            options = dict(dict(bucket=200_000), **options)
            model = fasttext.train_supervised(str(folder / "train.txt"), epoch=1, lr=0.05, thread=1, seed=1, verbose=0, **options)
            model.save_model(str(folder / "m.bin"))
            compare(f"{name}, .bin", corpus, folder, folder / "m.bin", lines)
            shrunk = list(SHRUNK.items())
            for kind, quantised in shrunk[:1] if options["loss"] != "softmax" else shrunk:
                model = fasttext.load_model(str(folder / "m.bin"))
                model.quantize(input=str(folder / "train.txt"), retrain=False, verbose=0, thread=1, **quantised)
                model.save_model(str(folder / "m.ftz"))
                compare(f"{name}, {kind}", corpus, folder, folder / "m.ftz", lines)


main()
