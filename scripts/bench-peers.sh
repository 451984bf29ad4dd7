#!/usr/bin/env bash
# Times the benchmark workloads here and in NumPyro, on the same data and the same processors, and prints a table with the
# ratio of the two.
#
#     scripts/bench-peers.sh [--cpus LIST] [--steps N] [--out FOLDER] [WORKLOAD …]
#
#     --cpus   what `taskset -c` takes: 0 (the default) or 0,1; both sides run there
#     --steps  at most so many steps of each fit before the timing; all of them by default
#     --out    where the lines of JSON go; default $VI_CACHE/bench-peers
#
# NumPyro is installed once, into a virtual environment in $VI_CACHE (see cache-dir.sh).
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=scripts/cache-dir.sh
source "$here/cache-dir.sh"
# shellcheck source=scripts/peers-env.sh
source "$here/peers-env.sh"

cpus=0
steps=()
out="$VI_CACHE/bench-peers"
workloads=()
while [ $# -gt 0 ]; do
    case "$1" in
        --cpus) cpus="$2"; shift 2 ;;
        --steps) steps=(--steps "$2"); shift 2 ;;
        --out) out="$2"; shift 2 ;;
        --help | -h) sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        -*) echo "bench-peers: there is no option $1" >&2; exit 1 ;;
        *) workloads+=("$1"); shift ;;
    esac
done

mkdir -p "$out"
out="$(cd "$out" && pwd)"
install_numpyro
cd "$here/.."
cargo bench --bench peers --no-run
cargo bench --quiet --bench peers -- --export "$out/data"
[ "${#workloads[@]}" -gt 0 ] || mapfile -t workloads < <(cargo bench --quiet --bench peers -- --list)

: >"$out/ours.jsonl"
: >"$out/numpyro.jsonl"
# One after the other, so that a slow spell of the machine meets both sides of a ratio.
for workload in "${workloads[@]}"; do
    echo "bench-peers: $workload" >&2
    taskset -c "$cpus" cargo bench --quiet --bench peers -- "$workload" "${steps[@]}" >>"$out/ours.jsonl"
    taskset -c "$cpus" "$numpyro" "$here/peers/numpyro_svi.py" "$workload" "$out/data" "${steps[@]}" >>"$out/numpyro.jsonl"
done
python3 "$here/peers/compare.py" "$out/ours.jsonl" "$out/numpyro.jsonl"
