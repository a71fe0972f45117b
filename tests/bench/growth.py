#!/usr/bin/env python3
"""How the work of a build grows with its input: each case at 1x, 2x and 4x, made here, by a seed.

    tests/bench/growth.py BINARY [CASE …] [--base MB] [--repeat N] [--keep FOLDER] [--threads N]

Prints, for each case and job, CPU seconds at each size, the exponent of growth between the first and the last (1 is
linear), the megabytes that were read, and the peak memory of the whole. Cases that grow: csv, rowgroup (a Parquet file of
one row group), blocks (text between blank lines), gz (one small compressed file), array (one JSON array in .gz), words
(staged text), cut (rows that `line_dedup` cuts are measured again), near, shuffle (2,500, 5,000 and 10,000 parts), many
(sources of one small file each), tiny (a folder of tiny files), zip (the same in one zip).

Others: archives (what `plan` says of zips and tars), killed (a packed file, unpacked in spite of kills), bz2 (how often it
is unpacked before a stage that cuts), work (bytes of the work folder), retune (another threshold before `line_dedup`), row
(one huge row: the factor of its bytes that memory takes), sides (300 sources on many threads), tiny100k (100,000 tiny
files in a folder, and in one zip), codec (CPU by codec of the output).

`parallel.py` tells what runs on one thread, `mixed.py` builds everything at once. Needs pyarrow for `rowgroup` and a row of
Parquet; all else is the standard library.
"""
import argparse
import bz2
import gzip
import io
import json
import math
import os
import random
import shutil
import subprocess
import tarfile
import tempfile
import time
import zipfile

from made import SOURCE, Case, Sampler, Web, lines, rows, text, tree


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
    # Parts as large as these 10,000 are at 4x: shards of them, too.
    size = case.options.base * 4e6 / 10_000 / 1024
    case.recipe(SOURCE + 'use = "pretrain"\n', '[[stage]]\nrun = "shuffle"\n', f'shard = "{max(size, 1):.0f}KiB"')


def cut(case, megabytes):
    os.makedirs(case.path("docs"), exist_ok=True)
    lines(case.path("docs/a.jsonl"), Web().rows(megabytes))
    case.recipe(SOURCE + 'use = "pretrain"\n', '[[stage]]\nrun = "words"\n[[stage]]\nrun = "line_dedup"\n', SMALL)


def near(case, megabytes):
    os.makedirs(case.path("docs"), exist_ok=True)
    lines(case.path("docs/a.jsonl"), Web().rows(megabytes))
    case.recipe(SOURCE + 'use = "pretrain"\n', '[[stage]]\nrun = "near_dedup"\n', SMALL)


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
    "csv": csv, "rowgroup": rowgroup, "blocks": blocks, "gz": gz, "array": array, "words": words, "cut": cut,
    "near": near, "shuffle": shuffle,
    "many": many, "tiny": tiny, "zip": tiny_zip,
}


def least(builds):
    """The first of some builds, with the least CPU seconds that a job took in any."""
    first = builds[0]
    return {**first, "jobs": {job: min(b["jobs"].get(job, 0) for b in builds) for job in first["jobs"]}}


def grow(options, name):
    cases = {times: Case(options, f"{name}-{times}") for times in (1, 2, 4)}
    builds = {times: [] for times in cases}
    for times, case in cases.items():
        GROWING[name](case, options.base * times)
    # Sizes in turn: what else this machine does falls on all of them.
    for _ in range(options.repeat):
        for times, case in cases.items():
            shutil.rmtree(case.path("out"), ignore_errors=True)
            builds[times].append(case.build())
    measured = [least(of) for of in builds.values()]
    for case in cases.values():
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


def bz2_once(options):
    """CPU seconds that bzip2 adds to a build in which text is read three times, in goes of unpacking it."""
    times = {}
    for name in ("jsonl", "bz2"):
        case = Case(options, f"bz2-{name}")
        path = case.path("docs/a.jsonl")
        lines(path, Web().rows(options.base * 4))
        if name == "bz2":
            with open(path, "rb") as plain, bz2.open(path + ".bz2", "wb") as packed:
                shutil.copyfileobj(plain, packed)
            os.remove(path)
            before = time.process_time()
            with bz2.open(path + ".bz2") as packed:
                while packed.read(1 << 20):
                    pass
            once = time.process_time() - before
        case.recipe(SOURCE + 'use = "pretrain"\n', '[[stage]]\nrun = "line_dedup"\n')
        times[name] = case.build()
    more = {job: times["bz2"]["jobs"][job] - times["jsonl"]["jobs"].get(job, 0) for job in times["bz2"]["jobs"]}
    told = ", ".join(f"{job} {seconds:+.2f}" for job, seconds in more.items() if abs(seconds) >= 0.1)
    print(f"bz2        unpacking once takes {once:.2f} CPU s (libbz2); beside plain lines: {told}", flush=True)


