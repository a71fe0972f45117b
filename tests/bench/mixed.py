#!/usr/bin/env python3
"""A build as a lab runs it, made here by a seed: eleven sources of every kind, four uses, words, exact, line and near
deduplication, a mix and a shuffle; with little memory and much, and killed again and again.

    tests/bench/mixed.py BINARY [memory] [kills] [--mb MB] [--threads N] [--sizes SIZE,…] [--kills N] [--keep FOLDER]

`memory` builds it with 256 MiB, 1 GiB and 4 GiB: CPU seconds a MB of text by job, peak memory beside what is promised
(200 MiB more than `--memory`), and whether all three have the same bytes. `kills` kills a build, with the first of these
sizes, in the middle of each phase in turn, shards and exchange among them (and more often in long ones, up to N kills), and
runs it again each time: units that were under way at each kill, CPU seconds that all runs took beyond one undisturbed run,
and whether the bytes are the same. The middle of a phase that is units is that half of them are done, by the log of the
build; of the others half of the time that they took undisturbed. A promise that is broken is said, and ends it with 1.
Standard library alone; a Parquet file of one row group is among the sources where pyarrow is there.
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
import threading
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


def mib(size):
    """MiB of a size that is written as the options are."""
    return int(size[:-3]) * {"M": 1, "G": 1024}[size[-3]]


def memory(case, options):
    found, broken = set(), []
    for size, promised in ((size, mib(size) + 200) for size in options.sizes.split(",")):
        shutil.rmtree(case.path("out"), ignore_errors=True)
        done = case.build("--memory", size)
        found.add(digest(case.path("out")))
        each = " ".join(f"{job} {done['jobs'].get(job, 0):.1f}" for job in JOBS)
        peaks = " ".join(f"{job} {done['timings'][job]['peak_memory_bytes'] / 2**20:.0f}" for job in JOBS)
        print(f"memory     {size:>6}: peak {done['peak']:.0f} MiB of {promised} promised; CPU s a MB "
              f"{done['jobs']['total'] / options.mb:.4f}; wall {done['wall']:.0f} s; CPU s {each}; peak so far, MiB, {peaks}; "
              f"{digest(case.path('out'))}", flush=True)
        if done["peak"] > promised:
            broken.append(f"more memory than promised with {size}")
    print("memory     same bytes" if len(found) == 1 else "memory     BYTES DIFFER", flush=True)
    return broken + (["bytes differ"] if len(found) > 1 else [])


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


#: Lines that a build writes when a phase of it has ended, as they begin or what they name; the first that fits counts.
LINES = [
    ("Looking at files", "look"), ("near_dedup", "near"), ("bands of", "near: bands"), ("Reading candidates", "near: texts"),
    ("Reading", "scan"), ("exact_dedup", "exact"), ("Counting lines", "lines"), ("Measuring what", "rescan"),
    ("Judging", "judge"), ("Counting", "layout"), ("Mixing", "mix"), ("Writing", "apply"), ("Shuffling", "shuffle"),
]


class Phases(threading.Thread):
    """Reads what a build says: the phases that have ended, and when. Of two that are called alike the second is `… 2`."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process, self.ended, self.said = process, {}, ""
        self.start()

    def run(self):
        for line in self.process.stderr:
            self.said += line
            names = lambda begins: begins in line if begins[0].islower() else line.lstrip().startswith(begins)
            name = next((name for begins, name in LINES if names(begins)), None)
            if name and "\u00b7" not in line and not line.lstrip().startswith("-"):
                self.ended[f"{name} 2" if name in self.ended else name] = time.time()


#: Phases that are units, by the name of their job in the log.
UNITS = ["scan", "rescan", "apply", "shuffle"]


