#!/usr/bin/env python3
"""How the work of a build grows with its input: each case at 1x, 2x and 4x, made here, by a seed.

    tests/bench/growth.py BINARY [CASE …] [--base MB] [--keep FOLDER] [--threads N]

Prints, for each case and job, CPU seconds at each size, the exponent of growth between the first and the last (1 is
linear), the megabytes that were read, and the peak memory of the whole. Cases: csv, rowgroup (a Parquet file of one row group), blocks (text between blank lines),
gz (one small compressed file), array (one JSON array in .gz), words (staged text), shuffle, many (sources of one small
file each), tiny (a folder of tiny files), zip (the same in one zip), archives (what `plan` says of zips and tars), killed (a packed file, unpacked in spite of kills), retune (another
threshold before `line_dedup`), work (bytes of the work folder), row (one huge row), threads (wall and CPU with 1 and 2).
Needs pyarrow for `rowgroup` and `retune`'s tables; all else is the standard library.
"""
import argparse
import bz2
import gzip
import io
import json
import math
import os
import random
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

HAN = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运"


def text(rng, chars):
    """Sentences of `chars` characters, none like another."""
    out = []
    while chars > 0:
        size = min(chars, rng.randint(6, 24))
        out.append("".join(rng.choices(HAN, k=size)))
        chars -= size + 1
    return "，".join(out) + "。"


def rows(megabytes, seed=1, chars=500):
    """Texts of about 3 bytes a character, up to so many MB in all."""
    rng = random.Random(seed)
    left = int(megabytes * 1e6)
    while left > 0:
        one = text(rng, rng.randint(chars // 2, chars * 3 // 2))
        left -= len(one.encode())
        yield one


class Case:
    """A folder with a recipe, built by a binary."""

    def __init__(self, options, name):
        self.options, self.name = options, name
        self.folder = os.path.join(options.keep, name)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)

    def path(self, name):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def recipe(self, sources, stages="", output=""):
        with open(self.path("recipe.toml"), "w", encoding="utf-8") as out:
            out.write(f'name = "grow"\nabout = "made by growth.py"\n{sources}\n{stages}\n[output]\n{output}\n')

    def run(self, *more, command="build"):
        """Runs a command; wall and CPU seconds, peak memory in MiB, and what it printed."""
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
        args = [self.options.binary, command, "--recipe", "recipe.toml", *more]
        process = subprocess.Popen(
            args, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "CORPUS_HOME": os.path.join(self.folder, "home")},
        )
        out, err = process.communicate()
        if process.returncode != 0:
            sys.exit(f"{self.name}: {' '.join(args)}\n{err}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"wall": time.time() - start, "cpu": cpu, "out": out, "err": err}

    def build(self, *more, out="out"):
        threads = [] if "--threads" in more else ["--threads", str(self.options.threads)]
        done = self.run("--out", out, *threads, *more)
        with open(self.path(f"{out}/build.json"), encoding="utf-8") as file:
            done["timings"] = json.load(file)["timings"]
        done["jobs"] = {k: v["cpu_seconds"] for k, v in done["timings"].items() if isinstance(v, dict) and "cpu_seconds" in v}
        done["read"] = {k: v.get("read_bytes", 0) / 1e6 for k, v in done["timings"].items() if k in done["jobs"]}
        done["peak"] = done["timings"]["total"]["peak_memory_bytes"] / 2**20
        return done


SOURCE = '[[source]]\nname = "docs"\npath = ["docs/*"]\n'


def jsonl(case, megabytes, files=1, chars=500):
    outs = [open(case.path(f"docs/{i:05}.jsonl"), "w", encoding="utf-8") for i in range(files)]
    for i, one in enumerate(rows(megabytes, chars=chars)):
        outs[i % files].write(json.dumps({"text": one}, ensure_ascii=False) + "\n")
    for out in outs:
        out.close()
    case.recipe(SOURCE + 'use = "pretrain"\n', "", SMALL)


#: Slabs of a quarter of the input at 1x (of 4 MiB, where that is 16 MB): as many as a far larger build has.
SMALL = 'shard = "4MiB"'


def csv(case, megabytes):
    with open(case.path("docs/a.csv"), "w", encoding="utf-8") as out:
        out.write("id,body\n")
        for i, one in enumerate(rows(megabytes)):
            out.write(f'{i},"{one}\n""{i}"""\n')
    case.recipe(SOURCE + 'use = "pretrain"\nfields = { text = "body" }\n', "", SMALL)


def rowgroup(case, megabytes):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"text": list(rows(megabytes))})
    os.makedirs(case.path("docs"), exist_ok=True)
    pq.write_table(table, case.path("docs/a.parquet"), row_group_size=1 << 30)
    case.recipe(SOURCE + 'use = "pretrain"\n', "", SMALL)


