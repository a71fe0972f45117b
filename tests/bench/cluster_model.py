#!/usr/bin/env python3
"""What a build reads, sorts, writes and holds, a document and a job, at three sizes; and from that what a terabyte and a
hundred would take.

    tests/bench/cluster_model.py BINARY [--sizes 25,100,400] [--executors 2] [--chars 700] [--unit 4MiB] [--memory 1GiB]
        [--keep FOLDER] [--alone]

BINARY has the feature `cluster`. Makes so many megabytes of Chinese text (`made.Web`: seeded; two rows of a hundred are
copies, three nearly copies), and builds each with the stages of `zh-pretrain`: by one process of one thread, and on a
scheduler and `--executors` executors of one thread each, on loopback; compares all bytes. The driver's CPU seconds by job
are those that it writes into `build.json`; those of executors and scheduler are what the system counts. `--alone` leaves
the cluster out, and takes `scan`, `apply`, `shuffle` and `shards` for what executors share.

The second table is computed, not measured: seconds a megabyte at the largest size, times the size, the executors' divided
by their cores. It takes what grows between the last two sizes, so what it costs to start is not multiplied. Standard
library alone.
"""
import argparse
import glob
import json
import os
import shutil
import sys
import tempfile
import time
from types import SimpleNamespace

from cluster import Cluster, Process
from made import JOBS, Web, lines, tree
from workers import RECIPE, digest



def recipe(folder):
    with open(RECIPE, encoding="utf-8") as file:
        stages = file.read()
    path = os.path.join(folder, "recipe.toml")
    with open(path, "w", encoding="utf-8") as file:
        source = '[[source]]\nname = "web"\npath = ["docs.jsonl"]\nuse = "pretrain"\n'
        file.write(f'name = "model"\nabout = "a measurement"\n{source}{stages[stages.index("[[stage]]"):]}')
    return path


def held(work):
    """Bytes of the folders of jobs, by the first word of their names."""
    found = {}
    for folder in glob.glob(os.path.join(work, "*-*")):
        name = os.path.basename(folder).split("-")[0]
        found[name] = found.get(name, 0) + tree(folder)
    return found


