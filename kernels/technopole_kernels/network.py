"""Partner choice on a network: graphs in compressed rows, small worlds, and barter between neighbours.

The period does not use them; models of firms on a given network do (examples/replications/cowan_jonard.py). Draws are
counted like all others, at sites of their own, so a graph and its meetings depend on nothing but seed and replicate.
"""

import numpy as np

from technopole_kernels._jit import device, kernel
from technopole_kernels.choose import pick
from technopole_kernels.rng import draw, uniform, uniform53

REWIRE = np.uint64(101)  # site: identity is the link, period the attempt
GRAPH_MEETING = np.uint64(102)  # site: identity is the number of the meeting
MOST_ATTEMPTS = 10_000

BY_LINK, BY_NODE = range(
    2
)  # who meets: the ends of a random link, or a random node and one of its neighbours
RANDOM_TYPES, LARGEST_GAPS = range(2)  # what is exchanged


@kernel
def watts_strogatz(degree, rewiring, seed, replicate, linked, ends):
    """Small world of Watts and Strogatz (1998, doi:10.1038/30918): a ring whose links are moved with a probability.

    Every node is linked to its ``degree / 2`` next ones. Then, lap by lap, each link keeps its first end and, with
    probability ``rewiring``, gets another second end, drawn evenly from the nodes the first is not linked to.

    ``linked`` (N, N) u8 is room to work, ``ends`` (2, N * degree / 2) i64 gets the links.
    """
    nodes = linked.shape[0]
    half = degree // 2
    for i in range(nodes):
        for j in range(nodes):
            linked[i, j] = 0
    for lap in range(half):
        for i in range(nodes):
            j = (i + lap + 1) % nodes
            ends[0, lap * nodes + i] = i
            ends[1, lap * nodes + i] = j
            linked[i, j] = 1
            linked[j, i] = 1
    for link in range(half * nodes):
        w0, w1, _, _ = draw(link, 0, REWIRE, seed, replicate)
        if uniform(w0) >= rewiring:
            continue
        i, old = ends[0, link], ends[1, link]
        for attempt in range(MOST_ATTEMPTS):  # who is linked to everybody keeps the link
            j = pick(uniform(w1), nodes)
            if j != i and linked[i, j] == 0:
                linked[i, old] = 0
                linked[old, i] = 0
                linked[i, j] = 1
                linked[j, i] = 1
                ends[1, link] = j
                break
            _, w1, _, _ = draw(link, attempt + 1, REWIRE, seed, replicate)


@kernel
def link_rows(ends, start, neighbour):
    """Rows of the neighbours of every node: ``neighbour[start[i] : start[i + 1]]``, in order of the links.

    ``ends`` (2, links) i64; ``start`` (N + 1,) i64 and ``neighbour`` (2 * links,) i64 are written.
    """
    nodes = start.size - 1
    for i in range(nodes + 1):
        start[i] = 0
    for link in range(ends.shape[1]):
        start[ends[0, link] + 1] += 1
        start[ends[1, link] + 1] += 1
    for i in range(nodes):
        start[i + 1] += start[i]
    for link in range(ends.shape[1]):
        for side in range(2):
            i = ends[side, link]
            neighbour[start[i]] = ends[1 - side, link]
            start[i] += 1
    for i in range(nodes, 0, -1):  # every start has moved to the end of its row
        start[i] = start[i - 1]
    start[0] = 0


@device
def choose_at_random(own, other, ahead, behind, v):
    """Bits of the types to exchange: m of each kind, drawn evenly; of the rarer kind those are all."""
    wanted, left = min(ahead, behind), max(ahead, behind)
    chosen = 0
    for c in range(own.size):
        gap = own[c] - other[c]
        if gap == 0.0:
            continue
        taken = True
        if (gap > 0.0) == (ahead >= behind):  # selection sampling; one uniform is stretched on and on
            chance = wanted / left
            taken = v < chance
            v = v / chance if taken else (v - chance) / (1.0 - chance)
            wanted -= 1 if taken else 0
            left -= 1
        chosen |= (1 if taken else 0) << c
    return chosen


@device
def choose_largest(own, other, exchanges):
    """Bits of the types to exchange: the m largest gaps of either side, as in barter.py; ties: the lower type."""
    chosen = 0
    for c in range(own.size):
        gap = own[c] - other[c]
        larger = 0
        for d in range(own.size):
            rival = own[d] - other[d]
            same_side = rival * gap > 0.0
            wins = abs(rival) > abs(gap) or (rival == gap and d < c)
            larger += 1 if same_side and wins else 0
        chosen |= (1 if gap != 0.0 and larger < exchanges else 0) << c
    return chosen


@device
def meet_on_graph(ends, start, neighbour, partners, w0, w1):
    """Two neighbours: the ends of a link drawn evenly, or a node drawn evenly and one of its neighbours."""
    link = pick(uniform(w0), ends.shape[1])
    node = pick(uniform(w0), start.size - 1)
    by_link = partners == BY_LINK
    other = neighbour[start[node] + pick(uniform(w1), start[node + 1] - start[node])]
    return ends[0, link] if by_link else node, ends[1, link] if by_link else other


@kernel
def barter_on_graph(knowledge, ends, start, neighbour, rate, partners, rule, meetings, seed, replicate):
    """Meetings of neighbours who exchange knowledge if both have something to gain.

    Each is ahead in some types; m is the smaller of the two numbers, and each learns m types of the other,
    x' = x + rate (x_other - x): which ones is random (``RANDOM_TYPES``; Cowan and Jonard 2004,
    doi:10.1016/j.jedc.2003.04.002) or a matter of the gap (``LARGEST_GAPS``). ``knowledge`` (N, up to 62 types) is
    changed; every node needs a neighbour. Returns the number of meetings with an exchange.
    """
    exchanges = 0
    for meeting in range(meetings):
        w0, w1, w2, w3 = draw(meeting, 0, GRAPH_MEETING, seed, replicate)
        i, j = meet_on_graph(ends, start, neighbour, partners, w0, w1)
        own, other = knowledge[i], knowledge[j]
        ahead = 0
        behind = 0
        for c in range(own.size):
            ahead += 1 if own[c] > other[c] else 0
            behind += 1 if own[c] < other[c] else 0
        if min(ahead, behind) == 0:
            continue
        exchanges += 1
        if rule == RANDOM_TYPES:
            chosen = choose_at_random(own, other, ahead, behind, uniform53(w2, w3))
        else:
            chosen = choose_largest(own, other, min(ahead, behind))
        for c in range(own.size):
            gap = own[c] - other[c]
            if (chosen >> c) & 1 == 1:
                own[c] += rate * (-gap if gap < 0.0 else 0.0)
                other[c] += rate * (gap if gap > 0.0 else 0.0)
    return exchanges