def blocks(case, megabytes):
    with open(case.path("docs/a.txt"), "w", encoding="utf-8") as out:
        for one in rows(megabytes):
            out.write(one.replace("，", "\n", 3) + "\n\n")
    case.recipe(SOURCE + 'use = "pretrain"\nrows = "block"\n', "", SMALL)


def gz(case, megabytes):
    os.makedirs(case.path("docs"), exist_ok=True)
    with gzip.open(case.path("docs/a.jsonl.gz"), "wt", encoding="utf-8", compresslevel=1) as out:
        for one in rows(megabytes):
            out.write(json.dumps({"text": one}, ensure_ascii=False) + "\n")
    case.recipe(SOURCE + 'use = "pretrain"\n', "", SMALL)


def array(case, megabytes):
    os.makedirs(case.path("docs"), exist_ok=True)
    with gzip.open(case.path("docs/a.json.gz"), "wt", encoding="utf-8", compresslevel=1) as out:
        for i, one in enumerate(rows(megabytes)):
            out.write(("[" if i == 0 else ",\n") + json.dumps({"text": one}, ensure_ascii=False))
        out.write("]\n")
    case.recipe(SOURCE + 'use = "pretrain"\n', "", SMALL)


def words(case, megabytes):
    jsonl(case, megabytes)
    case.recipe(SOURCE + 'use = "pretrain"\n', '[[stage]]\nrun = "words"\ncolumn = true\n', SMALL + '\nsignals = ["words"]')


def shuffle(case, megabytes):
    jsonl(case, megabytes, chars=200)
    case.recipe(SOURCE + 'use = "pretrain"\n', '[[stage]]\nrun = "shuffle"\n', 'shard = "32KiB"')


def many(case, megabytes):
    count = max(int(megabytes * 5), 1)
    sources = ""
    for i, one in zip(range(count), rows(1e9)):
        with open(case.path(f"docs/{i:05}.jsonl"), "w", encoding="utf-8") as out:
            out.write(json.dumps({"text": one}, ensure_ascii=False) + "\n")
        sources += f'[[source]]\nname = "s{i}"\npath = ["docs/{i:05}.jsonl"]\nuse = "pretrain"\n'
    case.recipe(sources)


def tiny(case, megabytes):
    os.makedirs(case.path("docs"), exist_ok=True)
    for i, one in zip(range(int(megabytes * 500)), rows(1e9, chars=60)):
        with open(os.path.join(case.folder, f"docs/{i:06}.txt"), "w", encoding="utf-8") as out:
            out.write(one)
    case.recipe(SOURCE + 'use = "pretrain"\nrows = "file"\n')


def tiny_zip(case, megabytes):
    os.makedirs(case.path("docs"), exist_ok=True)
    with zipfile.ZipFile(case.path("docs/a.zip"), "w", zipfile.ZIP_DEFLATED) as out:
        for i, one in zip(range(int(megabytes * 500)), rows(1e9, chars=60)):
            out.writestr(f"d/{i:06}.txt", one)
    case.recipe(SOURCE + 'use = "pretrain"\nrows = "file"\n')


GROWING = {
    "csv": csv, "rowgroup": rowgroup, "blocks": blocks, "gz": gz, "array": array, "words": words, "shuffle": shuffle,
    "many": many, "tiny": tiny, "zip": tiny_zip,
}


