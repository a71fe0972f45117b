#!/usr/bin/env python3
"""A build as a lab runs it, made here by a seed: eleven sources of every kind, four uses, words, exact, line and near
deduplication, a mix and a shuffle; with little memory and much, and killed again and again.

    tests/bench/mixed.py BINARY [memory] [kills] [--mb MB] [--threads N] [--kills N] [--keep FOLDER]

`memory` builds it with 256 MiB, 1 GiB and 4 GiB: CPU seconds a MB of text by job, peak memory beside what is promised
(200 MiB more than `--memory`), and whether all three have the same bytes. `kills` kills a build N times, in each job of
it in turn (and more often in long ones), and runs it again each time: units that were under
way at each kill, CPU seconds that all runs took beyond one undisturbed run, and whether the bytes are the same. Standard
library alone; a Parquet file of one row group is among the sources where pyarrow is there.
"""
import argparse
import bz2
import gzip
import hashlib
import io
import json
import os
import resource
import shutil
import sys
import tarfile
import tempfile
import time
import zipfile

from made import JOBS, Case, Web, lines

STAGES = """
[[stage]]
run = "normalize"
[[stage]]
run = "words"
[[stage]]
run = "keep"
chars = { min = 100 }
only = { use = ["pretrain"] }
[[stage]]
run = "exact_dedup"
[[stage]]
run = "line_dedup"
only = { use = ["pretrain"] }
[[stage]]
run = "near_dedup"
[[stage]]
run = "shuffle"
[mix]
by = "rows"
"""


def dump(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def make(case, megabytes):
    """Files of about so many MB of text in all, and the recipe."""
    sources = []

    def source(name, use, path, more="", repeat=1):
        sources.append(f'[[source]]\nname = "{name}"\npath = ["{path}"]\nuse = "{use}"\nrepeat = {repeat}\n{more}')

    def web(seed, share, **more):
        return Web(seed, **more).rows(megabytes * share)

    for part in range(3):
        lines(case.path(f"news/{part}.jsonl"), web(10 + part, 0.12))
    source("news", "pretrain", "news/*.jsonl", repeat=0.9)
    with gzip.open(case.path("crawl/a.jsonl.gz"), "wt", encoding="utf-8", compresslevel=1) as out:
        out.writelines(dump([{"text": one}]) for one in web(2, 0.15))
    source("crawl", "pretrain", "crawl/*", repeat=0.8)
    with open(case.path("table/a.csv"), "w", encoding="utf-8") as out:
        out.write("id,body\n")
        out.writelines('{},"{}"\n'.format(i, one.replace('"', '""')) for i, one in enumerate(web(3, 0.1)))
    source("table", "pretrain", "table/*", 'fields = { text = "body" }\n')
    for i, one in enumerate(web(4, 0.04, chars=1500)):
        with open(case.path(f"files/{i % 50:02}/{i:05}.txt"), "w", encoding="utf-8") as out:
            out.write(one)
    source("files", "pretrain", "files/**/*.txt", 'rows = "file"\n')
    with zipfile.ZipFile(case.path("books/a.zip"), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for i, one in enumerate(web(5, 0.06, chars=20_000)):
            out.writestr(f"b/{i:05}.txt", one)
    source("books", "pretrain", "books/*", 'rows = "file"\n', repeat=1.5)
    with tarfile.open(case.path("dumps/a.tar.gz"), "w:gz", compresslevel=1) as out:
        mine = [one for one in web(6, 0.06)]
        for at in range(0, len(mine), 400):
            body = dump({"text": one} for one in mine[at:at + 400]).encode()
            info = tarfile.TarInfo(f"d/{at:07}.jsonl")
            info.size = len(body)
            out.addfile(info, io.BytesIO(body))
    source("dumps", "pretrain", "dumps/*")
    with bz2.open(case.path("old/a.jsonl.bz2"), "wt", encoding="utf-8", compresslevel=9) as out:
        out.writelines(dump([{"text": one}]) for one in web(7, 0.06))
    source("old", "pretrain", "old/*")
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"text": list(web(8, 0.06))}), case.path("hub/a.parquet"), row_group_size=1 << 30)
    except ImportError:
        lines(case.path("hub/a.jsonl"), web(8, 0.06))
    source("hub", "pretrain", "hub/*")
    asked = Web(9, chars=60, shared=0)
    with open(case.path("chat/a.jsonl"), "w", encoding="utf-8") as out:
        out.writelines(dump([{"instruction": asked.one(), "input": "", "output": one}]) for one in web(11, 0.05, chars=300))
    source("chat", "instruct", "chat/*")
    with open(case.path("pairs/a.jsonl"), "w", encoding="utf-8") as out:
        for one in web(12, 0.03, chars=300):
            out.write(dump([{"prompt": asked.one(), "chosen": one, "rejected": asked.one()}]))
    source("pairs", "rlhf", "pairs/*")
    with open(case.path("tasks/a.jsonl"), "w", encoding="utf-8") as out:
        out.writelines(dump([{"q": asked.one(), "a": one}]) for one in web(13, 0.03, chars=200))
    source("tasks", "task", "tasks/*", 'fields = { input = "q", output = "a" }\n')
    stages = STAGES.split("[mix]")
    with open(case.path("recipe.toml"), "w", encoding="utf-8") as out:
        out.write('name = "mixed"\nabout = "made by mixed.py"\n' + "\n".join(sources) + stages[0] + "[mix]" + stages[1])


