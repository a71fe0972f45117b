#!/usr/bin/env python3
"""A file in parts, each built against the indexes of those before it, and as a whole: are the same rows dropped?

    tests/bench/near_index.py CORPUS FILE.jsonl FOLDER [PARTS] [sketch|exact]

Rows need ids of their own. Prints rows, drops, CPU seconds and bytes a row of the index for each part. Needs pyarrow.
"""
import os
import resource
import subprocess
import sys

import pyarrow.dataset as ds
import pyarrow.parquet as pq


def cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    corpus, file, folder = sys.argv[1:4]
    parts = int(sys.argv[4]) if len(sys.argv) > 4 else 10
    verify = sys.argv[5] if len(sys.argv) > 5 else "sketch"
    os.makedirs(f"{folder}/docs", exist_ok=True)
    with open(file, "rb") as lines:
        lines = lines.readlines()
    size = -(-len(lines) // parts)
    for n in range(parts):
        with open(f"{folder}/docs/{n:03}.jsonl", "wb") as out:
            out.writelines(lines[n * size:(n + 1) * size])

    def build(out, path, options):
        """CPU seconds; dropped id: id of the row kept, and similarity."""
        with open(f"{folder}/recipe.toml", "w") as recipe:
            recipe.write(f"name = 'r'\n[[source]]\nname = 's'\npath = ['docs/{path}']\nuse = 'pretrain'\n"
                         f"[[stage]]\nrun = 'near_dedup'\nverify = '{verify}'\n{options}\n")
        before = cpu()
        subprocess.run([corpus, "build", "--recipe", f"{folder}/recipe.toml", "--out", f"{folder}/{out}", "--fresh",
                        "--threads", "1", "--quiet"], check=True)
        seconds = cpu() - before
        rows = ds.dataset(f"{folder}/{out}/dropped/pretrain").to_table(columns=["id", "kept_id", "similarity"])
        return seconds, {r["id"]: (r["kept_id"], r["similarity"]) for r in rows.to_pylist()}

    seconds, whole = build("whole", "*.jsonl", "")
    print(f"whole: {len(lines)} rows, {len(whole)} drops, {seconds:.2f} CPU s")
    total, gone = 0.0, {}
    for n in range(parts):
        against = ", ".join(f"'part-{m}'" for m in range(n))
        seconds, drops = build(f"part-{n}", f"{n:03}.jsonl", f"index = true\nagainst = [{against}]")
        total += seconds
        gone.update(drops)
        index = f"{folder}/part-{n}/index/near_dedup.parquet"
        rows = pq.ParquetFile(index).metadata.num_rows
        print(f"part {n}: {rows} rows, {len(drops)} drops, {seconds:.2f} CPU s, "
              f"{os.path.getsize(index) / max(rows, 1):.1f} bytes a row")
    across = sum("#" in kept for kept, _ in gone.values())
    gone = {id: (kept.split("#", 1)[-1], similarity) for id, (kept, similarity) in gone.items()}
    print(f"parts: {len(gone)} drops, {across} for a row of an earlier part, {total:.2f} CPU s")
    print(f"only in parts {len(gone.keys() - whole.keys())}, only as a whole {len(whole.keys() - gone.keys())}, "
          f"the same for the same rows: {gone == whole}")


main()
