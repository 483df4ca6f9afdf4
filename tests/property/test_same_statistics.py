"""Reductions and statistics have the same bits for any number of replicates computed together."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from technopole.schema import RECORDS, SIZE_EDGES
from technopole.schema.levels import LEVELS, reduce_to_level
from technopole.schema.outcomes import DEFAULT_OUTCOMES, compute_outcomes
from technopole.statistics.moments import Tree, block_moments, merge_blocks

NUMBERS = st.one_of(
    st.floats(-1e6, 1e6), st.floats(-1e-3, 1e-3), st.just(float("nan")), st.just(float("inf")), st.just(0.0)
)


@st.composite
def replicates(draw):
    """Values (replicate, element), some of them missing, and which replicates are valid."""
    n, elements = draw(st.integers(0, 70)), draw(st.integers(1, 3))
    values = draw(arrays.arrays(np.float64, (n, elements), elements=NUMBERS))
    return values, draw(arrays.arrays(np.bool_, (n,), elements=st.booleans(), fill=st.just(True)))


def same(first, second):
    return all(
        np.array_equal(a, b, equal_nan=True) and a.dtype == b.dtype
        for a, b in zip(first, second, strict=True)
    )


@given(replicates(), st.sampled_from((1, 2, 4, 8, 16, 64, 128)))
def test_moments_do_not_depend_on_the_size_of_blocks(sample, size):
    values, valid = sample
    whole = block_moments(values, valid)
    firsts = range(0, max(len(values), 1), size)
    blocks = [block_moments(values[i : i + size], valid[i : i + size]) for i in firsts]
    assert same(merge_blocks(*(np.stack(part) for part in zip(*blocks, strict=True))), whole)


@given(replicates(), st.lists(st.integers(1, 20), min_size=70, max_size=70))
def test_moments_do_not_depend_on_how_many_replicates_come_together(sample, sizes):
    values, valid = sample
    tree, done = Tree(values.shape[1:]), 0
    for size in sizes:
        tree.add(values[done : done + size], valid[done : done + size])
        done += size
    assert tree.count == len(values)
    assert same(tree.total(), block_moments(values, valid))


@given(replicates(), st.integers(0, 60))
def test_missing_replicates_after_the_last_one_change_nothing(sample, more):
    values, valid = sample
    padded = np.concatenate([values, np.full((more, values.shape[1]), 7.0)])
    told = np.concatenate([valid, np.zeros(more, dtype=bool)])
    assert same(block_moments(padded, told), block_moments(values, valid))


@given(replicates(), st.integers(0, 2))
def test_elements_do_not_influence_each_other(sample, element):
    values, valid = sample
    element = min(element, values.shape[1] - 1)
    alone = block_moments(values[:, element], valid)
    assert same(alone, [part[element] for part in block_moments(values, valid)])


def recorded(seed, count, times=6, regions=5, sectors=3):
    random = np.random.default_rng(seed)
    shapes = {
        "cell": (regions, sectors),
        "region": (regions,),
        "sector": (sectors,),
        "economy": (len(SIZE_EDGES),),
    }
    values = {}
    for name, entry in RECORDS.items():
        shape = (count, times, *shapes[entry.level])
        values[name] = random.poisson(1.5, shape) if entry.dtype == "i8" else random.lognormal(size=shape)
    values["firms"] = values["firms"] + values["spinoffs"] + values["startups"]
    values["sales"] = np.where(values["firms"] > 2, values["sales"], 0.0)
    return values


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_levels_and_outcomes_of_a_replicate_do_not_depend_on_its_company(seed, count, group, reversed_layout):
    whole = recorded(seed, count)
    if reversed_layout:
        whole = {name: np.asfortranarray(array) for name, array in whole.items()}
    times = np.arange(1, 7)
    outcomes = [replace(outcome, periods=5) for outcome in DEFAULT_OUTCOMES]
    together = compute_outcomes(outcomes, whole, times)
    for first in range(0, count, group):
        some = {name: np.ascontiguousarray(array[first : first + group]) for name, array in whole.items()}
        for level in LEVELS:
            for name in RECORDS:
                part, all_of_them = reduce_to_level(name, some, level), reduce_to_level(name, whole, level)
                assert np.array_equal(part, all_of_them[first : first + group], equal_nan=True), (name, level)
        for name, values in compute_outcomes(outcomes, some, times).items():
            assert np.array_equal(values, together[name][first : first + group], equal_nan=True), name


@given(st.integers(0, 2**32 - 1))
def test_what_a_failed_replicate_left_behind_disturbs_nobody(seed):
    """Memory that nothing was written to may hold any bits; no warning, and the others keep theirs."""
    whole = recorded(seed, 3)
    random = np.random.default_rng(seed)
    for array in whole.values():
        array[1] = np.frombuffer(random.bytes(8 * array[1].size), dtype=array.dtype).reshape(array[1].shape)
    times = np.arange(1, 7)
    outcomes = [replace(outcome, periods=5) for outcome in DEFAULT_OUTCOMES]
    others = {name: array[::2] for name, array in whole.items()}
    valid = np.array([True, False, True])
    for name, values in compute_outcomes(outcomes, whole, times).items():
        assert np.array_equal(values[::2], compute_outcomes(outcomes, others, times)[name], equal_nan=True)
        assert same(block_moments(values, valid)[:1], [np.isfinite(values[::2]).sum()])
    for name in RECORDS:
        values = reduce_to_level(name, whole, "region")
        assert np.array_equal(values[::2], reduce_to_level(name, others, "region"), equal_nan=True)
