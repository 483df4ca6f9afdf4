"""Worlds of float32: near the NumPy twin, which is float64, in one period and in the mean of many; the same bits always.

Tolerances: numbers of one period from equal states 1e-4 relative (logarithms absolute), counts exactly, as long as no
draw falls within 2**-24 of what it is compared with: the seeds are fixed. Totals of 30 periods differ by chance alone,
as one firm that stays instead of leaving changes all that follows: means over 40 worlds agree within 4 standard errors
of their difference (false alarm: 1 in 15,000 for each of the variables, were they independent).
"""

import itertools

import numpy as np
import pytest

import reference
import technopole as tp
from technopole.schema import PARAMETERS
from technopole.simulation.advance import advance
from technopole.world.build import enlarge_world
from technopole.world.crew import Crew
from twinning import (
    assert_records_agree,
    assert_states_agree,
    fill_world,
    random_state,
    twin_constants,
    twin_parameters,
    twin_policy,
    twin_record,
    twin_state,
)
from worlds import Run, assert_same_bits, copy_world, economy, make_records, mixed, plan, state_arrays

SINGLE = {"run.precision": "float32"}
NEAR = 1e-4
RULES = {
    key: PARAMETERS[key].choices for key in ("learning.rule", "sharing.rule", "sharing.need", "market.rule")
}
PERIODS = 12


def single(**changes):
    """Four regions and three sectors of every kind."""
    return mixed(run__precision="float32", **changes)


def results(run):
    """State and records of a run."""
    records = {name: getattr(run.records, name) for name in ("cells", "regions", "sectors", "sizes")}
    return {**state_arrays(run.world), **{f"records.{name}": values for name, values in records.items()}}


def as_float64(state):
    """A state of a world of float32 as the twin computes with it; shares add up to 1 again."""
    wide = {name: value.astype(float) if _is_float(value) else value for name, value in state.items()}
    sectors = wide["market"].size
    cells = np.repeat(np.arange(wide["offsets"].size - 1), np.diff(wide["offsets"]))
    return wide | {"share": wide["share"] / np.bincount(cells % sectors, wide["share"])[cells % sectors]}


def _is_float(value):
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def one_period(blueprint, seed):
    """One period from a random state in float32 and by the twin."""
    run = Run(blueprint, seed, 5, capacity=4 * blueprint.n_firms + 500)
    fill_world(run.world, random_state(run.world, np.random.default_rng(seed)))
    before = as_float64(twin_state(run.world))
    inputs = twin_parameters(blueprint), twin_constants(blueprint), twin_policy(blueprint)
    after, record = reference.step(before, *inputs, seed, 5)
    run.advance(1, record=True)
    return run, after, record


@pytest.mark.parametrize("rules", list(itertools.product(*RULES.values())), ids="-".join)
def test_one_period_is_that_of_the_twin(rules):
    content = economy(3, 3, [[30, 5, 0], [1, 12, 8], [40, 0, 2]], spacing=150.0)
    content["suppliers"] = [{"sector": "s0", "from": {"s1": 0.6, "s2": 0.4}}]
    firms = [[30, 5, 0], [1, 12, 8], [40, 0, 2]]
    employment = 1.0 + np.random.default_rng(5).lognormal(2.0, 1.3, np.sum(firms))
    given = {**dict(zip(RULES, rules, strict=True)), **SINGLE}
    run, after, record = one_period(plan(content, given, firms=firms, employment=employment), 11)
    assert_states_agree(twin_state(run.world), after, NEAR)
    assert_records_agree(twin_record(run, -1), record, NEAR)


def test_one_period_of_many_firms():
    """Cells of several tiles, and partners among thousands."""
    run, after, record = one_period(plan(economy(2, 2, [[1500, 900], [40, 1100]], spacing=200.0), SINGLE), 3)
    assert_states_agree(twin_state(run.world), after, NEAR)
    assert_records_agree(twin_record(run, -1), record, NEAR)


def test_the_comparison_notices():
    """A twin that were wrong by three ten-thousandths would be found."""
    run, after, _ = one_period(single(), 11)
    with pytest.raises(AssertionError, match="cash"):
        assert_states_agree(twin_state(run.world), {**after, "cash": after["cash"] * (1 + 3e-4)}, NEAR)


def test_shares_add_up_for_a_long_time():
    run = Run(single(), 3).advance(200)
    sector = run.cell_of_firm() % run.blueprint.n_sectors
    sums = np.bincount(sector, run.firm("share").astype(float))
    assert np.max(np.abs(sums - 1.0)) < 1e-6
    assert np.isfinite(run.world.firms[:, : run.n_firms]).all()