def grow(options, name):
    measured = []
    for times in (1, 2, 4):
        case = Case(options, f"{name}-{times}")
        GROWING[name](case, options.base * times)
        measured.append(case.build())
        shutil.rmtree(case.folder)
    jobs = [job for job in measured[0]["jobs"] if any(m["jobs"].get(job, 0) >= 0.05 for m in measured)]
    for job in jobs:
        seconds = [m["jobs"].get(job, 0) for m in measured]
        exponent = math.log(max(seconds[2], 0.01) / max(seconds[0], 0.01), 4)
        peaks = "peak " + " ".join(f"{m['peak']:4.0f}" for m in measured) if job == "total" else ""
        peaks = peaks or "read " + " ".join(f"{m['read'][job]:5.1f}" for m in measured)
        print(f"{name:10} {job:8} {seconds[0]:8.2f} {seconds[1]:8.2f} {seconds[2]:8.2f}   {exponent:5.2f}   {peaks}", flush=True)


def packed(case, name, texts, tar, lines):
    """Eight archives in a folder: members of one text each, or of fifty lines of JSON."""
    for number in range(8):
        mine = texts[number::8]
        if lines:
            rows = [json.dumps({"text": one}, ensure_ascii=False) + "\n" for one in mine]
            mine = ["".join(rows[at:at + 50]) for at in range(0, len(rows), 50)]
        end = "jsonl" if lines else "txt"
        path = case.path(f"{name}/{number}.{'tar.gz' if tar else 'zip'}")
        if tar:
            with tarfile.open(path, "w:gz", compresslevel=1) as out:
                for i, one in enumerate(mine):
                    info = tarfile.TarInfo(f"d/{i:05}.{end}")
                    info.size = len(one.encode())
                    out.addfile(info, io.BytesIO(one.encode()))
        else:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
                for i, one in enumerate(mine):
                    out.writestr(f"d/{i:05}.{end}", one)


def archives(options):
    """What `plan` says, of a twentieth that it reads, of 6,000 documents in eight archives and of 20,000 lines beside them,
    of which a mix takes as many; and of 30,000 documents in eight large tars."""
    case = Case(options, "archives")
    texts = [one for one, _ in zip(rows(1e9, chars=300), range(6000))]
    many = [one for one, _ in zip(rows(1e9, seed=2, chars=900), range(30000))]
    with open(case.path("plain.jsonl"), "w", encoding="utf-8") as out:
        for one, _ in zip(rows(1e9, seed=3, chars=300), range(20000)):
            out.write(json.dumps({"text": one}, ensure_ascii=False) + "\n")
    kinds = [("zips", False, False, texts), ("tars", True, False, texts), ("zipped lines", False, True, texts),
             ("tarred lines", True, True, texts), ("large tars", True, False, many)]
    for name, tar, lines, of in kinds:
        folder = name.replace(" ", "-")
        packed(case, folder, of, tar, lines)
        whole = "" if lines else 'rows = "file"\n'
        source = f'[[source]]\nname = "docs"\npath = ["{folder}/*"]\nuse = "pretrain"\nweight = 1\n{whole}'
        beside = '[[source]]\nname = "plain"\npath = ["plain.jsonl"]\nuse = "pretrain"\nweight = 1\n'
        case.recipe(source + beside + '[mix]\nby = "rows"\n')
        plan = case.run("--out", "out", "--read", "1MiB", "--format", "json", command="plan")
        said = json.loads(plan["out"])
        told, kept = [s["rows"] for s in said["sources"]], said["estimate"]["kept_range"]
        print(f"archives   {name:13} {told[0]} of {len(of)} rows, {told[1]} of 20000; kept {kept['low']} to {kept['high']} of "
              f"{2 * min(len(of), 20000)}; read {said['estimate']['read_share']:.2f}; {plan['cpu']:.1f} CPU s", flush=True)