def run(options, out, *more):
    """A build; its process, seconds, and what `build.json` says of its jobs."""
    command = [options.binary, "build", "--recipe", options.recipe, "--out", out, "--offline", "--quiet", "--keep-work",
               "--threads", "1", "--unit", options.unit, "--memory", options.memory, *more]
    began, process = time.monotonic(), Process(command, options.keep)
    while process.look():
        time.sleep(0.02)
    if process.process.returncode != 0:
        sys.exit(process.all_said())
    with open(os.path.join(out, "build.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    return process, time.monotonic() - began, manifest


def measured(options, megabytes):
    """One size: alone, and on a cluster."""
    folder = os.path.join(options.keep, "in")
    os.makedirs(folder, exist_ok=True)
    lines(os.path.join(folder, "docs.jsonl"), Web(chars=options.chars).rows(megabytes))
    options.recipe = recipe(folder)
    alone = os.path.join(options.keep, "alone")
    process, wall, manifest = run(options, alone)
    timings = manifest["timings"]
    found = SimpleNamespace(
        bytes=os.path.getsize(os.path.join(folder, "docs.jsonl")), rows=manifest["totals"]["read"],
        kept=manifest["totals"]["kept"], cpu={job: timings[job]["cpu_seconds"] for job in JOBS},
        read={job: timings[job]["read_bytes"] for job in JOBS}, held=held(os.path.join(alone, ".work")),
        output=tree(os.path.join(alone, "data")) + tree(os.path.join(alone, "dropped")), peak=process.peak, wall=wall,
        driver=None, executors=None, equal=None)
    if not options.alone:
        cluster = Cluster(options)
        shared = os.path.join(options.keep, "shared")
        before = cluster.cpu()
        driver, found.cluster_wall, manifest = run(options, shared, "--cluster", cluster.at)
        found.executors = cluster.cpu() - before
        found.driver = {job: manifest["timings"][job]["cpu_seconds"] for job in JOBS}
        found.peaks = (driver.peak, max(e.peak for e in cluster.executors), cluster.scheduler.peak)
        found.equal = digest(shared) == digest(alone)
        cluster.end()
        shutil.rmtree(shared)
    shutil.rmtree(alone)
    return found


def told(all_found):
    """What was measured."""
    of = all_found[-1]
    print("| " + " | ".join(["", *(f"{f.bytes / 1e6:.0f} MB, {f.rows:,} documents" for f in all_found)]) + " |")
    print("| --- |" + " --- |" * len(all_found))

    def line(name, value):
        print("| " + " | ".join([name, *(value(f) for f in all_found)]) + " |", flush=True)

    for job in JOBS:
        line(f"{job}: CPU a MB, alone", lambda f: f"{f.cpu[job] / f.bytes * 1e9:.2f} ms")
        if of.driver:
            line(f"{job}: the driver's of a cluster", lambda f: f"{f.driver[job] / f.bytes * 1e9:.2f} ms")
        line(f"{job}: read, times the input", lambda f: f"{f.read[job] / f.bytes:.2f}")
    for name in of.held:
        line(f"held by {name}, a document", lambda f: f"{f.held.get(name, 0) / f.rows:.0f} bytes")
    line("output, a document", lambda f: f"{f.output / f.rows:.0f} bytes")
    line("peak, alone", lambda f: f"{f.peak:.0f} MiB")
    if of.driver:
        line("executors and scheduler: CPU a MB", lambda f: f"{f.executors / f.bytes * 1e9:.2f} ms")
        line("CPU of all, times that of one process",
             lambda f: f"{(f.executors + sum(f.driver.values())) / sum(f.cpu.values()):.2f}")
        line("peaks: driver, executors, scheduler", lambda f: ", ".join(f"{peak:.0f}" for peak in f.peaks) + " MiB")
        line("bytes of the output", lambda f: "equal" if f.equal else "DIFFER")


def model(before, last):
    """What grows with the input, in seconds a byte: of executors, and of the driver by job."""
    more = last.bytes - before.bytes

    def each(of):
        return max(of(last) - of(before), 0.0) / more

    if last.driver:
        driver = {job: each(lambda f: f.driver[job]) for job in JOBS}
        return each(lambda f: f.executors), driver
    alone = {job: each(lambda f: f.cpu[job]) for job in JOBS}
    shared = ("scan", "apply", "shuffle", "shards")
    return sum(alone[job] for job in shared), {job: cpu for job, cpu in alone.items() if job not in shared}


def scaled(before, last):
    executors, driver = model(before, last)
    one = sum(driver.values())
    first = max(driver, key=driver.get)
    read = sum(last.read.values()) / last.bytes
    print(f"\nexecutors {executors * 1e9:.1f} ms a MB ({1e-6 / executors:.1f} MB/s a core), driver {one * 1e9:.2f} ms a MB, of "
          f"which " + ", ".join(f"{job} {cpu * 1e9:.2f}" for job, cpu in driver.items() if cpu > 0) + ".")
    print(f"As long as the driver from {executors / one:.0f} cores on; the most of it is {first}.\n")
    print("| | cores of executors | hours of executors | hours of the driver | hours | read a second |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, size in [("1 TB", 1e12), ("100 TB", 1e14)]:
        for cores in [16, 128, 1024]:
            shared, alone = executors * size / cores / 3600, one * size / 3600
            rate = read * size / (shared + alone) / 3600
            print(f"| {name} | {cores:,} | {shared:.1f} | {alone:.1f} | {shared + alone:.1f} | {rate / 1e9:.2f} GB |")
    rows = last.rows / last.bytes
    print(f"\nA billion documents of {1 / rows:.0f} bytes: {one / rows * 1e9 / 3600:.1f} core hours of the driver, "
          f"{executors / rows * 1e9 / 3600:.0f} of executors.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--sizes", default="25,100,400")
    parser.add_argument("--executors", type=int, default=2)
    parser.add_argument("--chars", type=int, default=700)
    parser.add_argument("--unit", default="4MiB")
    parser.add_argument("--memory", default="1GiB")
    parser.add_argument("--lease", default="60")
    parser.add_argument("--keep", default=os.path.join(tempfile.gettempdir(), "cluster-model"))
    parser.add_argument("--alone", action="store_true")
    options = parser.parse_args()
    options.binary, options.keep = os.path.abspath(options.binary), os.path.abspath(options.keep)
    shutil.rmtree(options.keep, ignore_errors=True)
    os.makedirs(options.keep)
    found = [measured(options, int(size)) for size in options.sizes.split(",")]
    told(found)
    scaled(found[-2], found[-1])
    sys.exit(any(f.equal is False for f in found))


if __name__ == "__main__":
    main()
