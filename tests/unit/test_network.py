"""Graphs and barter on them: kernels against plain Python with the random numbers of the twin."""

import numpy as np
import pytest
from scipy import stats

from reference import rng
from technopole_kernels.network import (
    BY_LINK,
    BY_NODE,
    GRAPH_MEETING,
    LARGEST_GAPS,
    RANDOM_TYPES,
    REWIRE,
    barter_on_graph,
    link_rows,
    watts_strogatz,
)

SEED, REPLICATE = 5, 3


def small_world(nodes, degree, rewiring, replicate=REPLICATE):
    ends = np.empty((2, nodes * degree // 2), dtype=np.int64)
    watts_strogatz(degree, rewiring, SEED, replicate, np.empty((nodes, nodes), dtype=np.uint8), ends)
    return ends


def rows_of(ends, nodes):
    start, neighbour = np.empty(nodes + 1, dtype=np.int64), np.empty(ends.size, dtype=np.int64)
    link_rows(ends, start, neighbour)
    return start, neighbour


def draw(identity, period, site):
    return [word[0] for word in rng.draw([identity], period, int(site), SEED, REPLICATE)]


def plain_small_world(nodes, degree, rewiring):
    """The same, from its description."""
    links = [[i, (i + lap) % nodes] for lap in range(1, degree // 2 + 1) for i in range(nodes)]
    known = {frozenset(link) for link in links}
    for number, (i, old) in enumerate(links):
        if rng.uniform(draw(number, 0, REWIRE)[0]) >= rewiring:
            continue
        for attempt in range(100):
            j = int(rng.uniform(draw(number, attempt, REWIRE)[1]) * nodes)
            if j != i and frozenset((i, j)) not in known:
                known.remove(frozenset((i, old)))
                known.add(frozenset((i, j)))
                links[number][1] = j
                break
    return np.array(links).T


def plain_barter(knowledge, ends, rate, partners, rule, meetings):
    """The same, from its description, with sets."""
    knowledge = knowledge.copy()
    nodes, types = knowledge.shape
    start, neighbour = rows_of(ends, nodes)
    for meeting in range(meetings):
        w0, w1, w2, w3 = draw(meeting, 0, GRAPH_MEETING)
        if partners == BY_LINK:
            i, j = ends[:, int(rng.uniform(w0) * ends.shape[1])]
        else:
            i = int(rng.uniform(w0) * nodes)
            friends = neighbour[start[i] : start[i + 1]]
            j = friends[int(rng.uniform(w1) * friends.size)]
        gap = knowledge[i] - knowledge[j]
        ahead, behind = np.flatnonzero(gap > 0.0), np.flatnonzero(gap < 0.0)
        m = min(ahead.size, behind.size)
        if rule == LARGEST_GAPS:
            given = sorted(ahead, key=lambda c: -gap[c])[:m]
            taken = sorted(behind, key=lambda c: gap[c])[:m]
        else:
            # one uniform goes through the larger set: each member is taken with the chance that is left
            larger = ahead if ahead.size >= behind.size else behind
            v, chosen = rng.uniform53(w2, w3), []
            for place, c in enumerate(larger):
                chance = (m - len(chosen)) / (larger.size - place)
                if v < chance:
                    chosen.append(c)
                    v = v / chance
                else:
                    v = (v - chance) / (1.0 - chance)
            given, taken = (chosen, behind) if ahead.size >= behind.size else (ahead, chosen)
        for c in given if m else []:
            knowledge[j, c] += rate * gap[c]
        for c in taken if m else []:
            knowledge[i, c] -= rate * gap[c]
    return knowledge


@pytest.mark.parametrize("rewiring", [0.0, 0.3, 1.0])
def test_small_world_is_the_one_described(rewiring):
    assert np.array_equal(small_world(30, 6, rewiring), plain_small_world(30, 6, rewiring))


@pytest.mark.parametrize("rewiring", [0.0, 0.05, 1.0])
def test_small_world_has_its_links_once(rewiring):
    nodes, degree = 200, 10
    ends = small_world(nodes, degree, rewiring)
    assert len({frozenset(link) for link in ends.T.tolist()}) == nodes * degree // 2
    assert np.all(ends[0] != ends[1])
    # the first ends stay: nobody is left without neighbours
    assert np.array_equal(ends[0], np.tile(np.arange(nodes), degree // 2))


def test_links_are_moved_with_the_probability_asked_for():
    """Chance of a false alarm 1e-4 with new seeds."""
    ring = small_world(500, 10, 0.0)[1]
    moved = sum(np.count_nonzero(small_world(500, 10, 0.1, replicate)[1] != ring) for replicate in range(20))
    assert stats.binomtest(moved, 20 * ring.size, 0.1).pvalue > 1e-4


def test_who_knows_everybody_keeps_the_links():
    complete = small_world(5, 4, 1.0)
    assert np.array_equal(complete, small_world(5, 4, 0.0))


def test_rows_list_every_neighbour():
    nodes = 40
    ends = small_world(nodes, 4, 0.5)
    start, neighbour = rows_of(ends, nodes)
    for i in range(nodes):
        expected = np.concatenate([ends[1, ends[0] == i], ends[0, ends[1] == i]])
        assert sorted(neighbour[start[i] : start[i + 1]]) == sorted(expected)


@pytest.mark.parametrize("partners", [BY_LINK, BY_NODE])
@pytest.mark.parametrize("rule", [RANDOM_TYPES, LARGEST_GAPS])
def test_barter_is_the_one_described(partners, rule):
    nodes, meetings = 20, 400
    ends = small_world(nodes, 4, 0.2)
    # few levels, so that there are equals
    before = np.random.default_rng(3).integers(0, 8, (nodes, 6)).astype(float)
    after = before.copy()
    exchanges = barter_on_graph(
        after, ends, *rows_of(ends, nodes), 0.5, partners, rule, meetings, SEED, REPLICATE
    )
    np.testing.assert_allclose(after, plain_barter(before, ends, 0.5, partners, rule, meetings), rtol=1e-13)
    assert 50 < exchanges < meetings


@pytest.mark.parametrize("rule", [RANDOM_TYPES, LARGEST_GAPS])
def test_o6_knowledge_never_falls_and_the_best_stays(rule):
    nodes = 50
    ends = small_world(nodes, 6, 0.1)
    knowledge = np.random.default_rng(4).uniform(0.0, 10.0, (nodes, 5))
    before = knowledge.copy()
    barter_on_graph(knowledge, ends, *rows_of(ends, nodes), 0.3, BY_LINK, rule, 5000, SEED, REPLICATE)
    assert np.all(knowledge >= before) and np.any(knowledge > before)
    assert np.array_equal(knowledge.max(axis=0), before.max(axis=0))


def test_o6_who_is_behind_in_all_has_nothing_to_give():
    ends = small_world(10, 4, 0.0)
    knowledge = np.repeat(np.arange(10.0)[:, None], 5, axis=1)
    before = knowledge.copy()
    exchanges = barter_on_graph(
        knowledge, ends, *rows_of(ends, 10), 0.3, BY_LINK, RANDOM_TYPES, 1000, SEED, REPLICATE
    )
    assert exchanges == 0 and np.array_equal(knowledge, before)
