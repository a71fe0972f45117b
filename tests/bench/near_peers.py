#!/usr/bin/env python3
"""near_dedup beside other tools: the same text, one run, one thread each; prints Markdown tables.

    tests/bench/near_peers.py CORPUS --venvs FOLDER [--only rensa,…] LANGUAGE FILE.jsonl TRUTH.json […]

CORPUS, FILE and TRUTH are those of near.py; LANGUAGE is zh or en. Every other tool gets a virtual environment in
FOLDER, made with pip where it is not there yet (datatrove's takes 9 GB). Needs Python 3.11, numpy and pyarrow.

Every tool reads the JSON lines and writes the rows that it keeps. Where a threshold can be set it is 0.7; all else is as
the tool's documentation has it, but for the rows named "characters", which cut the text into character 5-grams instead
of words. CPU seconds are of all processes of a tool, start to end, user and system; quick tools run three times, in
turn with the others, and the median counts. Memory is that of the largest process. What was found is judged alike for
all, by what they kept: all pairs of rows whose true similarity reaches 0.7 are searched for (`alike`). "Under
0.7" counts dropped rows that are like no row kept, "left" rows kept that are like another one kept.
"""
import argparse
import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile

THRESHOLD = 0.7


# --- the tools: each function runs in an environment of its own, from JSON lines to JSON lines -------------------------

def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write(out, rows):
    with open(os.path.join(out, "kept.jsonl"), "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def characters(text):
    return [text[i:i + 5] for i in range(len(text) - 4)]


def rensa(path, out, language, cut=str.split):
    """As its README: batches of (key, tokens) with the index on; tokens are split at spaces there."""
    from rensa import RMinHashDeduplicator

    rows = lines(path)
    dedup = RMinHashDeduplicator(threshold=THRESHOLD, num_perm=128, use_lsh=True)
    keep = dedup.add_pairs((str(i), cut(row["text"])) for i, row in enumerate(rows))
    write(out, (row for row, kept in zip(rows, keep) if kept))


def rensa_characters(path, out, language):
    rensa(path, out, language, characters)


def datasketch(path, out, language):
    """As its documentation: a MinHash updated word by word, looked up in the index, inserted if nothing is found."""
    from datasketch import MinHash, MinHashLSH

    def sign(text):
        m = MinHash(num_perm=128)
        for word in set(text.split()):
            m.update(word.encode("utf8"))
        return m

    index = MinHashLSH(threshold=THRESHOLD, num_perm=128)
    write(out, first_ones(path, index, sign))


def datasketch_characters(path, out, language):
    """The same over characters, in batches, and a row goes only if the estimate for a hit reaches the threshold."""
    from datasketch import MinHash, MinHashLSH

    def sign(text):
        m = MinHash(num_perm=128)
        m.update_batch([s.encode("utf8") for s in set(characters(text))])
        return m

    index = MinHashLSH(threshold=THRESHOLD, num_perm=128)
    write(out, first_ones(path, index, sign, check=True))


def first_ones(path, index, sign, check=False):
    signed = {}
    for i, row in enumerate(lines(path)):
        m = sign(row["text"])
        hits = index.query(m)
        if check:
            hits = [hit for hit in hits if m.jaccard(signed[hit]) >= THRESHOLD]
            signed[i] = m
        if not hits:
            index.insert(i, m)
            yield row


def text_dedup(path, out, language):
    """As its README, with one process; its defaults are 5 words, 250 permutations and a threshold of 0.7."""
    main = "from text_dedup.minhash import main; main()"
    subprocess.run([sys.executable, "-c", main, "--path", "json", "--data_files", path, "--split", "train", "--cache_dir",
                    os.path.join(out, "cache"), "--output", os.path.join(out, "kept"), "--column", "text",
                    "--batch_size", "10000", "--num_proc", "1"], check=True, cwd=out)


def datatrove(path, out, language):
    """As its example: four stages, 14 buckets of 8, words of the language."""
    from datatrove.executor import LocalPipelineExecutor as Run
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import (MinhashConfig, MinhashDedupBuckets, MinhashDedupCluster,
                                                  MinhashDedupFilter)
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers.jsonl import JsonlWriter

    config = MinhashConfig()
    at = {name: os.path.join(out, name) for name in ("signatures", "buckets", "remove", "kept", "logs")}
    source = JsonlReader(os.path.dirname(path), glob_pattern=os.path.basename(path))
    stages = [
        (1, [source, MinhashDedupSignature(at["signatures"], config=config, language=language)]),
        (config.num_buckets, [MinhashDedupBuckets(at["signatures"], at["buckets"], config=config)]),
        (1, [MinhashDedupCluster(at["buckets"], at["remove"], config=config)]),
        (1, [source, MinhashDedupFilter(at["remove"]), JsonlWriter(at["kept"])]),
    ]
    for number, (tasks, pipeline) in enumerate(stages):
        Run(pipeline=pipeline, tasks=tasks, workers=1, logging_dir=os.path.join(at["logs"], str(number))).run()


def datatrove_jieba(path, out, language):
    """The same with the code that has Chinese cut into words by jieba; `zh` has it split at spaces."""
    datatrove(path, out, "cmn_Hani")


# Label, environment, runs, function, only for this language.
TOOLS = [
    ("rensa, words", "rensa", 3, rensa, None),
    ("rensa, characters", "rensa", 3, rensa_characters, None),
    ("datasketch, words", "datasketch", 1, datasketch, None),
    ("datasketch, characters", "datasketch", 1, datasketch_characters, None),
    ("text-dedup", "text-dedup", 1, text_dedup, None),
    ("datatrove", "datatrove", 1, datatrove, None),
    ("datatrove, `cmn_Hani`", "datatrove", 1, datatrove_jieba, "zh"),
]
PACKAGES = {
    "rensa": "rensa==0.5.0",
    "datasketch": "datasketch==2.0.0",
    "text-dedup": "text-dedup==0.4.0",
    "datatrove": "datatrove[io,processing,multilingual]==0.10.1",
}


def kept_ids(out):
    """Ids of the rows that a tool has written."""
    ids = set()
    for folder, _, names in os.walk(out):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".arrow") and os.path.basename(folder) == "kept":
                import pyarrow as pa

                ids.update(pa.ipc.open_stream(path).read_all()["id"].to_pylist())
            elif name == "kept.jsonl" or name.endswith(".jsonl.gz"):
                with (gzip.open if name.endswith(".gz") else open)(path, "rt", encoding="utf-8") as file:
                    ids.update(json.loads(line)["id"] for line in file)
    return ids