def work(options):
    """The work folder after each of four thresholds, and what `plan` and `cache prune` say of it."""
    case = Case(options, "work")
    os.makedirs(case.path("docs"))
    lines(case.path("docs/a.jsonl"), Web().rows(options.base * 2))
    keep = '[[stage]]\nrun = "keep"\nchars = { min = 250 }\n[[stage]]\nrun = "line_dedup"\n[[stage]]\nrun = "words"\n'
    case.recipe(SOURCE + 'use = "pretrain"\n', keep)
    case.build()
    sizes = [tree(case.path("out/.work"))]
    for least in (260, 270, 280):
        case.build("--set", f"keep.chars.min={least}")
        sizes.append(tree(case.path("out/.work")))
    print("work       MB after each threshold:", " ".join(f"{s / 1e6:.1f}" for s in sizes), flush=True)
    case.build("--set", "keep.chars.min=290", "--work-limit", "1KiB")
    print(f"work       with --work-limit 1KiB (what the build used stays): {tree(case.path('out/.work')) / 1e6:.1f} MB",
          flush=True)


def retune(options):
    """What another threshold before `line_dedup` costs, of the first build: reading and measuring, and all of it."""
    every = '[[stage]]\nrun = "near_dedup"\n[[stage]]\nrun = "shuffle"\n'
    for name, more in (("words, lines", ""), ("… near, shuffle", every)):
        case = Case(options, "retune")
        os.makedirs(case.path("docs"))
        lines(case.path("docs/a.jsonl"), Web().rows(options.base * 4))
        keep = '[[stage]]\nrun = "normalize"\n[[stage]]\nrun = "words"\n[[stage]]\nrun = "keep"\nchars = { min = 250 }\n'
        case.recipe(SOURCE + 'use = "pretrain"\n', keep + '[[stage]]\nrun = "line_dedup"\n' + more)
        first = case.build()
        for least in (255, 300):
            again = case.build("--set", f"keep.chars.min={least}")
            deciding = again["jobs"]["total"] - sum(again["jobs"].get(job, 0) for job in ("layout", "apply", "shuffle", "shards"))
            each = " ".join(f"{job} {b:.2f}/{a:.2f}" for job, a in first["jobs"].items() for b in [again["jobs"].get(job, 0)] if a > 0.05)
            print(f"retune     {name}, to {least}: {again['jobs']['total'] / first['jobs']['total']:.1%} of the first build; reading, "
                  f"measuring and deciding {deciding / first['jobs']['total']:.1%}; CPU s {each}", flush=True)


def one_row(case, kind, megabytes):
    """A row of so many MB among small ones."""
    # Stretches out of 20 MB, in any order: it packs about as well as text does.
    rng = random.Random(3)
    pool = "".join(text(random.Random(seed), 170_000) for seed in range(40))
    small, left = pool[:300], megabytes * 10**6
    os.makedirs(case.path("docs"), exist_ok=True)

    def huge():
        nonlocal left
        yield "ＡＢ"  # What `normalize` changes.
        while left > 0:
            at = rng.randrange(len(pool) - 30_000)
            yield pool[at:at + 30_000]
            left -= 90_000

    more = ""
    if kind == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        whole = "".join(huge())
        pq.write_table(pa.table({"text": [small, whole, small]}), case.path("docs/a.parquet"))
        return
    ends = {"lines": "jsonl", "escapes": "jsonl", "array": "json", "csv": "csv", "file": "txt", "gz": "jsonl.gz", "chat": "jsonl"}
    opened = gzip.open if kind == "gz" else open
    with opened(case.path(f"docs/a.{ends[kind]}"), "wt", encoding="utf-8") as out:
        if kind == "file":
            out.writelines(huge())
            more = 'rows = "file"\n'
        elif kind == "csv":
            out.write(f'body,id\n"{small}",1\n"')
            out.writelines(huge())
            out.write(f'",2\n"{small}",3\n')
            more = 'fields = { text = "body" }\n'
        else:
            open_, close = ('{"messages": [{"role": "user", "content": "说"}, {"role": "assistant", "content": "', '"}]}') if kind == "chat" \
                else ('{"text": "', '"}')
            first, between, last = ("[", ",\n", "]\n") if kind == "array" else ("", "\n", "\n")
            out.write(first + open_ + small + close + between + open_)
            out.writelines(part + "\\n\\n" if kind == "escapes" else part for part in huge())
            out.write(close + between + open_ + small + close + last)
    return more


