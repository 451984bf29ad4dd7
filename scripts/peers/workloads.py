"""The benchmark workloads as NumPyro programs: data, model, guide, and how long each is fitted.

The counterparts of vi-runtime/benches/peers/*.rs; the data come from the folder that
`cargo bench --bench peers -- --export FOLDER` writes.
"""

import os
from dataclasses import dataclass
from typing import Any, Callable, Optional

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax.example_libraries import stax
from numpyro import handlers
from numpyro.distributions import constraints
from numpyro.infer import Trace_ELBO, TraceEnum_ELBO
from numpyro.infer.autoguide import AutoMultivariateNormal, AutoNormal
from numpyro.infer.initialization import init_to_value

BATCH = 512
DIGITS = 128


@dataclass
class Workload:
    """`args` are the model's arguments; where `draw` is given, it makes those of each step from a key instead."""

    model: Callable
    guide: Callable
    args: tuple
    steps: int
    rate: float = 0.01
    elbo: Any = None
    particles: int = 1
    window: int = 100
    draws: int = 1000
    draw: Optional[Callable] = None
    whole: Optional[tuple] = None  # model and arguments of the last evaluation, where they differ
    units: tuple = (1.0, 1.0)  # what the ELBO of a step, and the last one, are divided by


def normal(loc, scale, shape):
    return dist.Normal(loc, scale).expand(shape).to_event(1)


def eight_schools(particles):
    y = jnp.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
    sigma = jnp.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])

    def model(sigma, y):
        mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
        tau = numpyro.sample("tau", dist.HalfCauchy(5.0))
        with numpyro.plate("school", 8):
            z = numpyro.sample("z", dist.Normal(0.0, 1.0))
            numpyro.sample("y", dist.Normal(mu + tau * z, sigma), obs=y)

    window = 500 if particles == 1 else 100
    return Workload(model, AutoNormal(model), (sigma, y), 10_000, particles=particles, window=window)


def linreg(read):
    def model(x, y):
        w = numpyro.sample("w", normal(0.0, 1.0, [10]))
        b = numpyro.sample("b", dist.Normal(0.0, 1.0))
        sigma = numpyro.sample("sigma", dist.Exponential(1.0))
        with numpyro.plate("n", y.shape[0]):
            numpyro.sample("y", dist.Normal(x @ w + b, sigma), obs=y)

    def guide(x, y):
        def pair(name, shape=()):
            loc = numpyro.param(name + "_loc", jnp.zeros(shape))
            return loc, numpyro.param(name + "_scale", jnp.full(shape, 0.1), constraint=constraints.positive)

        numpyro.sample("w", dist.Normal(*pair("w", (10,))).to_event(1))
        numpyro.sample("b", dist.Normal(*pair("b")))
        numpyro.sample("sigma", dist.LogNormal(*pair("sigma")))

    return Workload(model, guide, (read("linear_x.npy"), read("linear_y.npy")), 5_000)


def radon(read, full_rank):
    table = np.loadtxt(read.path("radon.csv"), delimiter=",", skiprows=1)
    county = jnp.asarray(table[:, 0], jnp.int32)
    floor, y = (jnp.asarray(table[:, i], jnp.float32) for i in (1, 2))

    def model(county, floor, y):
        mu_a = numpyro.sample("mu_a", dist.Normal(0.0, 5.0))
        sd_a = numpyro.sample("sd_a", dist.HalfNormal(1.0))
        mu_b = numpyro.sample("mu_b", dist.Normal(0.0, 5.0))
        sd_b = numpyro.sample("sd_b", dist.HalfNormal(1.0))
        with numpyro.plate("county", 85):
            za = numpyro.sample("za", dist.Normal(0.0, 1.0))
            zb = numpyro.sample("zb", dist.Normal(0.0, 1.0))
        sigma = numpyro.sample("sigma", dist.HalfNormal(1.0))
        a, b = mu_a + sd_a * za, mu_b + sd_b * zb
        with numpyro.plate("house", y.shape[0]):
            numpyro.sample("y", dist.Normal(a[county] + b[county] * floor, sigma), obs=y)

    guide = AutoMultivariateNormal(model) if full_rank else AutoNormal(model)
    return Workload(model, guide, (county, floor, y), 10_000, window=10 if full_rank else 50)


def local_level(read):
    def model(y):
        length = y.shape[0]
        sigma_level = numpyro.sample("sigma_level", dist.HalfNormal(1.0))
        sigma_obs = numpyro.sample("sigma_obs", dist.HalfNormal(1.0))
        first = jnp.arange(length) == 0
        x = numpyro.sample("x", dist.Normal(0.0, 5.0).expand([length]).mask(first).to_event(1))
        numpyro.sample("step", normal(0.0, sigma_level, [length - 1]), obs=x[1:] - x[:-1])
        with numpyro.plate("time", length):
            numpyro.sample("y", dist.Normal(x, sigma_obs), obs=y)

    return Workload(model, AutoNormal(model), (read("local_level_y.npy"),), 10_000)