# --- running them ------------------------------------------------------------------------------------------------------

def environment(folder, name):
    """The Python of a tool, and the size of what was installed for it, in MiB."""
    path = os.path.join(os.path.abspath(folder), name)
    if not os.path.exists(os.path.join(path, "bin", "pip")):
        subprocess.run([sys.executable, "-m", "venv", path], check=True)
        subprocess.run([os.path.join(path, "bin", "pip"), "install", "-q", PACKAGES[name]], check=True)
    du = subprocess.run(["du", "-sm", path], check=True, capture_output=True, text=True).stdout
    return os.path.join(path, "bin", "python"), int(du.split()[0])


def version(python, name):
    code = f"import importlib.metadata as m; print(m.version({name!r}))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def measured(python, name, path, out, language):
    """CPU seconds and memory (KiB) of a tool."""
    import near

    env = os.environ | dict.fromkeys(
        ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "ARROW_NUM_THREADS"], "1")
    env |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HOME": os.path.join(out, "hub")}
    log = os.path.join(out, "log")
    command = [python, os.path.abspath(__file__), "--run", name, os.path.abspath(path), out, language]
    cpu, peak, code = near.account(command, log, env)
    if code:
        sys.exit(open(log, encoding="utf-8", errors="replace").read()[-3000:])
    return cpu, peak


def run_all(corpus, tools, path, language):
    """Label → (CPU seconds of the runs, memory in MiB, ids kept)."""
    import near

    results = {}
    for turn in range(3):
        build = near.build(corpus, path, {})
        print(f"corpus: {build.cpu:.1f} CPU s", file=sys.stderr)
        note(results, "corpus", build.cpu, build.peak, build.kept)
        for label, python, runs, tool in tools:
            if turn < runs:
                with tempfile.TemporaryDirectory() as out:
                    cpu, peak = measured(python, tool.__name__, path, out, language)
                    note(results, label, cpu, peak, kept_ids(out))
                print(f"{label}: {cpu:.1f} CPU s", file=sys.stderr)
    return results


def note(results, label, cpu, peak, kept):
    seconds, memory, before = results.setdefault(label, ([], [], kept))
    if before != kept:
        print(f"{label}: another run kept other rows ({len(before)}, {len(kept)})", file=sys.stderr)
    seconds.append(cpu)
    memory.append(peak / 1024)


# --- judging what they kept --------------------------------------------------------------------------------------------