def killed(options):
    """A build of one packed file that is killed again and again, after a quarter of the time that unpacking takes."""
    for name, pack in (("gz", gzip), ("bz2", bz2)):
        case = Case(options, f"killed-{name}")
        with pack.open(case.path(f"docs/a.jsonl.{name}"), "wt", encoding="utf-8", compresslevel=6) as out:
            for one in rows(options.base * 16):
                out.write(json.dumps({"text": one}, ensure_ascii=False) + "\n")
        case.recipe(SOURCE + 'use = "pretrain"\n')
        calm = case.build(out="calm")
        patience, kills = calm["timings"]["look"]["wall_seconds"] / 4 + 0.2, 0
        args = [options.binary, "build", "--recipe", "recipe.toml", "--out", "out", "--threads", str(options.threads)]
        while kills < 40:
            process = subprocess.Popen(args, cwd=case.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
        done = "done" if process.returncode == 0 else "never done"
        print(f"killed     {name:4} every {patience:.1f} s of {calm['wall']:.1f}: {done} after {kills} kills", flush=True)


def work(options):
    """The work folder after each of four thresholds; and what another threshold before `line_dedup` costs."""
    case = Case(options, "work")
    jsonl(case, options.base)
    keep = '[[stage]]\nrun = "keep"\nchars = { min = 200 }\n[[stage]]\nrun = "line_dedup"\n[[stage]]\nrun = "words"\n'
    case.recipe(SOURCE + 'use = "pretrain"\n', keep)
    first = case.build()
    sizes = [tree(case.path("out/.work"))]
    again = []
    for least in (210, 220, 230):
        again.append(case.build("--set", f"keep.chars.min={least}"))
        sizes.append(tree(case.path("out/.work")))
    print("work       MB after each threshold:", " ".join(f"{s / 1e6:.1f}" for s in sizes))
    print(f"retune     CPU s {first['cpu']:.2f}, then", " ".join(f"{a['cpu']:.2f}" for a in again),
          f"({again[0]['cpu'] / first['cpu']:.0%})", flush=True)


def tree(folder):
    return sum(os.path.getsize(os.path.join(at, f)) for at, _, names in os.walk(folder) for f in names)


def row(options):
    """One huge row among small ones: the factor of its size that memory takes."""
    for megabytes in (64, 128, 300):
        case = Case(options, f"row-{megabytes}")
        os.makedirs(case.path("docs"), exist_ok=True)
        # Half a megabyte of one kind, forty of them, again and again: it packs about as well as text does.
        parts = [text(random.Random(seed), 170_000) for seed in range(40)]
        with open(case.path("docs/a.jsonl"), "w", encoding="utf-8") as out:
            out.write(json.dumps({"text": parts[0][:300]}, ensure_ascii=False) + "\n")
            out.write('{"text": "')
            left = megabytes * 10**6
            while left > 0:
                out.write(parts[left % 39])
                left -= len(parts[left % 39].encode())
            out.write('"}\n')
        case.recipe(SOURCE + 'use = "pretrain"\n[input]\nmax_row = "2GiB"\n')
        done = case.build("--memory", "1536MiB")
        print(f"row        {megabytes} MB: peak {done['peak']:.0f} MiB, factor {done['peak'] * 2**20 / megabytes / 1e6:.2f}",
              done["err"].count("warning"), "warnings", flush=True)


STAGES = {
    "exact": '[[stage]]\nrun = "exact_dedup"\n',
    "near": '[[stage]]\nrun = "near_dedup"\n',
    "words": '[[stage]]\nrun = "words"\n',
}


def threads(options):
    """Wall and CPU seconds of each job with one thread and with two, and the serial share that they tell."""
    for name, stages in STAGES.items():
        case = Case(options, f"threads-{name}")
        jsonl(case, options.base * 4, files=4)
        case.recipe(SOURCE + 'use = "pretrain"\n', stages)
        one, two = case.build("--threads", "1", out="one"), case.build("--threads", "2", out="two")
        for job in one["jobs"]:
            walls = [b["timings"][job]["wall_seconds"] for b in (one, two)]
            cpus = [b["jobs"][job] for b in (one, two)]
            serial = max(0.0, min(1.0, 2 * walls[1] / walls[0] - 1)) if walls[0] > 0.05 else float("nan")
            print(f"threads    {name:6} {job:8} wall {walls[0]:6.2f} {walls[1]:6.2f}  cpu {cpus[0]:6.2f} {cpus[1]:6.2f}  serial {serial:4.0%}", flush=True)


OTHER = {"archives": archives, "killed": killed, "work": work, "row": row, "threads": threads}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("cases", nargs="*", default=[*GROWING, *OTHER])
    parser.add_argument("--base", type=float, default=16.0, help="MB of text at 1x")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", default=os.path.join(tempfile.gettempdir(), "growth"))
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    global SMALL
    SMALL = f'shard = "{max(int(options.base * 256), 64)}KiB"'
    print(f"{'case':10} {'job':8} {'1x':>8} {'2x':>8} {'4x':>8}  growth   MB read, or peak MiB of all")
    for name in options.cases:
        if name in GROWING:
            grow(options, name)
        else:
            OTHER[name](options)


if __name__ == "__main__":
    main()
