"""What the benchmarks of `corpus fetch` share: the tests' own server on loopback, and processes that are measured."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def corpus():
    """The program to measure: `CORPUS`, else the release build."""
    path = Path(os.environ.get("CORPUS", TARGET / "release" / "corpus"))
    if not path.exists():
        sys.exit(f"{path} is not there: cargo build --release, or set CORPUS")
    return path


class Server:
    """A file of so many bytes at `url`, sent no faster than `pace` bytes a second (0: as fast as it goes)."""

    def __init__(self, size, pace=0):
        told = subprocess.run(
            ["cargo", "test", "--quiet", "--test", "it", "--no-run", "--message-format=json"],
            cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        lines = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
        binary = next(line["executable"] for line in lines if line.get("executable") and line["target"]["name"] == "it")
        self.process = subprocess.Popen(
            [binary, "--exact", "servers::serve::serve", "--nocapture"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "CORPUS_TEST_SERVE": f"plain:{size}:{pace}"},
        )  # fmt: skip
        told = self._line()
        self.url, self.sha256 = told["url"], told["sha256"]

    def _line(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        sys.exit("the server ended without a word")

    def stop(self):
        """Ends the server; the bytes that it sent."""
        self.process.stdin.close()
        told = self._line()
        self.process.wait()
        return told["sent"]


@dataclass
class Cost:
    """What a process took: CPU seconds, seconds, peak memory in bytes."""

    cpu: float
    wall: float
    peak: int


def measure(command, env=None):
    """Runs a command to its end, which must be a good one."""
    began = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in command], env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, text=True
    )
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} ended with {status}")
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss * 1024), out