def digest(out):
    total = hashlib.sha256()
    for at, folders, names in os.walk(out):
        folders[:] = sorted(f for f in folders if f not in (".work", ".corpus"))
        for name in sorted(names):
            if name.endswith(".parquet"):
                total.update(os.path.relpath(os.path.join(at, name), out).encode())
                with open(os.path.join(at, name), "rb") as file:
                    while block := file.read(1 << 20):
                        total.update(block)
    return total.hexdigest()[:16]


def memory(case, options):
    found = set()
    for size, promised in (("256MiB", 456), ("1GiB", 1224), ("4GiB", 4296)):
        shutil.rmtree(case.path("out"), ignore_errors=True)
        done = case.build("--memory", size)
        found.add(digest(case.path("out")))
        each = " ".join(f"{job} {done['jobs'].get(job, 0):.1f}" for job in JOBS)
        peaks = " ".join(f"{job} {done['timings'][job]['peak_memory_bytes'] / 2**20:.0f}" for job in JOBS)
        print(f"memory     {size:>6}: peak {done['peak']:.0f} MiB of {promised} promised; CPU s a MB "
              f"{done['jobs']['total'] / options.mb:.4f}; wall {done['wall']:.0f} s; CPU s {each}; peak so far, MiB, {peaks}; "
              f"{digest(case.path('out'))}", flush=True)
    print("memory     same bytes" if len(found) == 1 else "memory     BYTES DIFFER", flush=True)


class Log:
    """`units.log` of a build, read as it grows: when each job began and ended, and what is under way."""

    def __init__(self, path):
        self.path, self.at = path, 0
        self.done, self.going = {}, {}

    def read(self):
        try:
            with open(self.path, "rb") as file:
                file.seek(self.at)
                entries = file.read()
        except FileNotFoundError:
            return
        # A line that is being written is read the next time.
        entries = entries[:entries.rfind(b"\n") + 1]
        self.at += len(entries)
        for entry in entries.decode().splitlines():
            what, job, print_, unit = entry.split(" ")
            if what == "start":
                self.going[job, print_, unit] = True
            else:
                self.going.pop((job, print_, unit), None)
                self.done[job] = self.done.get(job, 0) + 1


def spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(case, out, options, until=None):
    """A build, watched: CPU seconds, whether `until(job, units done, seconds)` said that it be killed, and for each job
    units done and seconds from its first to its last line; `look` is what comes before all others, `shards` behind them."""
    before, began, log = spent(), time.time(), Log(case.path(f"{out}/.work/units.log"))
    log.read()
    log.going.clear()
    arguments = ["build", "--recipe", "recipe.toml", "--out", out, "--threads", str(options.threads), "--quiet"]
    process = case.start(arguments)
    first, last, killed = {}, {"look": 0.0}, False
    known = dict(log.done)
    while process.poll() is None:
        log.read()
        now = time.time() - began
        for job in {going[0] for going in log.going} | {job for job in log.done if log.done[job] > known.get(job, 0)}:
            first.setdefault(job, now)
            last["look"] = min(first.values())
        for job in log.done:
            if log.done[job] > known.get(job, 0):
                last[job] = now
        known = dict(log.done)
        going = next(iter(log.going), (None,))[0]
        if until and until(going, log.done, now, now - first.get(going, 0.0)):
            process.kill()
            killed = True
            break
        time.sleep(0.005)
    process.communicate()
    log.read()
    if process.returncode not in (0, -9):
        sys.exit(f"{case.name}: ended with {process.returncode}")
    total = time.time() - began
    lengths = {job: last[job] - first.get(job, 0.0) for job in last}
    lengths["shards"] = total - max(last.values())
    return {"cpu": spent() - before, "killed": killed, "done": log.done, "going": list(log.going), "lengths": lengths}


def moments(calm, kills):
    """Kills: one in each job, the others where most time goes; `(job, share of its units, share of its seconds)`."""
    times = {job: 1 for job in calm["lengths"]}
    while sum(times.values()) < kills:
        times[max(times, key=lambda job: calm["lengths"][job] / times[job])] += 1
    return [(job, (nth + 0.5) / times[job]) for job in times for nth in range(times[job])]


def kills(case, options):
    for out in ("calm", "out"):
        shutil.rmtree(case.path(out), ignore_errors=True)
    calm = run(case, "calm", options)
    told = ", ".join(f"{job} {seconds:.1f} s {calm['done'].get(job, '')}".strip() for job, seconds in calm["lengths"].items())
    print(f"kills      undisturbed: {calm['cpu']:.1f} CPU s; jobs, their seconds and units: {told}", flush=True)
    whole = digest(case.path("calm"))
    shutil.rmtree(case.path("calm"))
    spent_by_all, count, most = 0.0, 0, 0
    for job, share in moments(calm, options.kills):
        units, seconds = calm["done"].get(job, 0), calm["lengths"][job]

        def until(going, done, now, since):
            if job == "look":
                return now >= share * seconds
            if job == "shards":
                return going is None and all(done.get(j, 0) >= n for j, n in calm["done"].items())
            return going == job and (since >= share * seconds if units < 4 else done.get(job, 0) >= share * units)

        done = run(case, "out", options, until)
        spent_by_all += done["cpu"]
        if not done["killed"]:
            print(f"kills      {job} at {share:.0%}: over before it could be killed", flush=True)
            shutil.rmtree(case.path("out"))
            continue
        count, most = count + 1, max(most, len(done["going"]))
        print(f"kills      {job} at {share:.0%}: {len(done['going'])} units under way, {done['cpu']:.1f} CPU s since the "
              "kill before", flush=True)
    done = run(case, "out", options)
    spent_by_all += done["cpu"]
    more = spent_by_all - calm["cpu"]
    same = "same bytes" if digest(case.path("out")) == whole else "BYTES DIFFER"
    print(f"kills      {count} kills, at most {most} units under way with {options.threads} threads; {spent_by_all:.1f} CPU s in "
          f"all runs, {more:.1f} more than undisturbed, {more / max(count, 1):.2f} a kill; {same}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("what", nargs="*", default=["memory", "kills"])
    parser.add_argument("--mb", type=float, default=1000.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--keep", default=os.path.join(tempfile.gettempdir(), "mixed"))
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    case = Case(options, "made")
    make(case, options.mb)
    for what in options.what:
        {"memory": memory, "kills": kills}[what](case, options)


if __name__ == "__main__":
    main()
