#!/usr/bin/env python3
"""What of a build runs on one thread, and what speed-up 16 cores would give, measured on a machine that has fewer.

    tests/bench/parallel.py BINARY [exact|near|words …] [--mb MB] [--units N] [--cores N] [--keep FOLDER] [--memory SIZE]

Makes MB of text (seeded; of a hundred rows five are copies or nearly), cut into N units as an input of N times 64 MiB is,
and builds it with one thread, with two, and with as many threads as `--cores`, whose threads it looks at a hundred times
a second. Prints for each job: wall and CPU seconds at one and two threads; the share of its work that is done while one
thread at most wants a core (serial); and what it would take on so many cores (work over threads that want a core, summed
up over the run). The last line of a build is the speed-up: CPU seconds with one thread over those seconds.

160 units are those of 10 GB; what is left to one thread there is the same share of the work as here. Wall seconds mean
something on a quiet machine only; work and threads that want a core do on any. Standard library alone.
"""
import argparse
import os
import shutil
import tempfile

from made import JOBS, SOURCE, Case, Sampler, Web, lines

STAGES = {
    "exact": '[[stage]]\nrun = "exact_dedup"\n',
    "near": '[[stage]]\nrun = "near_dedup"\n',
    "words": '[[stage]]\nrun = "words"\n[[stage]]\nrun = "exact_dedup"\n',
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("builds", nargs="*", default=list(STAGES))
    parser.add_argument("--mb", type=float, default=640.0)
    parser.add_argument("--units", type=int, default=160)
    parser.add_argument("--cores", type=int, default=16)
    parser.add_argument("--memory", default="4GiB")
    parser.add_argument("--keep", default=os.path.join(tempfile.gettempdir(), "parallel"))
    options = parser.parse_args()
    options.binary, options.threads = os.path.abspath(options.binary), 1
    case = Case(options, "made")
    web, files = Web(), 8
    for number in range(files):
        lines(case.path(f"docs/{number}.jsonl"), web.rows(options.mb / files))
    size = int(options.mb * 1e6 / options.units / 1024)
    print(f"{options.mb:.0f} MB, units and slabs of {size} KiB")
    print(f"{'build':6} {'job':8} {'wall 1':>7} {'wall 2':>7} {'cpu 1':>7} {'cpu 2':>7} {'cpu ' + str(options.cores):>7} "
          f"{'serial':>7} {'on ' + str(options.cores):>7}")
    for name in options.builds:
        case.recipe(SOURCE + 'use = "pretrain"\n', STAGES[name], f'shard = "{size}KiB"')
        common = ["--unit", f"{size}KiB", "--memory", options.memory]
        runs, sampler = [], Sampler()
        for threads in (1, 2, options.cores):
            shutil.rmtree(case.path("out"), ignore_errors=True)
            watch = sampler if threads == options.cores else None
            runs.append(case.build("--threads", str(threads), *common, watch=watch))
        found = sampler.by_job(runs[2]["timings"])
        for job in JOBS:
            cpu = [run["jobs"].get(job, 0) for run in runs]
            if max(cpu) < 0.05:
                continue
            walls = [run["timings"][job]["wall_seconds"] for run in runs]
            work, serial, on = found[job]
            print(f"{name:6} {job:8} {walls[0]:7.2f} {walls[1]:7.2f} {cpu[0]:7.2f} {cpu[1]:7.2f} {cpu[2]:7.2f} "
                  f"{serial / max(work, 1e-9):7.1%} {on:7.2f}", flush=True)
        work, serial, on = (sum(found[job][i] for job in JOBS) for i in range(3))
        walls = [run["timings"]["total"]["wall_seconds"] for run in runs]
        cpu = [run["timings"]["total"]["cpu_seconds"] for run in runs]
        print(f"{name:6} {'total':8} {walls[0]:7.2f} {walls[1]:7.2f} {cpu[0]:7.2f} {cpu[1]:7.2f} {cpu[2]:7.2f} "
              f"{serial / work:7.1%} {on:7.2f}   speed-up {cpu[0] / on:.1f} (of the same run's CPU {work / on:.1f})", flush=True)


if __name__ == "__main__":
    main()