def test_means_of_many_worlds_are_those_of_float64():
    content = economy(4, 3, [[30, 5, 9], [8, 12, 8], [40, 7, 2], [5, 5, 5]], spacing=150.0)
    config = tp.Config.from_dict({**content, "time": {"periods": 30}, "run": {"replicates": 40, "seed": 9}})
    names = (
        "firms",
        "exits",
        "startups",
        "spinoffs",
        "innovations",
        "technology",
        "productivity",
        "payout",
        "wage",
    )
    config = config.replace({"output.variables": list(names)})
    one, other = tp.run(config.replace(SINGLE)), tp.run(config)
    for name in names:
        dims = [dim for dim in one[name].dims if dim not in ("replicate", "time")]
        means = [ds[name].isel(time=slice(10, None)).mean(["time", *dims]).values for ds in (one, other)]
        gap = means[0] - means[1]
        allowed = 4.0 * np.sqrt(np.var(means[0], ddof=1) / 40 + np.var(means[1], ddof=1) / 40)
        assert abs(gap.mean()) < allowed + 1e-6 * abs(means[1].mean()), name


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_threads_that_share_a_world(threads):
    blueprint = single(entry__startups=0.3)
    alone = Run(blueprint, 4).advance(PERIODS, record=True)
    shared = Run(blueprint, 4, capacity=blueprint.n_firms + 3)
    shared.records = make_records(blueprint, PERIODS)
    crew, stop = Crew(threads), np.zeros(1, dtype=np.int64)
    shared.world, finished = advance(
        blueprint, shared.setting, shared.world, shared.records, PERIODS, 1, stop, crew
    )
    crew.close()
    assert finished
    assert_same_bits(results(alone), results(shared))


@pytest.mark.parametrize("period", [0, 1, 7])
def test_saved_and_enlarged_at_any_period(period):
    blueprint = single(entry__startups=0.4)
    straight = Run(blueprint, 5, capacity=50 * blueprint.n_firms + 2000).advance(PERIODS, record=True)
    tight = Run(blueprint, 5, capacity=blueprint.n_firms).advance(period, record=True)
    tight.world = enlarge_world(copy_world(tight.world), tight.world.firms.shape[1] + 13)
    for _ in range(PERIODS - period):
        tight.advance(1, record=True)
    assert_same_bits(results(straight), results(tight))


def test_a_used_world():
    fresh = Run(single(), 6, 1).advance(4, record=True)
    used = Run(single(), 7, 2).advance(3)
    again = Run(single(), 6, 1, world=used.world).advance(4, record=True)
    assert_same_bits(results(fresh), results(again))


def test_switched_off_is_gone():
    """A mechanism at rate 0 leaves the bits of a world without it, as in float64."""
    off = {"learning__technology": 0.0, "learning__organisation": 0.0, "spillover__rate": 0.0, "upgrading__rate": 0.0,
           "science__rate": 0.0, "innovation__rate": 0.0, "innovation__rate_high_tech": 0.0}  # fmt: skip
    run = Run(single(**off, entry__spinoff=0.0, entry__startups=0.0), 3)
    known = dict(
        zip(run.world.identity[0, : run.n_firms].tolist(), run.firm("technology").tolist(), strict=True)
    )
    run.advance(5)
    assert all(known[key] == value for key, value in zip(
        run.world.identity[0, : run.n_firms].tolist(), run.firm("technology").tolist(), strict=True))  # fmt: skip


def test_knowledge_is_never_unlearned_and_never_passes_the_frontier():
    off = {"innovation__rate": 0.0, "innovation__rate_high_tech": 0.0, "science__rate": 0.0, "entry__spinoff": 0.0,
           "entry__startups": 0.0}  # fmt: skip
    run = Run(single(**off), 8)
    for _ in range(5):
        before = run.world.firms[:4, : run.n_firms].astype(float).max(axis=1)
        low = dict(
            zip(run.world.identity[0, : run.n_firms].tolist(), run.firm("quality").tolist(), strict=True)
        )
        run.advance(1)
        assert np.all(run.world.firms[:4, : run.n_firms].max(axis=1) <= before)
        now = zip(run.world.identity[0, : run.n_firms].tolist(), run.firm("quality").tolist(), strict=True)
        assert all(value >= low[key] for key, value in now)
