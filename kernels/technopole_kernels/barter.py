"""Learning by barter: pairs exchange knowledge only when both gain (docs/MODEL.md 7.2; Cowan and Jonard 2004)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.halves import later, now
from technopole_kernels.rng import BARTER, MEETING, draw, uniform
from technopole_kernels.sorting import sort

NOBODY = np.uint32(0xFFFFFFFF)
_POSITION = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


@stage
def pair_cells(setting, world):
    """Pair the firms of every cell by their random rank; ``world.fate`` holds the partner's place in the cell."""
    offsets, fate = world.offsets, world.fate
    identity = world.identity[now(world)]
    keys = world.identity[later(world)]  # not yet in use in this stage
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed = setting.seed[0]
    S = world.sectors.shape[1]
    for cell in range(offsets.size - 1):
        begin, end = offsets[cell], offsets[cell + 1]
        for i in range(begin, end):
            w0, _, _, _ = draw(identity[i], period, BARTER, seed, replicate)
            keys[i] = rank_key(w0, i - begin)
            fate[i] = NOBODY
        ranked = keys[begin:end]
        sort(ranked)
        for j in range((end - begin) // 2):
            first, second = place_of(ranked[2 * j]), place_of(ranked[2 * j + 1])
            w0, _, _, _ = draw(identity[begin + first], period, MEETING, seed, replicate)
            if uniform(w0) < world.regions[at.R_CONTACT, cell // S]:
                fate[begin + first] = np.uint32(second)
                fate[begin + second] = np.uint32(first)


@device
def rank_key(word, place):
    """Key that ranks a firm of a cell by a random word; it holds the firm's place."""
    return (word << _SHIFT) | np.uint64(place)


@device
def place_of(key):
    """Place of a firm in its cell."""
    return np.int64(key & _POSITION)


@device
def exchange(a, b, c, d):
    """What a firm gets that lags so much in the four channels; a negative lag is a lead."""
    behind = np.int64(a > 0.0) + np.int64(b > 0.0) + np.int64(c > 0.0) + np.int64(d > 0.0)
    ahead = np.int64(a < 0.0) + np.int64(b < 0.0) + np.int64(c < 0.0) + np.int64(d < 0.0)
    exchanges = behind if behind < ahead else ahead
    # how many lags come before each; of equal ones that of the earlier channel
    before_a = np.int64(b > a) + np.int64(c > a) + np.int64(d > a)
    before_b = np.int64(a >= b) + np.int64(c > b) + np.int64(d > b)
    before_c = np.int64(a >= c) + np.int64(b >= c) + np.int64(d > c)
    before_d = np.int64(a >= d) + np.int64(b >= d) + np.int64(c >= d)
    return (
        a if (a > 0.0) & (before_a < exchanges) else 0.0,
        b if (b > 0.0) & (before_b < exchanges) else 0.0,
        c if (c > 0.0) & (before_c < exchanges) else 0.0,
        d if (d > 0.0) & (before_d < exchanges) else 0.0,
    )


@stage
def barter(world, tile):
    """The gaps a firm may close: in its m largest lags, m = the smaller number of channels one is ahead in."""
    segments, firms = world.segments, world.firms
    buffer, offsets = world.buffer, world.offsets
    origin = tile.begin
    gaps = (at.GAP_ORGANISATION, at.GAP_TECHNOLOGY, at.GAP_SOURCING, at.GAP_QUALITY)
    known = (firms[at.F_ORGANISATION], firms[at.F_TECHNOLOGY], firms[at.F_SOURCING], firms[at.F_QUALITY])
    for segment in range(tile.first, tile.last):
        start = offsets[segments[at.G_CELL, segment]]
        for i in range(segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]):
            partner = i if world.fate[i] == NOBODY else start + np.int64(world.fate[i])
            received = exchange(
                known[0][partner] - known[0][i], known[1][partner] - known[1][i],
                known[2][partner] - known[2][i], known[3][partner] - known[3][i],
            )  # fmt: skip
            for channel in range(4):
                buffer[gaps[channel] + i - origin] = received[channel]
