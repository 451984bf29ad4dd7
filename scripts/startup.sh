#!/usr/bin/env bash
# From the start of the process to the posterior: eight schools with 10 000 steps, here and in NumPyro. Prints the median,
# the least and the largest of the wall and processor seconds of several runs.
#
#     scripts/startup.sh [--runs N] [--steps N] [--cpus LIST]
#
#     --runs   how often each side runs (default 5), after one run that does not count
#     --steps  steps of the fit (default 10 000)
#     --cpus   what `taskset -c` takes (default 0)
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=scripts/cache-dir.sh
source "$here/cache-dir.sh"
# shellcheck source=scripts/peers-env.sh
source "$here/peers-env.sh"

runs=5
steps=10000
cpus=0
while [ $# -gt 0 ]; do
    case "$1" in
        --runs) runs="$2" ;;
        --steps) steps="$2" ;;
        --cpus) cpus="$2" ;;
        --help | -h) sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "startup: there is no option $1" >&2; exit 1 ;;
    esac
    shift 2
done

install_numpyro
cd "$here/.."
executable="$(cargo bench --quiet --bench peers --no-run --message-format=json |
    python3 -c 'import json, sys; print([m["executable"] for m in map(json.loads, sys.stdin) if m.get("executable")][-1])')"

python3 "$here/peers/repeat.py" "$runs" vi-runtime taskset -c "$cpus" "$executable" --whole --steps "$steps"
python3 "$here/peers/repeat.py" "$runs" numpyro \
    taskset -c "$cpus" "$numpyro" "$here/peers/numpyro_svi.py" eight_schools . --whole --steps "$steps"