def mixture(read):
    from numpyro.contrib.funsor import config_enumerate

    @config_enumerate
    def model(x):
        weights = numpyro.sample("weights", dist.Dirichlet(jnp.ones(3)))
        with numpyro.plate("component", 3):
            locs = numpyro.sample("locs", normal(0.0, 5.0, [2]))
            scales = numpyro.sample("scales", dist.LogNormal(0.0, 1.0).expand([2]).to_event(1))
        with numpyro.plate("n", x.shape[0]):
            k = numpyro.sample("k", dist.Categorical(weights))
            numpyro.sample("x", dist.Normal(locs[k], scales[k]).to_event(1), obs=x)

    start = jnp.array([[-1.0, 0.0], [1.0, 1.0], [1.0, -1.0]])
    guide = AutoNormal(handlers.block(model, hide=["k"]), init_loc_fn=init_to_value(values={"locs": start}))
    return Workload(model, guide, (read("mixture_x.npy"),), 3_000, elbo=TraceEnum_ELBO, window=20)


def logistic(read, kind):
    x, y = read("logreg_X.npy"), read("logreg_y.npy").astype(jnp.float32)
    size = y.shape[0]

    def priors():
        return numpyro.sample("w", normal(0.0, 1.0, [x.shape[1]])), numpyro.sample("b", dist.Normal(0.0, 1.0))

    def full(x, y):
        w, b = priors()
        with numpyro.plate("n", size):
            numpyro.sample("y", dist.Bernoulli(logits=x @ w + b), obs=y)

    def subsampled(x, y):
        w, b = priors()
        with numpyro.plate("n", size, subsample_size=BATCH) as rows:
            numpyro.sample("y", dist.Bernoulli(logits=x[rows] @ w + b), obs=y[rows])

    def fed(x, y):
        w, b = priors()
        with numpyro.plate("n", size, subsample_size=BATCH):
            numpyro.sample("y", dist.Bernoulli(logits=x @ w + b), obs=y)

    def draw(key):
        rows = jax.random.randint(key, (BATCH,), 0, size)
        return x[rows], y[rows]

    model = {"full": full, "mini": subsampled, "minifed": fed}[kind]
    common = dict(draws=100, whole=(full, (x, y)))
    if kind == "minifed":
        return Workload(model, AutoNormal(model), (x[:BATCH], y[:BATCH]), 10_000, draw=draw, window=50, **common)
    steps, window = (2_000, 2) if kind == "full" else (10_000, 5)
    return Workload(model, AutoNormal(model), (x, y), steps, window=window, **common)


def vae(read):
    pixels = np.unpackbits(np.load(read.path("digits.npy")), axis=1).astype(np.float32)
    train, test = jnp.asarray(pixels[:9_000]), jnp.asarray(pixels[9_000:])
    scale = stax.serial(stax.Dense(20), stax.Exp)
    encoder = stax.serial(stax.Dense(400), stax.Softplus, stax.FanOut(2), stax.parallel(stax.Dense(20), scale))
    decoder = stax.serial(stax.Dense(400), stax.Softplus, stax.Dense(784))

    def model(x):
        decode = numpyro.module("decoder", decoder, (x.shape[0], 20))
        with numpyro.plate("digit", x.shape[0]):
            z = numpyro.sample("z", normal(0.0, 1.0, [20]))
            numpyro.sample("x", dist.Bernoulli(logits=decode(z)).to_event(1), obs=x)

    def guide(x):
        encode = numpyro.module("encoder", encoder, (x.shape[0], 784))
        loc, scale = encode(x)
        with numpyro.plate("digit", x.shape[0]):
            numpyro.sample("z", dist.Normal(loc, scale).to_event(1))

    def draw(key):
        return (train[jax.random.randint(key, (DIGITS,), 0, train.shape[0])],)

    units = (DIGITS, test.shape[0])
    return Workload(
        model, guide, (train[:DIGITS],), 1_000, 0.001, draw=draw, draws=10, window=1, whole=(model, (test,)), units=units
    )


class Read:
    """The arrays of one folder."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def __call__(self, name):
        return jnp.asarray(np.load(self.path(name)))


def workload(name, folder):
    read = Read(folder)
    known = {
        "eight_schools": lambda: eight_schools(1),
        "eight_schools_p64": lambda: eight_schools(64),
        "linreg": lambda: linreg(read),
        "radon": lambda: radon(read, False),
        "radon_mvn": lambda: radon(read, True),
        "local_level": lambda: local_level(read),
        "gmm_enum": lambda: mixture(read),
        "logreg_minifed": lambda: logistic(read, "minifed"),
        "logreg_mini": lambda: logistic(read, "mini"),
        "logreg_full": lambda: logistic(read, "full"),
        "vae": lambda: vae(read),
    }
    if name not in known:
        raise SystemExit(f"there is no workload {name}; known: {', '.join(known)}")
    found = known[name]()
    found.elbo = (found.elbo or Trace_ELBO)(num_particles=found.particles)
    return found
