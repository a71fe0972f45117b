#!/usr/bin/env python3
"""CPU seconds of `corpus fetch` (SHA-256 on) against those of `curl` and `openssl sha256` added up, and peak memory.

    tests/bench/fetch_speed.py [GIBIBYTES [RUNS]]

One file from loopback, 2 GiB unless told otherwise; the programs take turns, RUNS times (3). Needs python3, curl,
openssl, and a release build (cargo build --release, or CORPUS=PATH). Options after `--` go to `corpus fetch`.
"""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from loopback import Server, corpus, measure

words = sys.argv[1:]
more = words[words.index("--") + 1 :] if "--" in words else []
words = words[: words.index("--")] if "--" in words else words
size = int(float(words[0] if words else 2) * (1 << 30))
runs = int(words[1]) if len(words) > 1 else 3

program, server = corpus(), Server(size)
scratch = Path(tempfile.mkdtemp(prefix="fetch_speed."))
try:
    table = {"curl": [], "openssl": [], "corpus": []}
    for _ in range(runs):
        file, store = scratch / "curl.bin", scratch / "store"
        table["curl"].append(measure(["curl", "--silent", "--fail", "--output", file, server.url])[0])
        cost, out = measure(["openssl", "dgst", "-sha256", file])
        assert server.sha256 in out, out
        table["openssl"].append(cost)
        file.unlink()
        env = {"CORPUS_CACHE": str(store), "NO_COLOR": "1"}
        table["corpus"].append(measure([program, "fetch", server.url, "--accept-license", "unstated", *more], env)[0])
        _, listed = measure([program, "cache", "list", "--format", "json"], env)
        assert server.sha256 in listed, listed
        shutil.rmtree(store)
    for name, costs in table.items():
        print(
            f"{name:8} cpu {statistics.median(c.cpu for c in costs):6.2f} s (best {min(c.cpu for c in costs):.2f})  "
            f"wall {statistics.median(c.wall for c in costs):6.2f} s  peak {max(c.peak for c in costs) >> 20} MiB"
        )
    ratios = [ours.cpu / (a.cpu + b.cpu) for ours, a, b in zip(table["corpus"], table["curl"], table["openssl"])]
    peak = max(c.peak for c in table["corpus"])
    print(f"ratio {statistics.median(ratios):.3f} (at most 1.1)  peak {peak / 1e6:.0f} MB (at most 100)")
    sys.exit(0 if statistics.median(ratios) <= 1.1 and peak <= 100e6 else 1)
finally:
    server.stop()
    shutil.rmtree(scratch, ignore_errors=True)