def alike(texts, threshold):
    """Pairs of texts (numbers) whose sets of character 5-grams have at least this similarity: candidates by 64 bands of
    4 full MinHash values, which miss one pair of similarity 0.7 in 40 million, compared by their sets of 64-bit hashes."""
    import numpy as np

    same = {}
    for number, text in enumerate(texts):
        same.setdefault(text, []).append(number)
    groups = list(same.values())
    random = np.random.default_rng(1)
    xors, odds = random.integers(0, 1 << 63, (2, 1, 256), dtype=np.uint64)
    sets, signatures = [], np.empty((len(groups), 256), dtype=np.uint64)
    for at, text in enumerate(same):
        c = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
        c = [c[i:max(len(c) - 4 + i, 0)] for i in range(5)]
        h = c[0] << np.uint64(42) | c[1] << np.uint64(21) | c[2]
        for word in (c[3] << np.uint64(21) | c[4], np.uint64(0x9E3779B97F4A7C15)):
            h = (h ^ h >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
            h = (h ^ h >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
            h = (h ^ h >> np.uint64(31)) + word
        sets.append(np.unique(h))
        least = [((sets[at][i:i + 4096, None] ^ xors) * (odds | np.uint64(1))).min(axis=0)
                 for i in range(0, max(len(h), 1), 4096) if i < len(sets[at])]
        signatures[at] = np.min(least, axis=0) if least else at
    codes = []
    for band in range(0, 256, 4):
        _, bucket = np.unique(signatures[:, band:band + 4], axis=0, return_inverse=True)
        order = np.argsort(bucket.ravel(), kind="stable")
        for members in np.split(order, np.flatnonzero(np.diff(bucket.ravel()[order])) + 1):
            if len(members) > 1:
                x, y = np.triu_indices(len(members), 1)
                codes.append(members[x] * len(sets) + members[y])
    pairs = [(a, b) for group in groups for i, a in enumerate(group) for b in group[i + 1:]]
    for code in np.unique(np.concatenate(codes)).tolist() if codes else []:
        x, y = divmod(code, len(sets))
        common = len(np.intersect1d(sets[x], sets[y], assume_unique=True))
        if common >= threshold * (len(sets[x]) + len(sets[y]) - common):
            pairs.extend((a, b) for a in groups[x] for b in groups[y])
    return pairs


def judge(path, truth, results, sizes):
    """Prints the table of a file."""
    import near

    texts = near.read(path)
    megabytes = sum(len(t.encode()) for t in texts.values()) / 1e6
    folded = {id: text.translate(near.FOLD) for id, text in texts.items()}
    with open(truth, encoding="utf-8") as file:
        planted = near.planted(json.load(file), folded.get, THRESHOLD)
    ids = list(folded)
    like = {}
    for a, b in alike(list(folded.values()), THRESHOLD):
        like.setdefault(ids[a], []).append(ids[b])
        like.setdefault(ids[b], []).append(ids[a])
    print(f"\n{os.path.basename(path)}: {megabytes:.1f} MB, {len(texts)} rows, {len(planted)} planted pairs; "
          f"{sum(map(len, like.values())) // 2} pairs in all reach {THRESHOLD}\n")
    print("| tool | found: exact, 0.1, 0.5, 1, 2 % of the characters changed | of pairs that reach 0.7 | dropped "
          "| under 0.7 | left | CPU s | MB a CPU s | peak MiB | installed MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for label, (seconds, memory, kept) in results.items():
        levels = near.recall(planted, kept)
        shares = ", ".join(f"{found / pairs:.3f}" for pairs, found, _, _ in levels.values())
        reach, both = (sum(level[i] for level in levels.values()) for i in (2, 3))
        dropped = [id for id in ids if id not in kept]
        under = sum(kept.isdisjoint(like.get(id, ())) for id in dropped)
        left = sum(not kept.isdisjoint(like[id]) for id in kept if id in like)
        cpu = statistics.median(seconds)
        print(f"| {label} | {shares} | {both / reach:.4f} | {len(dropped):,} | {under:,} | {left:,} | {cpu:.1f} "
              f"| {megabytes / cpu:.{1 if megabytes > 10 * cpu else 2}f} | {max(memory):.0f} | {sizes[label]:,} |")


def main():
    if sys.argv[1:2] == ["--run"]:
        name, *rest = sys.argv[2:]
        next(tool for _, _, _, tool, _ in TOOLS if tool.__name__ == name)(*rest)
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus")
    parser.add_argument("--venvs", required=True)
    parser.add_argument("--only", help="functions of this file, with commas between")
    parser.add_argument("inputs", nargs="+", metavar="LANGUAGE FILE TRUTH")
    given = parser.parse_args()
    wanted = [t for t in TOOLS if not given.only or t[3].__name__ in given.only.split(",")]
    pythons = {name: environment(given.venvs, name) for name in dict.fromkeys(t[1] for t in wanted)}
    sizes = {label: pythons[name][1] for label, name, *_ in wanted}
    sizes["corpus"] = os.path.getsize(given.corpus) >> 20
    versions = [f"{name} {version(python, name)}" for name, (python, _) in pythons.items()]
    own = subprocess.run([given.corpus, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    print(", ".join([own, *versions, f"Python {platform.python_version()}"]), flush=True)
    inputs = [given.inputs[i:i + 3] for i in range(0, len(given.inputs), 3)]
    all_results = []
    for language, path, truth in inputs:
        tools = [(label, pythons[name][0], runs, tool) for label, name, runs, tool, only in wanted
                 if only in (None, language)]
        all_results.append((path, truth, run_all(given.corpus, tools, path, language)))
    for path, truth, results in all_results:
        judge(path, truth, results, sizes)


if __name__ == "__main__":
    main()
