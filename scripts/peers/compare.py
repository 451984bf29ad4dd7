"""Prints a Markdown table from two files of JSON lines: ours and a peer's, one line a workload.

    python compare.py ours.jsonl numpyro.jsonl

The ratio is the peer's time over ours: above 1 ours is the faster one.
"""

import json
import sys


def read(path):
    with open(path) as lines:
        return {line["workload"]: line for line in map(json.loads, lines)}


def number(x):
    return "" if x is None else f"{x:,.0f}" if abs(x) >= 1000 else f"{x:.4g}"


def ratio(ours, peers, field):
    return f"{peers[field] / ours[field]:.2f}" if ours.get(field) and peers.get(field) else ""


def start(line):
    """Seconds before the steady state: what is made, and what is compiled."""
    return line["init_s"] + line["compile_s"]


ours, peers = read(sys.argv[1]), read(sys.argv[2])
name = next(iter(peers.values()))["peer"] if peers else "peer"
columns = [
    "workload", "µs a step", f"{name}", "ratio", "best 2 %", f"{name}", "ratio", "ELBO", f"{name}", "start, s", f"{name}", "MB", f"{name}"
]
print("| " + " | ".join(columns) + " |")
print("|---|" + "--:|" * (len(columns) - 1))
for workload, line in ours.items():
    peer = peers.get(workload)
    if peer is None:
        continue
    cells = [workload]
    for field in ("us_per_step_median", "us_per_step_p02"):
        cells += [number(line[field]), number(peer[field]), ratio(line, peer, field)]
    cells += [f"{line['final_elbo']:.2f}", f"{peer['final_elbo']:.2f}", f"{start(line):.3f}", f"{start(peer):.1f}"]
    cells += [number(line["peak_rss_mb"]), number(peer["peak_rss_mb"])]
    print("| " + " | ".join(cells) + " |")
