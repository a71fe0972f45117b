#!/usr/bin/env python3
"""What several processes that share a build cost beside one that has it to itself, and what kills cost.

    tests/bench/workers.py BINARY FILE.jsonl[.zst]… [--workers 3] [--kills 10] [--unit 4MiB] [--lease 5] [--exports jsonl,hf]
        [--keep FOLDER]

Builds the files with the stages of `zh-pretrain`: once with one process, once with `--workers` processes of one thread each,
and then `--kills` times more with one of them killed (SIGKILL) at a moment that moves through the length of the build and
started again when the others are done. Compares all bytes of `data/` and `dropped/`, and prints CPU seconds, wall seconds,
the largest peak of a process, bytes read and written, and how many units were begun more than once. Wall seconds mean
something on a quiet machine only. Standard library alone.
"""
import argparse
import collections
import hashlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

RECIPE = os.path.join(os.path.dirname(__file__), "..", "..", "recipes", "zh-pretrain.toml")


def digest(folder):
    """Names and hashes of all that is kept and dropped, and of exports."""
    found = {}
    for kind in ("data", "dropped", "exports"):
        for at, _, names in os.walk(os.path.join(folder, kind)):
            for name in names:
                path = os.path.join(at, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, folder)] = hashlib.sha256(file.read()).hexdigest()
    return found


class Worker:
    """A process, with what it has used when it ended."""

    def __init__(self, arguments):
        self.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.io = (0, 0)

    def look(self):
        """Bytes read and written so far."""
        try:
            with open(f"/proc/{self.process.pid}/io", encoding="ascii") as file:
                of = dict(line.split(": ") for line in file)
            self.io = (int(of["rchar"]), int(of["wchar"]))
        except (OSError, KeyError, ValueError):
            pass
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def end(self):
        _, said = self.process.communicate()
        if self.process.returncode != 0:
            sys.exit(f"a worker ended with {self.process.returncode}: {said.decode()}")


def run(commands, kill=None):
    """Runs workers side by side; with `kill`, the first is killed after so many seconds, and begun anew."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    workers, killed, io = [Worker(command) for command in commands], False, [0, 0]
    while any([worker.look() for worker in workers]):
        if kill is not None and not killed and time.monotonic() - began > kill and workers[0].look():
            workers[0].kill()
            io = [a + b for a, b in zip(io, workers[0].io)]
            workers[0], killed = Worker(commands[0]), True
        time.sleep(0.05)
    for worker in workers:
        worker.end()
        io = [a + b for a, b in zip(io, worker.io)]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - began, io, killed


def again(out):
    """Units that were begun more than once, and all."""
    times = collections.Counter()
    with open(os.path.join(out, ".work", "units.log"), encoding="utf-8") as file:
        for line in file:
            times[line] += line.startswith("start ")
    return sum(count - 1 for count in times.values() if count > 1), sum(count > 0 for count in times.values())


def asked(about, name, **counts):
    """The options of such a measurement, a new folder for it, and in it the recipe of the files."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("files", nargs="+")
    for option, count in counts.items():
        parser.add_argument(f"--{option.replace('_', '-')}", type=int, default=count)
    parser.add_argument("--unit", default="4MiB")
    parser.add_argument("--lease", default="5")
    parser.add_argument("--memory", default="1GiB")
    parser.add_argument("--exports", default="", help="layouts that the recipe exports to, as jsonl,hf")
    parser.add_argument("--keep", default=os.path.join(tempfile.gettempdir(), name))
    options = parser.parse_args()
    options.binary, options.keep = os.path.abspath(options.binary), os.path.abspath(options.keep)
    shutil.rmtree(options.keep, ignore_errors=True)
    os.makedirs(options.keep)
    options.recipe, sources = os.path.join(options.keep, "recipe.toml"), []
    for number, path in enumerate(options.files):
        sources.append(f'[[source]]\nname = "s{number}"\npath = ["{os.path.abspath(path)}"]\nuse = "pretrain"\n')
    with open(RECIPE, encoding="utf-8") as file:
        shipped = file.read()
    with open(options.recipe, "w", encoding="utf-8") as file:
        file.write(f'name = "{name}"\nabout = "a measurement"\n' + "".join(sources) + shipped[shipped.index("[[stage]]"):])
        file.writelines(f'\n[[export]]\nto = "{to}"\n' for to in options.exports.split(",") if to)
    return options


def main():
    options = asked(__doc__, "workers", workers=3, kills=10)

    def command(out, *more):
        return [options.binary, "build", "--recipe", options.recipe, "--out", out, "--offline", "--quiet",
                "--threads", "1", "--unit", options.unit, "--memory", options.memory, *more]

    def shared(kill=None):
        out = os.path.join(options.keep, "shared")
        shutil.rmtree(out, ignore_errors=True)
        which = [f"{k}/{options.workers}" for k in range(1, options.workers + 1)]
        return out, run([command(out, "--worker", k, "--lease", options.lease) for k in which], kill)

    def told(what, result, out):
        cpu, wall, (read, written), _ = result
        twice, units = again(out)
        print(f"{what:24} cpu {cpu:7.1f} s  wall {wall:6.1f} s  read {read / 1e6:8.1f} MB  written {written / 1e6:8.1f} MB  "
              f"{twice} of {units} units begun again", flush=True)

    alone = os.path.join(options.keep, "alone")
    one = run([command(alone)])
    told("one process", one, alone)
    wanted = digest(alone)
    out, several = shared()
    told(f"{options.workers} workers", several, out)
    same = digest(out) == wanted
    print(f"CPU: {several[0] / one[0]:.3f} times; bytes {'equal' if same else 'DIFFER'}")
    for number in range(options.kills):
        at = several[1] * (number + 0.5) / options.kills
        out, result = shared(at)
        told(f"killed at {at:.1f} s" if result[3] else "not killed in time", result, out)
        if digest(out) != wanted:
            same = False
            print("bytes DIFFER")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest peak of a process: {peak:.0f} MiB; all bytes {'equal' if same else 'DIFFER'}")
    sys.exit(not same)


if __name__ == "__main__":
    main()
