#!/usr/bin/env python3
"""What a build on an Apache Ballista cluster costs beside one by this process alone, and what kills cost.

    tests/bench/cluster.py BINARY FILE.jsonl[.zst]… [--executors 2] [--unit 4MiB] [--lease 5] [--exports jsonl,hf]
        [--keep FOLDER] [--executor-kills 3] [--driver-kills 3] [--scheduler-kills 3]

BINARY has the feature `cluster`. Builds the files with the stages of `zh-pretrain`: once alone, with one thread; once on a
scheduler and `--executors` executors of one thread each, on loopback; then with one executor, the driver, and the scheduler
killed (SIGKILL), so many times each, at moments that move through the length of the build, and begun again. Compares all
bytes of `data/`, `dropped/` and `exports/`, and prints CPU seconds of all processes, wall seconds, the largest peak of each
kind of process, and how many units were handed in more than once. Wall seconds mean something on a quiet machine only.
Standard library alone.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

from workers import again, asked, digest

TICK = os.sysconf("SC_CLK_TCK")


class Process:
    """A process, with what it has used so far."""

    def __init__(self, arguments, folder):
        os.makedirs(folder, exist_ok=True)
        self.said = tempfile.TemporaryFile("w+", dir=folder)
        self.process = subprocess.Popen(arguments, cwd=folder, stdout=subprocess.DEVNULL, stderr=self.said)
        self.cpu, self.peak = 0.0, 0

    def look(self):
        """CPU seconds and the peak of resident memory so far, MiB; whether it runs."""
        try:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            self.cpu = (int(fields[11]) + int(fields[12])) / TICK
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
                for line in file:
                    if line.startswith("VmHWM:"):
                        self.peak = int(line.split()[1]) / 1024
        except (OSError, IndexError):
            pass
        return self.process.poll() is None

    def all_said(self):
        return os.pread(self.said.fileno(), 1 << 20, 0).decode()

    def says(self, part):
        began = time.monotonic()
        while time.monotonic() - began < 60:
            for line in self.all_said().splitlines():
                if part in line:
                    return line
            time.sleep(0.02)
        sys.exit(f"{self.process.args} never said {part}: {self.all_said()}")

    def kill(self):
        self.look()
        self.process.kill()
        self.process.wait()
        return self.cpu


class Cluster:
    def __init__(self, options):
        self.options, self.begun, self.lost = options, 0, 0.0
        self.scheduler = self.start_scheduler("127.0.0.1:0")
        self.at = self.scheduler.says("is at df://").split()[-1]
        self.executors = [self.start_executor() for _ in range(options.executors)]
        self.scheduler.says(f"{options.executors} executors with")

    def start_scheduler(self, bind):
        command = [self.options.binary, "cluster", "scheduler", "--bind", bind, "--lease", self.options.lease]
        return Process(command, os.path.join(self.options.keep, "scheduler"))

    def start_executor(self):
        self.begun += 1
        command = [self.options.binary, "cluster", "executor", "--scheduler", self.at, "--bind", "127.0.0.1:0", "--threads",
                   "1", "--memory", self.options.memory, "--scratch", ".", "--lease", self.options.lease]
        return Process(command, os.path.join(self.options.keep, f"machine-{self.begun}"))

    def all(self):
        return [self.scheduler, *self.executors]

    def cpu(self):
        for process in self.all():
            process.look()
        return self.lost + sum(process.cpu for process in self.all())

    def kill_executor(self):
        self.lost += self.executors.pop(0).kill()
        self.executors.append(self.start_executor())

    def kill_scheduler(self):
        self.lost += self.scheduler.kill()
        self.scheduler = self.start_scheduler("127.0.0.1:" + self.at.rsplit(":", 1)[1])
        self.scheduler.says("is at df://")

    def end(self):
        for process in self.all():
            process.kill()


def main():
    options = asked(__doc__, "cluster", executors=2, executor_kills=3, driver_kills=3, scheduler_kills=3)

    def build(out, *more):
        return Process([options.binary, "build", "--recipe", options.recipe, "--out", out, "--offline", "--quiet", "--threads", "1",
                        "--unit", options.unit, "--memory", options.memory, *more], options.keep)

    def until_end(driver, at=None, event=None):
        """Runs a driver to its end, or to its failure; with `event` at so many seconds."""
        began, happened = time.monotonic(), False
        while driver.look():
            if at is not None and not happened and time.monotonic() - began > at:
                event()
                happened = True
            time.sleep(0.02)
        return happened

    alone = os.path.join(options.keep, "alone")
    began = time.monotonic()
    one = build(alone)
    until_end(one)
    wall = time.monotonic() - began
    print(f"alone                     cpu {one.cpu:7.1f} s  wall {wall:6.1f} s  peak {one.peak:.0f} MiB", flush=True)
    wanted, same = digest(alone), True
    cluster, out = Cluster(options), os.path.join(options.keep, "shared")

    def shared(what, at=None, event=None):
        """A build on the cluster, again and again until it is there."""
        nonlocal same
        shutil.rmtree(out, ignore_errors=True)
        before, began, cpu, runs = cluster.cpu(), time.monotonic(), 0.0, 0
        while True:
            driver = build(out, "--cluster", cluster.at)
            runs += 1
            act = None if event is None else (lambda: event(driver))
            happened = until_end(driver, at, act) if runs == 1 else until_end(driver)
            cpu += driver.cpu
            if runs == 1 and at is not None and not happened:
                what += " (over before)"
            if driver.process.returncode == 0:
                break
            if runs > 3:
                sys.exit(f"{what}: ended with {driver.process.returncode}: {driver.all_said()}")
        wall, cpu = time.monotonic() - began, cpu + cluster.cpu() - before
        twice, units = again(out)
        equal = digest(out) == wanted
        same &= equal
        print(f"{what:25} cpu {cpu:7.1f} s  wall {wall:6.1f} s  driver's last {driver.cpu:.1f} s, {driver.peak:.0f} MiB; "
              f"{runs} runs; {twice} of {units} units handed in again; bytes {'equal' if equal else 'DIFFER'}", flush=True)
        return cpu, wall

    several = shared(f"{options.executors} executors")
    print(f"CPU: {several[0] / one.cpu:.3f} times", flush=True)
    fastest = several[1]
    kinds = {"executor": lambda driver: cluster.kill_executor(), "driver": lambda driver: driver.kill(),
             "scheduler": lambda driver: cluster.kill_scheduler()}
    for name, event in kinds.items():
        kills = getattr(options, f"{name}_kills")
        for number in range(kills):
            at = fastest * (number + 0.5) / kills
            fastest = min(fastest, shared(f"{name} killed at {at:.1f} s", at, event)[1])
            # A lost executor is known to be lost, and its heir is there.
            time.sleep(2 * float(options.lease))
    cluster.cpu()
    print(f"peaks: scheduler {cluster.scheduler.peak:.0f} MiB, executors {max(e.peak for e in cluster.executors):.0f} MiB; "
          f"all bytes {'equal' if same else 'DIFFER'}")
    cluster.end()
    sys.exit(not same)


if __name__ == "__main__":
    main()
