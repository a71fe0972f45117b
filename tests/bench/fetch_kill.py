#!/usr/bin/env python3
"""`corpus fetch` killed at random: it must end with the right bytes, with less than 5 % of them fetched twice.

    tests/bench/fetch_kill.py [GIBIBYTES [KILLS [SEED]]]

2 GiB and 50 kills unless told otherwise. The server sends 100 MB a second, as a line would, so that what it has sent
is what the client has got, give or take a buffer. Needs python3 and a build (release, or CORPUS=PATH).
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from loopback import Server, corpus, measure

PACE = 100_000_000
size = int(float(sys.argv[1] if len(sys.argv) > 1 else 2) * (1 << 30))
kills = int(sys.argv[2]) if len(sys.argv) > 2 else 50
rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)

program, server = corpus(), Server(size, PACE)
scratch = Path(tempfile.mkdtemp(prefix="fetch_kill."))
store = scratch / "store"
env = {"CORPUS_CACHE": str(store), "NO_COLOR": "1"}
sent = None


def check():
    _, listed = measure([program, "cache", "list", "--format", "json"], env)
    assert server.sha256 in listed, "the finished file has another checksum"
    measure([program, "cache", "verify"], env)


try:
    done, whole = 0, 0
    while done < kills:
        process = subprocess.Popen(
            [program, "fetch", server.url, "--accept-license", "unstated"],
            env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(0.05 + rng.random() * 2 * size / PACE / kills)
        if process.poll() is None:
            process.kill()
            done += 1
        elif process.returncode == 0:
            # Done in spite of all: from the start.
            check()
            whole += 1
            shutil.rmtree(store)
        else:
            sys.exit(f"corpus fetch ended with {process.returncode}")
        process.wait()
    measure([program, "fetch", server.url, "--accept-license", "unstated"], env)
    check()
    whole += 1
    sent = server.stop()
    twice = sent / (whole * size) - 1
    print(f"{done} kills, {whole} times whole, {sent} bytes sent for {whole} x {size}: {100 * twice:.2f} % twice (at most 5)")
    sys.exit(0 if twice < 0.05 else 1)
finally:
    if sent is None:
        server.stop()
    shutil.rmtree(scratch, ignore_errors=True)