def run(case, out, options, calm=None, kill=None):
    """A build, watched, and killed where `kill` says it: in a phase, once so many seconds of it are over, or so many of its
    units done. What is after the last phase that says when it ends is `shards`, and then `exchange`, as long as its journal
    is there."""
    before, log, folder = spent(), Log(case.path(f"{out}/.work/units.log")), case.path(out)
    log.read()
    log.going.clear()
    earlier = dict(log.done)
    began = time.time()
    size, threads = options.sizes.split(",")[0], str(options.threads)
    process = case.start(["build", "--recipe", "recipe.toml", "--out", out, "--threads", threads, "--memory", size])
    phases, killed, moved = Phases(process), False, None
    order = list(calm or [])
    while process.poll() is None:
        now, journal = time.time(), os.path.exists(f"{folder}/.corpus/moving")
        moved = moved or (now if journal else None)
        last, since = next(reversed(phases.ended.items()), (None, began))
        # A phase that a kill cut off may be said twice where it was said once undisturbed.
        last = last if last is None or last in order else last.removesuffix(" 2")
        at = "exchange" if journal else order[order.index(last) + 1 if last else 0] if order else None
        log.read()
        # A pass says that it has ended before its drops are written.
        wait = at == "layout" and log.going
        due = at == kill[0] and not wait and (journal or now - since >= kill[1]) if kill else False
        if kill and kill[0] in UNITS:
            under_way = any(job == kill[0] for job, _, _ in log.going)
            due = under_way and log.done.get(kill[0], 0) - earlier.get(kill[0], 0) >= kill[2]
        if due or kill and kill[0] in phases.ended:
            process.kill()
            killed = "late" if kill[0] in phases.ended else "in time"
            break
        # An exchange, behind all that says when it ends, takes some milliseconds.
        time.sleep(0.0002 if "shuffle" in phases.ended else 0.005)
    process.wait()
    phases.join()
    log.read()
    if process.returncode not in (0, -9):
        sys.exit(f"{case.name}: ended with {process.returncode}\n{phases.said}")
    lengths, last = {}, began
    for name, when in [*phases.ended.items(), ("shards", moved or time.time()), ("exchange", time.time())]:
        lengths[name], last = when - last, when
    return {"cpu": spent() - before, "killed": killed, "done": log.done, "going": list(log.going), "lengths": lengths}


def moments(calm, units, kills):
    """Kills: one in the middle of each phase, and where most time goes more than one; `(phase, seconds, units)`."""
    times = {phase: 1 for phase in calm}
    while sum(times.values()) < kills:
        times[max(times, key=lambda phase: calm[phase] / times[phase])] += 1
    middle = lambda phase, all_of_it: all_of_it / 2 / times[phase]
    return [(phase, middle(phase, calm[phase]), int(middle(phase, units.get(phase, 0))))
            for phase in times for _ in range(times[phase])]


def kills(case, options):
    for out in ("calm", "out"):
        shutil.rmtree(case.path(out), ignore_errors=True)
    calm = run(case, "calm", options)
    told = ", ".join(f"{phase} {seconds:.1f}" for phase, seconds in calm["lengths"].items())
    units = ", ".join(f"{job} {count}" for job, count in calm["done"].items())
    print(f"kills      undisturbed: {calm['cpu']:.1f} CPU s; seconds: {told}; units: {units}", flush=True)
    whole = digest(case.path("calm"))
    shutil.rmtree(case.path("calm"))
    spent_by_all, count, most = 0.0, 0, 0
    for kill in moments(calm["lengths"], calm["done"], options.kills):
        done = run(case, "out", options, calm["lengths"], kill)
        spent_by_all += done["cpu"]
        if not done["killed"]:
            print(f"kills      {kill[0]}: over before it could be killed", flush=True)
            shutil.rmtree(case.path("out"))
            continue
        count, most = count + 1, max(most, len(done["going"]))
        lost = ", ".join(sorted(job for job, _, _ in done["going"])) or "none"
        when = f"{kill[2]} units" if kill[0] in UNITS else f"{kill[1]:.1f} s"
        late = " (it was over)" if done["killed"] == "late" else ""
        print(f"kills      in {kill[0]} after {when}{late}: units under way: {lost}; {done['cpu']:.1f} CPU s since the kill "
              "before", flush=True)
    done = run(case, "out", options)
    spent_by_all += done["cpu"]
    more = spent_by_all - calm["cpu"]
    same = "same bytes" if digest(case.path("out")) == whole else "BYTES DIFFER"
    broken = ["bytes differ"] if same != "same bytes" else []
    broken += ["more units lost than threads"] if most > options.threads else []
    print(f"kills      {count} kills, at most {most} units under way with {options.threads} threads; {spent_by_all:.1f} CPU s in "
          f"all runs, {more:.1f} more than undisturbed, {more / max(count, 1):.2f} a kill; {same}", flush=True)
    return broken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("what", nargs="*", default=["memory", "kills"])
    parser.add_argument("--mb", type=float, default=1000.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sizes", default="256MiB,1GiB,4GiB")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--keep", default=os.path.join(tempfile.gettempdir(), "mixed"))
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    case = Case(options, "made")
    make(case, options.mb)
    broken = [line for what in options.what for line in {"memory": memory, "kills": kills}[what](case, options)]
    if broken:
        sys.exit("broken: " + "; ".join(broken))


if __name__ == "__main__":
    main()
