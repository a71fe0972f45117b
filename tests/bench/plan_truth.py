#!/usr/bin/env python3
"""Does a plan come true? Plans each recipe, builds it, and compares what was told with what came out.

    tests/bench/plan_truth.py CORPUS RECIPE.toml … [-- OPTION …]

CORPUS is the program; options behind `--` go to `plan` (--sample 16MiB). A line a quantity: told, the range told, true,
how far off; `in` where the truth lies in the range, `15` where it is within 15 % of what was told, else `OFF`. CPU
seconds and memory are those of the whole process. Linux only.
"""
import json
import os
import subprocess
import sys
import tempfile


def run(program, arguments):
    """Runs the program; its stdout, CPU seconds and peak memory."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([program, *arguments], stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        out.seek(0)
        if status:
            sys.exit(f"{' '.join(arguments)}: exit {status >> 8}")
        return out.read(), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def bytes_of(folder, end=""):
    files = (os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
    return sum(os.path.getsize(file) for file in files if file.endswith(end))


def line(what, told, low, high, true):
    word = "in" if low <= true <= high else "15" if true and abs(told - true) <= 0.15 * true else "OFF"
    off = f"{100 * (told - true) / true:+.1f}%" if true else ""
    print(f"  {what:32} {told:>12.6g} [{low:.6g}, {high:.6g}]  {true:>12.6g} {off:>8} {word}")


def compare(program, recipe, more):
    with tempfile.TemporaryDirectory() as folder:
        out, work = os.path.join(folder, "out"), os.path.join(folder, "work")
        where = ["--recipe", recipe, "--out", out, "--work", work, "--threads", "2"]
        text, cpu, _ = run(program, ["plan", "--format", "json", *where, *more])
        plan = json.loads(text)["estimate"]
        _, used, peak = run(program, ["build", "--keep-work", *where])
        built = json.load(open(os.path.join(out, "build.json")))
        totals, true = built["totals"], {}
        print(f"{recipe}: {plan['sampled_rows']} of {totals['read']} rows built in {cpu:.1f} CPU s")
        for reason in built["reasons"]:
            key = f"{reason['stage']} {reason['reason']}"
            true[key] = true.get(key, 0) + reason["rows"]
        told = {f"{loss['stage']} {loss['reason']}": loss["range"] for loss in plan["losses"]}
        unseen = {"low": 0, "likely": 0, "high": plan["unseen_rows"]}
        ranges = [("kept", plan["kept_range"], totals["kept"])]
        for key in sorted(set(told) | set(true)):
            rows = totals["unreadable"] if key == " unreadable" else true.get(key, 0)
            ranges.append((key, told.get(key, unseen), rows))
        output = bytes_of(out, ".parquet")
        ranges.append(("output", plan["output_bytes_range"], output))
        ranges.append(("peak disk", plan["peak_disk_bytes_range"], output + bytes_of(work)))
        ranges.append(("CPU", plan["cpu_seconds_range"], used))
        memory = plan["likely_memory_bytes"]
        ranges.append(("memory", {"low": 0, "likely": memory, "high": plan["memory_bytes"]}, peak))
        for what, range, rows in ranges:
            line(what, range["likely"], range["low"], range["high"], rows)


if len(sys.argv) < 3:
    sys.exit(__doc__)
recipes = sys.argv[2:]
more = recipes[recipes.index("--") + 1:] if "--" in recipes else []
for recipe in recipes[: recipes.index("--")] if "--" in recipes else recipes:
    compare(sys.argv[1], recipe, more)
