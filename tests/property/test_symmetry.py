"""Names do not matter: relabelling permutes the results, and regions that are equal stay equal.

The random numbers of a firm belong to its identity, not to its place. So with the rules under which a partner is not
picked by position (``mean_field``, ``barter``), relabelled economies agree even with all draws of firms switched on.
Start-ups are drawn by cell, and the far home of a spin-off by the order of regions: off where cells change places.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regimes import NO_CHANCE
from twinning import assert_close, fill_world, random_state, twin_state
from worlds import FIRM_ROWS, QUICK, Run, economy, plan

PERIODS = 5
FIRMS = np.array([[14, 6, 0], [3, 25, 9], [30, 0, 2], [7, 7, 7]])
FIRM_ARRAYS = (*FIRM_ROWS, "identity", "age", "tie")
ORDERLESS = st.sampled_from(("mean_field", "barter"))
RULES = {
    "sharing.rule": st.sampled_from(("proportional", "equal", "serial")),
    "market.rule": st.sampled_from(("ces", "replicator")),
}


def content(regions=range(4), sectors=range(3)):
    """Economy whose regions and sectors stand in the given order; what belongs to them goes with them."""
    places = [(0.0, 0.0), (90.0, 30.0), (200.0, -50.0), (30.0, 150.0)]
    everything = {
        "regions": [{"id": f"r{r}", "x": places[r][0], "y": places[r][1]} for r in regions],
        "sectors": [
            {"id": f"s{k}", "high_tech": bool(k == 1), "group": "aab"[k], "markup": float(0.2 + 0.1 * k)}
            for k in sectors
        ],
        "cells": [{"region": f"r{r}", "sector": f"s{k}", "firms": 1} for r in regions for k in sectors],
        "suppliers": [
            {"sector": "s0", "from": {"s1": 0.6, "s2": 0.4}},
            {"sector": "s2", "from": {"s0": 0.3, "s1": 0.3, "s2": 0.4}},
        ],
        "policies": [
            {"instrument": "rd_subsidy", "value": 0.4, "regions": ["r1"], "sectors": ["s1"]},
            {"instrument": "university", "value": 0.5, "regions": ["r2"]},
            {"instrument": "demand_shock", "value": -0.1, "sectors": ["s0"], "start": 1},
        ],
    }
    return everything


def relabelled(state, firm_order, regions, sectors):
    """Reorder a state: firms as given by position, regions and sectors as listed."""
    cells = (regions[:, None] * len(sectors) + sectors).ravel()
    counts = np.diff(state["offsets"])
    order = np.concatenate([firm_order[state["offsets"][c] : state["offsets"][c + 1]] for c in cells])
    other = {name: state[name][order.astype(int)] for name in FIRM_ARRAYS}
    other["offsets"] = np.concatenate([[0], np.cumsum(counts[cells])])
    for name in (
        "workforce",
        "wage",
        "trust",
        "infrastructure",
        "university",
        "services",
        "finance",
        "pipeline",
    ):
        other[name] = state[name][regions]
    for name in ("market", "fitness_level", "knowledge"):
        other[name] = state[name][sectors]
    other["reputation"] = state["reputation"][np.ix_(regions, sectors)]
    return other | {"norms": state["norms"], "period": state["period"]}


def canonical(state):
    """Reorder the firms of every cell by identity."""
    firm_order = np.arange(state["share"].size)
    for begin, end in zip(state["offsets"][:-1], state["offsets"][1:], strict=True):
        firm_order[begin:end] = begin + np.argsort(state["identity"][begin:end])
    return {name: values[firm_order] if name in FIRM_ARRAYS else values for name, values in state.items()}


def compare(parameters, seed, firm_order=None, regions=None, sectors=None):
    """Run an economy and its relabelled copy, and compare what becomes of both."""
    regions = np.arange(4) if regions is None else np.asarray(regions)
    sectors = np.arange(3) if sectors is None else np.asarray(sectors)
    firm_order = np.arange(FIRMS.sum()) if firm_order is None else firm_order
    one = Run(plan(content(), parameters, firms=FIRMS), seed)
    state = random_state(one.world, np.random.default_rng(seed))
    state["period"] = 0
    fill_world(one.world, state)
    names = plan(content(regions, sectors), parameters, firms=FIRMS[np.ix_(regions, sectors)])
    other = Run(names, seed)
    # constants that were made from the initial firms, which the random state replaces
    fill_world(other.world, relabelled(state, firm_order, regions, sectors))
    ended = [twin_state(run.advance(PERIODS).world) for run in (one, other)]
    expected = canonical(relabelled(ended[0], np.arange(one.n_firms), regions, sectors))
    found = canonical(ended[1])
    for name, values in expected.items():
        assert_close(found[name], values, name, tolerance=1e-11, scale=1e-3)
    return one


@given(ORDERLESS, st.fixed_dictionaries(RULES), st.integers(0, 2**32 - 1))
@QUICK
def test_firms(learning, rules, seed):
    """Everything is on: entry and exit, innovation, demand shocks, start-ups."""
    firm_order = np.arange(FIRMS.sum())
    rng = np.random.default_rng(seed)
    for part in np.split(firm_order, np.cumsum(FIRMS.ravel())[:-1]):
        rng.shuffle(part)
    run = compare({"learning.rule": learning, **rules}, seed, firm_order=firm_order)
    assert not np.isin(run.blueprint.identity, run.world.identity[0, : run.n_firms]).all()


@given(ORDERLESS, st.fixed_dictionaries(RULES), st.permutations(range(4)), st.integers(0, 2**32 - 1))
@QUICK
def test_regions(learning, rules, order, seed):
    by_cell = {"entry.startups": 0.0, "entry.home": 1.0}
    compare({"learning.rule": learning, **rules, **by_cell}, seed, regions=order)


@given(ORDERLESS, st.fixed_dictionaries(RULES), st.permutations(range(3)), st.integers(0, 2**32 - 1))
@QUICK
def test_sectors(learning, rules, order, seed):
    compare({"learning.rule": learning, **rules, "entry.startups": 0.0}, seed, sectors=order)


def test_the_order_matters_where_partners_are_picked_by_position():
    """The comparison would notice: under ``broadcast`` the order of the firms is part of the state."""
    firm_order = np.arange(FIRMS.sum())
    firm_order[:14] = firm_order[:14][::-1]
    with pytest.raises(AssertionError, match="relative error"):
        compare({"learning.rule": "broadcast", "learning.contact": 1.0}, 1, firm_order=firm_order)


@given(st.fixed_dictionaries(RULES), st.integers(0, 2**32 - 1))
@QUICK
def test_identical_regions_stay_identical(rules, seed):
    """Two twins and a third region as near to the one as to the other: the twins agree to the last bit."""
    distances = [("r0", "r1", 120.0), ("r0", "r2", 80.0), ("r1", "r2", 80.0)]
    tables = economy(3, 2, 9)
    tables["distances"] = [{"from": one, "to": two, "distance": far} for one, two, far in distances]
    rng = np.random.default_rng(seed)
    workers = 1.0 + rng.lognormal(2.0, 1.0, 54)
    workers[18:36] = workers[:18]
    run = Run(plan(tables, {**NO_CHANCE, **rules}, employment=workers), seed)
    state = random_state(run.world, rng)
    for name in (*FIRM_ROWS, "age", "tie"):
        state[name][18:36] = state[name][:18]
    for name in (
        "workforce",
        "wage",
        "trust",
        "infrastructure",
        "university",
        "services",
        "finance",
        "pipeline",
    ):
        state[name][1] = state[name][0]
    state["reputation"][1] = state["reputation"][0]
    fill_world(run.world, state)
    run.advance(20, record=True)
    ended = twin_state(run.world)
    counts = run.counts
    assert np.array_equal(counts[0], counts[1]) and counts[0].sum() > 0
    assert not np.isin(ended["cash"], state["cash"]).any()
    first, second = slice(0, counts[0].sum()), slice(counts[0].sum(), 2 * counts[0].sum())
    for name in FIRM_ROWS:
        assert np.array_equal(ended[name][first], ended[name][second]), name
    for name in ("workforce", "wage", "trust", "infrastructure", "university", "services", "finance"):
        assert ended[name][0] == ended[name][1] != ended[name][2], name
    seen = run.recorded("productivity")[-1]
    assert np.array_equal(seen[0], seen[1], equal_nan=True)
