#!/usr/bin/env python3
"""What of a build runs on one thread, and what speed-up 16 cores would give, measured on a machine that has fewer.

    tests/bench/parallel.py BINARY [exact|near|words …] [--mb MB] [--to MB] [--units N] [--cores N] [--runs N] [--keep FOLDER]

Makes MB of text (seeded; of a hundred rows five are copies or nearly), cut into N units as an input of N times 64 MiB is,
and builds it with one thread, with two, and with as many threads as `--cores`, whose threads it looks at a hundred times
a second; and so a quarter of it. Prints for each job: wall and CPU seconds at one and two threads; the share of its work
that is done while one thread at most wants a core (serial); and what it would take on so many cores (work over threads that
want a core, summed up over the run). Some work goes with the units, whose number is the same, and some with the rows: from
both sizes follows what a build of `--to` MB in as many units takes (10 GB in 160 units, as it is cut), on one core and on
all, and so the speed-up. It is given twice: with CPU seconds as they were, and as they were with two threads. Many threads
on few cores drive each other out of the caches, which those of a machine that has a core for each do not. `fixed` is what
goes with the units: seconds on all cores that a build without rows would take, by both sizes.

What a job takes of few MB is multiplied, and so is what another program took of this machine meanwhile: of `--runs` runs of
each kind the least counts, job by job, and larger inputs (`--mb`) are multiplied less.

The text lies in `--files` files: a file is hashed by one thread, so fewer files than cores leave some of these idle.

Wall seconds mean something on a quiet machine only; work, and how many threads want a core, do on any. Standard library
alone.
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
    parser.add_argument("--to", type=float, default=10_240.0)
    parser.add_argument("--units", type=int, default=160)
    parser.add_argument("--cores", type=int, default=16)
    parser.add_argument("--files", type=int, default=32)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--memory", default="4GiB")
    parser.add_argument("--keep", default=os.path.join(tempfile.gettempdir(), "parallel"))
    options = parser.parse_args()
    options.binary, options.threads = os.path.abspath(options.binary), 1
    sizes, cases = (options.mb / 4, options.mb), []
    for number, megabytes in enumerate(sizes):
        case = Case(options, f"made-{number}")
        web = Web()
        for file in range(options.files):
            lines(case.path(f"docs/{file:03}.jsonl"), web.rows(megabytes / options.files))
        cases.append(case)
    cores = options.cores
    print(f"{options.mb:.0f} MB, and a quarter of it, in {options.files} files and {options.units} units; to {options.to:.0f} MB")
    print(f"{'build':6} {'job':8} {'wall 1':>7} {'wall 2':>7} {'cpu 1':>7} {'cpu 2':>7} {f'cpu {cores}':>7} {'serial':>7} "
          f"{f'on {cores}':>7}   {'to: cpu':>8} {f'on {cores}':>7} {'fixed':>7}")
    for name in options.builds:
        found, runs = [], []
        for case, megabytes in zip(cases, sizes):
            unit = int(megabytes * 1e6 / options.units / 1024)
            case.recipe(SOURCE + 'use = "pretrain"\n', STAGES[name], f'shard = "{unit}KiB"')
            common = ["--unit", f"{unit}KiB", "--memory", options.memory]
            runs, seen = [], {}
            for threads in (cores, 1, 2) * options.runs:
                shutil.rmtree(case.path("out"), ignore_errors=True)
                sampler = Sampler()
                run = case.build("--threads", str(threads), *common, watch=sampler if threads == cores else None)
                if threads == cores:
                    least(seen, sampler.by_job(run["timings"]), lambda of: of[2])
                runs.append((threads, run))
            runs = [quickest([run for of, run in runs if of == threads]) for threads in (cores, 1, 2)]
            calm = {job: runs[2]["jobs"].get(job, 0) / max(runs[0]["jobs"].get(job, 0), 0.01) for job in JOBS}
            found.append((seen, runs[1]["jobs"], calm))
        told(options, name, sizes, found, runs)


def least(best, found, by=lambda of: of):
    """Keeps of each job what is least."""
    for job, of in found.items():
        best[job] = min(best.get(job, of), of, key=by)


def quickest(runs):
    """The least of some runs alike, job by job: CPU seconds, and wall seconds."""
    jobs, walls = {}, {}
    for run in runs:
        least(jobs, run["jobs"])
        least(walls, {job: run["timings"][job]["wall_seconds"] for job in [*JOBS, "total"]})
    return {"jobs": jobs, "walls": walls}


def told(options, name, sizes, found, runs):
    """Prints a line a job, and that of the whole."""
    to = lambda few, many: max(many + (many - few) / (sizes[1] - sizes[0]) * (options.to - sizes[1]), 0.0)
    whole = [0.0] * 7
    for job in JOBS:
        cpu = [run["jobs"].get(job, 0) for run in runs]
        walls = [run["walls"][job] for run in runs]
        (few, few_cpu, few_calm), (many, many_cpu, many_calm) = found
        work, serial, on = many[job]
        # What the larger build took on one core, and on all.
        calm = to(few[job][2] * min(few_calm[job], 1.0), on * min(many_calm[job], 1.0))
        fixed = max(on - (on - few[job][2]) / (sizes[1] - sizes[0]) * sizes[1], 0.0)
        ahead = (to(few_cpu.get(job, 0), many_cpu.get(job, 0)), to(few[job][2], on), calm, fixed)
        whole = [a + b for a, b in zip(whole, (work, serial, on, *ahead))]
        if max(cpu) >= 0.05:
            print(f"{name:6} {job:8} {walls[1]:7.2f} {walls[2]:7.2f} {cpu[1]:7.2f} {cpu[2]:7.2f} {cpu[0]:7.2f} "
                  f"{serial / max(work, 1e-9):7.1%} {on:7.2f}   {ahead[0]:8.1f} {ahead[1]:7.2f} {fixed:7.2f}", flush=True)
    walls = [run["walls"]["total"] for run in runs]
    cpu = [run["jobs"]["total"] for run in runs]
    work, serial, on, ahead, ahead_on, calm_on, fixed = whole
    print(f"{name:6} {'total':8} {walls[1]:7.2f} {walls[2]:7.2f} {cpu[1]:7.2f} {cpu[2]:7.2f} {cpu[0]:7.2f} {serial / work:7.1%} "
          f"{on:7.2f}   {ahead:8.1f} {ahead_on:7.2f} {fixed:7.2f}   speed-up on {options.cores} cores: {cpu[1] / on:.1f} here, "
          f"{ahead / ahead_on:.1f} at {options.to:.0f} MB, {ahead / calm_on:.1f} with the CPU seconds of two threads", flush=True)


if __name__ == "__main__":
    main()