def row(options):
    """One huge row among small ones: the factor of its size that memory takes beyond what small rows take."""
    kinds = ["array", "parquet", "csv", "gz", "lines", "escapes", "file", "chat"]
    for stages, named in (("", "copied"), ('[[stage]]\nrun = "normalize"\n[[stage]]\nrun = "exact_dedup"\n', "normalized"), ('[[stage]]\nrun = "shuffle"\n', "shuffled")):
        for kind in kinds:
            peaks = []
            for megabytes in (8, 128):
                case = Case(options, f"row-{kind}")
                more = one_row(case, kind, megabytes) or ""
                use = "instruct" if kind == "chat" else "pretrain"
                case.recipe(SOURCE + f'use = "{use}"\n{more}', stages + '[input]\nmax_row = "2GiB"\n')
                peaks.append(case.build("--memory", "1536MiB", "--threads", "1")["peak"])
                shutil.rmtree(case.folder)
            factor = (peaks[1] - peaks[0]) * 2**20 / 120e6
            print(f"row        {kind:8} {named:10} 128 MB: peak {peaks[1]:.0f} MiB; 8 MB: {peaks[0]:.0f} MiB; a byte takes {factor:.2f}",
                  flush=True)


def sides(options):
    """300 sources of one file each: how many threads have work at a time, where there are eight."""
    case = Case(options, "sides")
    web, sources = Web(), ""
    for i in range(300):
        lines(case.path(f"docs/{i:05}.jsonl"), web.rows(options.base / 75))
        sources += f'[[source]]\nname = "s{i}"\npath = ["docs/{i:05}.jsonl"]\nuse = "pretrain"\n'
    case.recipe(sources, '[[stage]]\nrun = "words"\n')
    sampler = Sampler()
    done = case.build("--threads", "8", watch=sampler)
    found = sampler.by_job(done["timings"])
    told = ", ".join(f"{job} {work:.2f} CPU s on {work / on:.1f} threads" for job, (work, _, on) in found.items() if work > 0.05)
    print(f"sides      300 sources, {options.base * 4:.0f} MB, 8 threads: {told}", flush=True)


def tiny100k(options):
    """100,000 files of some 180 bytes: seconds and memory."""
    for name, make in (("folder", tiny), ("zip", tiny_zip)):
        case = Case(options, f"tiny100k-{name}")
        make(case, 200)
        for size, promised in (("256MiB", 456), ("2GiB", 2248)):
            done = case.build("--memory", size, out=size)
            print(f"tiny100k   {name:6} --memory {size}: {done['wall']:.1f} s, {done['cpu']:.1f} CPU s, peak {done['peak']:.0f} MiB of "
                  f"{promised} promised", flush=True)


def codec(options):
    """CPU seconds of an exact build by codec of the output, and bytes that come out."""
    case = Case(options, "codec")
    lines(case.path("docs/a.jsonl"), Web().rows(options.base * 8))
    for codec in ("zstd:3", "zstd:1", "lz4", "none"):
        case.recipe(SOURCE + 'use = "pretrain"\n', '[[stage]]\nrun = "exact_dedup"\n', f'compression = "{codec}"')
        done = case.build("--threads", "1", "--replace")
        each = " ".join(f"{job} {seconds:.2f}" for job, seconds in done["jobs"].items())
        print(f"codec      {codec:7} {options.base * 8 / done['jobs']['total']:.0f} MB a CPU s; {tree(case.path('out/data')) / 1e6:.1f} MB; "
              f"{each}", flush=True)
        shutil.rmtree(case.path("out"))


OTHER = {
    "archives": archives, "killed": killed, "bz2": bz2_once, "work": work, "retune": retune, "row": row, "sides": sides,
    "tiny100k": tiny100k, "codec": codec,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("cases", nargs="*", default=[*GROWING, *OTHER])
    parser.add_argument("--base", type=float, default=16.0, help="MB of text at 1x")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=1, help="builds of each size: the least CPU seconds of each job count")
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
