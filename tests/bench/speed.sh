#!/usr/bin/env bash
# CPU seconds and megabytes of text per CPU second, whole process, start to finish, one thread.
#
#   tests/bench/speed.sh FILE.jsonl [RUNS]
#
# FILE is JSON lines with a field `text`. Needs bash, python3 and a release build (cargo build --release). Prints one
# row a recipe: the best and the median of RUNS (default 5) runs, peak memory, and where the CPU seconds went.
set -euo pipefail
file=$(realpath "$1")
runs=${2:-5}
root=$(cd "$(dirname "$0")/../.." && pwd)
corpus=${CORPUS:-${CARGO_TARGET_DIR:-$root/target}/release/corpus}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

recipe() { # NAME STAGE…
  { printf 'name = "%s"\n[[source]]\nname = "bench"\npath = ["%s"]\nuse = "pretrain"\n' "$1" "$file"
    shift
    for stage in "$@"; do printf '[[stage]]\nrun = "%s"\n' "${stage%+*}"
      [ "$stage" = words+column ] && echo 'column = true'
    done; echo '[output]'; } >"$scratch/$name.toml"
}

python3 - "$file" >"$scratch/bytes" <<'PY'
import json, sys
print(sum(len(json.loads(line)["text"].encode()) for line in open(sys.argv[1], encoding="utf-8") if line.strip()))
PY

TIMEFORMAT='%U %S'
for name in exact language words words_column; do
  case $name in
    exact) recipe $name exact_dedup ;;
    language) recipe $name normalize language exact_dedup ;;
    words) recipe $name normalize language words exact_dedup ;;
    words_column) recipe $name normalize language words+column exact_dedup ;;
  esac
  : >"$scratch/times"
  for _ in $(seq "$runs"); do
    rm -rf "$scratch/out"
    { time "$corpus" build --quiet --recipe "$scratch/$name.toml" --out "$scratch/out" --threads 1; } 2>>"$scratch/times"
  done
  python3 - "$name" "$scratch" <<'PY'
import json, statistics, sys
name, scratch = sys.argv[1:]
size = int(open(f"{scratch}/bytes").read()) / 1e6
cpu = sorted(sum(map(float, line.split())) for line in open(f"{scratch}/times") if line.strip())
build = json.load(open(f"{scratch}/out/build.json"))
phases = {k: v["cpu_seconds"] for k, v in build["timings"].items() if isinstance(v, dict) and "cpu_seconds" in v and k != "total"}
peak = build["timings"]["total"]["peak_memory_bytes"] >> 20
median = statistics.median(cpu)
print(f"{name:13} {size:.1f} MB  median {median:.2f} s = {size / median:5.1f} MB/s  best {cpu[0]:.2f} s = "
      f"{size / cpu[0]:5.1f} MB/s  peak {peak} MiB  {phases}")
PY
done
