"""`corpus train-quality` beside fastText trained on the same rows: CPU seconds, and accuracy on the same rows held out.

    pip install fasttext-numpy2-wheel==0.9.2
    train_quality_against.py CORPUS GOOD.jsonl BAD.jsonl [--rows 10000] [--seed 1]

GOOD and BAD have a `text` a line. Of each `--rows` are drawn, and one in ten of these (by the hash of the text, so that
copies are on one side) is held out of all training. Our file is read by fastText itself, so that both verdicts are its own.
fastText is trained with three settings; none was tuned, and the best of them on the held-out rows is named as such.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time
import zlib

import fasttext

fasttext.FastText.eprint = lambda _: None
SETTINGS = {
    "words and pairs": dict(wordNgrams=2),
    "subwords of 1 to 3": dict(minn=1, maxn=3),
    "subwords of 2 to 4, pairs": dict(minn=2, maxn=4, wordNgrams=2),
}


def drawn(path, rows, chance):
    texts = [json.loads(line)["text"] for line in open(path, encoding="utf8")]
    return chance.sample(texts, min(rows, len(texts)))


def accuracy(model, held):
    right = 0
    for label, text in held:
        said, _ = model.predict(text.replace("\n", " "))
        right += bool(said) and said[0] == f"__label__{label}"
    return right / len(held)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("good", type=pathlib.Path)
    parser.add_argument("bad", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    rows = [(label, text) for label in ("good", "bad") for text in drawn(getattr(given, label), given.rows, chance)]
    chance.shuffle(rows)
    is_held = lambda text: zlib.crc32(text.encode()) % 10 == 0
    held, train = [r for r in rows if is_held(r[1])], [r for r in rows if not is_held(r[1])]
    size = sum(len(text.encode()) for _, text in train) / 1e6
    print(f"{len(train):,} rows ({size:.1f} MB) to train on, {len(held):,} held out\n")
    print("| trainer | CPU s | accuracy on held-out rows |\n| --- | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for label in ("good", "bad"):
            with open(folder / f"{label}.jsonl", "w", encoding="utf8") as file:
                file.writelines(json.dumps({"text": t}, ensure_ascii=False) + "\n" for l, t in train if l == label)
        command = [given.corpus.resolve(), "train-quality", "--good", "good.jsonl", "--bad", "bad.jsonl", "--out", "ours.bin"]
        child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        assert status == 0, "train-quality failed"
        ours = accuracy(fasttext.load_model(str(folder / "ours.bin")), held)
        print(f"| corpus train-quality | {used.ru_utime + used.ru_stime:.1f} | {ours:.4f} |", flush=True)
        with open(folder / "train.txt", "w", encoding="utf8") as file:
            file.writelines(f"__label__{label} {' '.join(text.split())}\n" for label, text in train)
        for name, options in SETTINGS.items():
            start = time.process_time()
            model = fasttext.train_supervised(str(folder / "train.txt"), dim=16, bucket=1 << 20, epoch=10, lr=0.5, thread=1, verbose=0, **options)
            print(f"| fastText, {name} | {time.process_time() - start:.1f} | {accuracy(model, held):.4f} |", flush=True)


main()
