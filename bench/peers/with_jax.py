"""The reduced model in JAX: jit of a vmap over worlds of a scan over periods, on the CPU, in float64 or float32.

``make`` is that as one writes it, with XLA's own threads. ``make_tuned`` is what a patient author arrives at: one CPU
device per core with the worlds shared out to them, and each world run to its end so that its state stays in the cache.
"""

from __future__ import annotations

import os

import numpy as np

from peers.problem import OUTCOMES, Problem, make_start

PACKAGE = "jax"


def make_tuned(problem: Problem, precision: str = "float64"):
    """One world at a time on each of several CPU devices."""
    return make(problem, precision, min(problem.threads, problem.worlds), together=False)


def make(problem: Problem, precision: str = "float64", devices: int = 1, together: bool = True):
    """Return a function that runs the problem and returns its outcomes; its first call compiles."""
    flags = f"--xla_force_host_platform_device_count={problem.threads}"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    import jax

    jax.config.update("jax_enable_x64", precision == "float64")
    import jax.numpy as jnp
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

    (R, S, n), p, start = problem.shape, problem.parameters, make_start(problem.shape)
    cells, real = R * S, jnp.dtype(precision)
    firms = cells * n

    def mix(mean):
        mean = mean.reshape(R, S)
        return ((1.0 - p.beyond) * mean + p.beyond * mean.mean(axis=1, keepdims=True)).reshape(cells, 1)

    def learn(own, partner, g, rate, pool):
        gap = jnp.maximum(jnp.take_along_axis(own, partner, axis=1, mode="promise_in_bounds") - own, 0.0)
        return own + g * (rate * gap + p.spillover * jnp.maximum(pool - own, 0.0))

    def advance(state, key):
        x, q, share, cash, research, level = state
        sales = share.sum(axis=1).reshape(R, S) * R
        region_sales = jnp.maximum(sales.mean(axis=1, keepdims=True), p.least_sales)
        overhead = jnp.log(
            1.0 + p.facility / jnp.maximum(sales, p.least_sales) + p.facility_region / region_sales
        )
        bits = jax.random.bits(key, (4, cells, n), jnp.uint32)
        unit = bits.astype(real) * real.type(2.0**-32)
        partner = jnp.minimum((unit[:2] * n).astype(jnp.int32), n - 1)
        g = research / (research + p.difficulty)
        h = p.chance * g
        jump = -p.step * jnp.log(unit[3] + real.type(2.0**-33))
        new_x = learn(x, partner[0], g, p.learning_technology, mix(x.mean(axis=1)))
        new_q = learn(q, partner[1], g, p.learning_quality, mix(q.mean(axis=1)))
        x = new_x + jnp.where(unit[2] < h, jump, 0.0)
        q = new_q + jnp.where((unit[2] >= h) & (unit[2] < 2.0 * h), jump, 0.0)
        shift = (level + p.price_weight * overhead).reshape(cells, 1)
        fitness = jnp.exp(jnp.clip(p.quality_weight * q + p.price_weight * x - shift, -600.0, 600.0))
        everyone = fitness.sum(axis=1).reshape(R, S).sum(axis=0)
        level = level + jnp.log(everyone / (R * n))
        share = (1.0 - p.choice) * share + fitness * jnp.tile(p.choice / everyone, R)[:, None]
        sold = R * n * share
        spent = jnp.where(cash >= 0.0, p.effort * sold, 0.0)
        cash = (1.0 - p.payout) * cash + (p.margin * sold - spent - p.operating)
        research = (1.0 - p.fading) * research + spent
        regional = share.reshape(R, S * n).sum(axis=1)
        row = jnp.stack([
            x.sum() / firms, q.sum() / firms, (share**2).sum() * R * n / S, cash.sum() / firms,
            research.sum() / firms, (regional**2).sum() * R / (S * S),
        ])  # fmt: skip
        return (x, q, share, cash, research, level), row

    def run_world(number):
        shape = (cells, n)
        state = (
            jnp.asarray(start.technology, real), jnp.asarray(start.quality, real), jnp.full(shape, 1.0 / (R * n), real),
            jnp.full(shape, 1.0, real), jnp.full(shape, 0.5, real), jnp.zeros(S, real),
        )  # fmt: skip
        keys = jax.random.split(jax.random.fold_in(jax.random.key(problem.seed), number), problem.periods)
        return jax.lax.scan(advance, state, keys)[1]

    mesh = Mesh(np.array(jax.devices()[:devices]), ("world",))
    share_out = PartitionSpec("world")

    def run_share(numbers):
        return jax.vmap(run_world)(numbers) if together else jax.lax.map(run_world, numbers)

    compiled = jax.jit(
        jax.shard_map(run_share, mesh=mesh, in_specs=share_out, out_specs=share_out, check_vma=False)
    )
    padded = -(-problem.worlds // devices) * devices
    numbers = jax.device_put(np.arange(padded, dtype=np.int32), NamedSharding(mesh, share_out))

    def run() -> np.ndarray:
        return np.asarray(compiled(numbers))[: problem.worlds].reshape(-1, problem.periods, len(OUTCOMES))

    return run


def version() -> str:
    import jax

    return f"jax {jax.__version__}"
