"""Designs and plans of any sweep: ids, coverage, and refusals in words."""

import json
import string

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import technopole.experiments.plan
from sweeping import TWO_REGIONS, plan
from technopole.errors import ConfigError
from technopole.sweeps.design import grid_ids, make_points
from technopole.sweeps.sweep import Sweep
from technopole.sweeps.values import VARIED

KEYS = ["learning.technology", "learning.far", "sharing.cost", "trust.level", "spillover.rate"]
lengths = st.lists(st.integers(1, 6), min_size=1, max_size=4)


@given(lengths, lengths)
def test_ids_of_a_grid_are_unique_and_do_not_depend_on_the_lengths(one, more):
    ids = grid_ids(one)
    assert np.unique(ids).size == ids.size and ids.min() == 0
    larger = [a + b - 1 for a, b in zip(one, more, strict=False)] + one[len(more) :]
    table = grid_ids(larger).reshape(larger)
    assert table[tuple(slice(length) for length in one)].ravel().tolist() == ids.tolist()


@given(st.integers(1, 5), st.integers(1, 5))
def test_ids_of_a_cube_leave_nothing_out(side, dims):
    if side**dims <= 5000:
        assert sorted(grid_ids([side] * dims).tolist()) == list(range(side**dims))


@st.composite
def ranges(draw):
    """A few parameters with ranges inside their sensible ones, or with values."""
    parameters = {}
    for key in draw(st.lists(st.sampled_from(KEYS), min_size=1, unique=True)):
        low, high = VARIED[key].search_range
        first, last = sorted(draw(st.tuples(st.floats(0, 0.4), st.floats(0.6, 1))))
        spread = {"low": low + first * (high - low) + 1e-6, "high": low + last * (high - low)}
        kind = draw(st.sampled_from(["uniform", "loguniform", "normal", "values"]))
        if kind == "values":
            parameters[key] = [spread["low"], spread["high"]]
        else:
            parameters[key] = spread | ({"dist": kind} if kind != "uniform" else {})
            if kind == "normal":
                parameters[key]["sd"] = draw(st.floats(0.01, 10))
    return parameters


@settings(max_examples=60)
@given(
    st.sampled_from(["random", "lhs", "sobol", "saltelli", "morris"]),
    ranges(),
    st.integers(0, 5),
    st.integers(0, 99),
)
def test_drawn_values_are_between_their_bounds(kind, parameters, power, seed):
    design = {"kind": kind, "points": 2**power, "parameters": parameters, "seed": seed}
    sweep = Sweep.from_dict({"experiment": {"scenario": TWO_REGIONS}, "design": design})
    made = make_points(sweep)
    assert np.unique(made.ids).size == len(made) == len(made.sample)
    for spread in sweep.design.spreads:
        values = made.values[spread.key]
        assert np.isfinite(values).all()
        low, high = (min(spread.values), max(spread.values)) if spread.values else (spread.low, spread.high)
        assert low <= values.min() and values.max() <= high
    again = Sweep.from_dict(json.loads(json.dumps(sweep.to_dict())))
    assert make_points(again).digest() == made.digest()


@settings(max_examples=60)
@given(
    st.integers(1, 40),
    st.integers(1, 70),
    st.sampled_from([0, 0, 3]),
    st.integers(0, 12),
    st.booleans(),
)
def test_every_replicate_is_in_one_unit(points, replicates, burn_in, power, raw):
    design = {"kind": "zip", "parameters": {"learning.far": [index / 100 for index in range(points)]}}
    before = technopole.experiments.plan.UNIT_WORK, technopole.experiments.plan.UNIT_BYTES
    try:
        technopole.experiments.plan.UNIT_WORK, technopole.experiments.plan.UNIT_BYTES = (
            1e4 * 2.0**power,
            2.0 ** (power + 8),
        )
        made = plan(
            design=design, experiment={"replicates": replicates, "burn_in": burn_in}, output={"raw": raw}
        )
    finally:
        technopole.experiments.plan.UNIT_WORK, technopole.experiments.plan.UNIT_BYTES = before
    count = np.zeros((points, replicates), dtype=int)
    for unit in made.units():
        count[unit.points.start : unit.points.stop, unit.replicates.start : unit.replicates.stop] += 1
        # a chunk of an array is what a unit fills
        assert unit.points.start % made.point_block == 0
        assert unit.replicates.start % made.replicate_block == 0
    assert (count == 1).all()
    # either whole points, or blocks of one, or with a burn-in points that share it
    assert made.point_block == 1 or made.n_blocks == 1 or burn_in


words = st.text(string.ascii_lowercase + "._", max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | words
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
sections = [
    "experiment",
    "set",
    "design",
    "output",
    "outcomes",
    "contrasts",
    "stop",
    "limits",
    "config",
    "other",
]


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(sections), anything, max_size=4))
def test_nonsense_is_refused_in_words(content):
    content.setdefault("experiment", {"scenario": TWO_REGIONS})
    refused_in_words(content)


known = {
    "experiment": ["name", "replicates", "seed", "periods", "common_random_numbers", "burn_in", "scenario"],
    "design": ["kind", "points", "parameters", "seed", "second_order", "levels", "file"],
    "output": ["variables", "level", "stride", "raw", "statistics", "quantiles", "confidence"],
    "stop": ["outcome", "half_width", "minimum", "maximum", "round", "confidence"],
}
some = (
    scalars
    | anything
    | st.sampled_from(
        ["grid", "list", "lhs", "firm", "cell", 0, 1, 2, 4, ["wage"], {"learning.far": [0.1, 0.2]}]
    )
)


@settings(max_examples=200)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.fixed_dictionaries({}, optional=dict.fromkeys(keys, some))
            for name, keys in known.items()
        },
    )
)
def test_sections_with_any_values_are_read_or_refused_in_words(content):
    content.setdefault("experiment", {}).setdefault("scenario", TWO_REGIONS)
    refused_in_words(content)


def refused_in_words(content):
    try:
        sweep = Sweep.from_dict(content)
        make_points(sweep)
    except ConfigError as failure:
        assert failure.problems
        for line in failure.problems:
            assert "\n" not in line and len(line) < 1000
    else:
        assert Sweep.from_dict(json.loads(json.dumps(sweep.to_dict()))).digest() == sweep.digest()
