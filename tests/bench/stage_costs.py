"""The cost of each stage that cleans, measures and judges, in text per CPU second; and whole recipes beside datatrove.

    stage_costs.py CORPUS TEXTS.jsonl [--runs 3] [--datatrove MB] [--stage NAME]...

TEXTS has a `text` a line. The cost of a stage is the CPU time of a build with it less that of a build without, both whole
processes on one thread: the least of `--runs` runs, taken in turns. A stage that changes texts is paid twice (once to
measure, once to write), as in every build. `--datatrove` runs FineWeb-2's filters for Chinese (repetition, its own rules,
Gopher's, with the published limits; no language filter) on the first so many megabytes, in the same turns. Needs
`pip install datatrove==0.10.1 spacy jieba`.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

STAGES = {
    "normalize": 'run = "normalize"',
    "mojibake": 'run = "mojibake"',
    "residue": 'run = "residue"',
    "residue, Markdown and links": 'run = "residue"\nmarkdown = true\nlinks = "drop"',
    "boilerplate": 'run = "boilerplate"',
    "layout": 'run = "layout"',
    "layout, repeats": 'run = "layout"\nrepeats = 12',
    "personal_data": 'run = "personal_data"',
    "characters": 'run = "characters"',
    "language": 'run = "language"',
    "language by line": 'run = "language"\nlines = true',
    "words": 'run = "words"',
    "quality, characters": 'run = "quality"',
    "quality, words": 'run = "quality"\nunit = "words"',
    "profile zh-web": 'run = "profile"\nprofile = "zh-web"',
    "profile fineweb2-cmn_Hani (words)": 'run = "profile"\nprofile = "fineweb2-cmn_Hani"',
    "exact_dedup": 'run = "exact_dedup"',
}
RECIPES = {
    "normalize, words, language, exact_dedup": ["normalize", "words", "language", "exact_dedup"],
    "zh-web": ["normalize", "language", "profile zh-web", "exact_dedup"],
    "zh-web with words": ["normalize", "language", "words", "profile zh-web", "exact_dedup"],
    "all that cleans": ["mojibake", "residue", "boilerplate", "layout", "personal_data"],
    "fineweb2-cmn_Hani (words)": ["profile fineweb2-cmn_Hani (words)"],
    "profile zh-web alone": ["profile zh-web"],
}

CHAIN = """
import json, sys, time
from datatrove.data import Document
from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
# configs/cmn_Hani.yml of github.com/huggingface/fineweb-2
stop = "的 年 在 月 是 和 日 了 於 · 為 有 被 人 中 为 他 與 後 也 而 由".split()
chain = [
    GopherRepetitionFilter(language="cmn_Hani", dup_para_frac=0, dup_line_char_frac=0, dup_para_char_frac=0, dup_line_frac=0.287,
        top_n_grams=((2, 0.256), (3, 0.201), (4, 0.171)),
        dup_n_grams=((5, 0.198), (6, 0.182), (7, 0.167), (8, 0.154), (9, 0.14), (10, 0.127))),
    FineWebQualityFilter(language="cmn_Hani", short_line_thr=999, char_duplicates_ratio=0.1, line_punct_thr=0.106, new_line_ratio=0.178),
    GopherQualityFilter(language="cmn_Hani", min_avg_word_length=1, max_avg_word_length=5, stop_words=stop, max_non_alpha_words_ratio=0.735, min_stop_words=2),
]
texts, size = [], 0
for line in open(sys.argv[1], encoding="utf8"):
    texts.append(json.loads(line)["text"])
    size += len(texts[-1].encode())
    if size > float(sys.argv[2]) * 1e6:
        break
warm = Document(text="今天天气很好，我们去公园。", id="0")
for filter in chain:
    filter.filter(warm)
start, kept = time.process_time(), 0
for number, text in enumerate(texts):
    document = Document(text=text, id=str(number))
    kept += all(filter.filter(document) is True for filter in chain)
print(json.dumps([size / 1e6, time.process_time() - start, kept, len(texts)]))
"""


def build(corpus, folder, source, stages):
    """CPU seconds of a build, whole process, and its jobs."""
    recipe = f'name = "costs"\n[[source]]\nname = "texts"\nuse = "pretrain"\npath = ["{source}"]\n'
    (folder / "recipe.toml").write_text(recipe + "".join(f"[[stage]]\n{STAGES.get(s, s)}\n" for s in stages))
    command = [corpus, "build", "--recipe", "recipe.toml", "--out", "out", "--quiet", "--fresh", "--threads", "1"]
    child = subprocess.Popen(command, cwd=folder)
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"the build failed: {stages}")
    timings = json.loads((folder / "out/build.json").read_text())["timings"]
    jobs = {name: job["cpu_seconds"] for name, job in timings.items() if isinstance(job, dict) and name != "total" and "cpu_seconds" in job}
    return used.ru_utime + used.ru_stime, jobs, used.ru_maxrss / 1024


def datatrove(source, megabytes):
    done = subprocess.run([sys.executable, "-c", CHAIN, source, str(megabytes)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("texts", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--datatrove", type=float, default=0)
    parser.add_argument("--stage", action="append")
    given = parser.parse_args()
    corpus, source = given.corpus.resolve(), given.texts.resolve()
    size = sum(len(json.loads(line)["text"].encode()) for line in open(source, encoding="utf8")) / 1e6
    wanted = {name: [name] for name in STAGES} | RECIPES
    if given.stage:
        wanted = {name: stages for name, stages in wanted.items() if name in given.stage}
    best, chain = {}, None
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(given.runs):
            for name, stages in [("nothing", []), *wanted.items()]:
                best[name] = min(best.get(name, (9e9,)), build(corpus, pathlib.Path(folder), source, stages))
            if given.datatrove:
                found = datatrove(source, given.datatrove)
                chain = min(chain or found, found, key=lambda f: f[1])
    nothing = best["nothing"][0]
    print(f"{size:.1f} MB; a build without stages: {nothing:.2f} CPU s, {size / nothing:.1f} MB a CPU second\n")
    print("| stage | CPU s more | MB a CPU second of it |\n| --- | ---: | ---: |")
    for name in wanted:
        if name in STAGES:
            more = best[name][0] - nothing
            print(f"| {name} | {more:.2f} | {size / more:.0f} |" if more > 0.02 else f"| {name} | {more:.2f} | – |")
    print("\n| whole build | CPU s | MB a CPU second | peak MiB | jobs |" + (" times datatrove |" if chain else ""))
    print("| --- | ---: | ---: | ---: | --- |" + (" ---: |" if chain else ""))
    if chain:
        theirs = chain[0] / chain[1]
        print(f"| datatrove, FineWeb-2's filters ({chain[0]:.1f} MB, {chain[2]} of {chain[3]} kept) | {chain[1]:.2f} | {theirs:.3f} | | | 1 |")
    for name in wanted:
        if name in RECIPES:
            cpu, jobs, peak = best[name]
            listed = ", ".join(f"{job} {seconds:.2f}" for job, seconds in jobs.items() if seconds >= 0.05)
            print(f"| {name} | {cpu:.2f} | {size / cpu:.1f} | {peak:.0f} | {listed} |" + (f" {size / cpu / theirs:.0f} |" if chain else ""))


main()
