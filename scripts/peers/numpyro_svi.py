"""Fits one workload with NumPyro and prints one line of JSON with the fields of `cargo bench --bench peers`.

    python numpyro_svi.py WORKLOAD FOLDER [--steps N] [--seed S]
    python numpyro_svi.py eight_schools FOLDER --whole

A window of steps is one compiled `lax.scan` over `svi.update`, as in `SVI.run`, compiled ahead of time, so that compile
time and the steady state are told apart. `--whole` does what a user's script would: one `SVI.run`, one line, the end.
"""

import argparse
import json
import os
import time

BEGIN = time.perf_counter()
parser = argparse.ArgumentParser()
parser.add_argument("workload")
parser.add_argument("folder")
parser.add_argument("--steps", type=int)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--whole", action="store_true")
args = parser.parse_args()

import jax  # noqa: E402
import numpy as np  # noqa: E402
import numpyro  # noqa: E402
from jax import lax, random  # noqa: E402
from numpyro.infer import SVI  # noqa: E402
from numpyro.optim import Adam  # noqa: E402
from workloads import workload  # noqa: E402

IMPORTED = time.perf_counter() - BEGIN


class Clock:
    """Seconds of wall and of processor time since it was made."""

    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def elapsed(self):
        return time.perf_counter() - self.wall, time.process_time() - self.cpu


def peak_rss_mb():
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


w = workload(args.workload, args.folder)
steps = min(args.steps or w.steps, w.steps)
svi = SVI(w.model, w.guide, Adam(w.rate), w.elbo)
key = random.PRNGKey(args.seed)

if args.whole:
    result = svi.run(key, steps, *w.args, progress_bar=False)
    print(json.dumps({"steps": steps, "elbo_tail_mean": -float(result.losses[-max(1, steps // 10):].mean())}))
    raise SystemExit

clock = Clock()
carry = (svi.init(key, *w.args), random.PRNGKey(args.seed + 1))
jax.block_until_ready(carry)
init_s, init_cpu_s = clock.elapsed()


def step(carry, _):
    state, key = carry
    if w.draw is None:
        state, loss = svi.update(state, *w.args)
    else:
        key, chosen = random.split(key)
        state, loss = svi.update(state, *w.draw(chosen))
    return (state, key), loss


window = min(w.window, steps)
clock = Clock()
run = jax.jit(lambda carry: lax.scan(step, carry, None, length=window)).lower(carry).compile()
compile_s, compile_cpu_s = clock.elapsed()

losses = []
while len(losses) * window < steps:
    carry, loss = run(carry)
    losses.append(np.asarray(loss))
losses = np.concatenate(losses)
params = svi.get_params(carry[0])

repeats = []
for _ in range(3):  # the same passes as measure.rs: 300 windows or two seconds
    begin, wall = Clock(), []
    while len(wall) < 300 and begin.elapsed()[0] < 2.0 or len(wall) < 3:
        clock = Clock()
        carry, loss = run(carry)
        jax.block_until_ready(loss)
        wall.append(clock.elapsed()[0] / window * 1e6)
    cpu = begin.elapsed()[1] / (len(wall) * window) * 1e6
    repeats.append([float(np.median(wall)), float(np.quantile(wall, 0.02)), cpu])
rss = peak_rss_mb()

model, data = w.whole or (w.model, w.args)
elbo = type(w.elbo)()
evaluate = jax.jit(lambda key: lax.map(lambda k: -elbo.loss(k, params, model, w.guide, *data), random.split(key, w.draws)).mean())
tail = losses[-max(1, len(losses) // 10):]
middle = [sorted(column)[1] for column in zip(*repeats)]
print(
    json.dumps(
        {
            "peer": "numpyro",
            "version": numpyro.__version__,
            "jax": jax.__version__,
            "workload": args.workload,
            "steps": len(losses),
            "seed": args.seed,
            "lr": w.rate,
            "cpus": len(os.sched_getaffinity(0)),
            "import_s": IMPORTED,
            "init_s": init_s,
            "init_cpu_s": init_cpu_s,
            "compile_s": compile_s,
            "compile_cpu_s": compile_cpu_s,
            "us_per_step_median": middle[0],
            "us_per_step_p02": middle[1],
            "cpu_us_per_step": middle[2],
            "repeats": repeats,
            "elbo_tail_mean": -float(tail.mean()) / w.units[0],
            "final_elbo": float(evaluate(random.PRNGKey(12345))) / w.units[1],
            "eval_particles": w.draws,
            "peak_rss_mb": rss,
            "loadavg": os.getloadavg()[0],
        }
    )
)
