"""Learning by barter: pairs exchange knowledge only when both gain (docs/MODEL.md 7.2; Cowan and Jonard 2004)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import sorting_stage, stage
from technopole_kernels.rng import BARTER, MEETING, draw, uniform

NOBODY = np.uint32(0xFFFFFFFF)
_POSITION = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


@sorting_stage
def pair_cells(setting, world):
    """Pair the firms of every cell by their random rank; ``world.fate`` holds the partner's place in the cell."""
    offsets, fate = world.offsets, world.fate
    identity = world.identity[at.NOW]
    keys = world.identity[at.NEXT]  # not yet in use in this stage
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    seed = setting.seed[0]
    S = world.sectors.shape[1]
    for cell in range(offsets.size - 1):
        begin, end = offsets[cell], offsets[cell + 1]
        for i in range(begin, end):
            w0, _, _, _ = draw(identity[i], period, BARTER, seed, replicate)
            keys[i] = (w0 << _SHIFT) | np.uint64(i - begin)
            fate[i] = NOBODY
        ranked = keys[begin:end]
        ranked.sort()
        contact = world.regions[at.R_CONTACT, cell // S]
        for j in range((end - begin) // 2):
            first = np.int64(ranked[2 * j] & _POSITION)
            second = np.int64(ranked[2 * j + 1] & _POSITION)
            w0, _, _, _ = draw(identity[begin + first], period, MEETING, seed, replicate)
            if uniform(w0) < contact:
                fate[begin + first] = np.uint32(second)
                fate[begin + second] = np.uint32(first)


@stage
def barter(world, tile):
    """The gaps a firm may close: in its m largest lags, m = the smaller number of channels one is ahead in."""
    segments, firms = world.segments, world.firms
    buffer, offsets = world.buffer, world.offsets
    origin = tile.begin
    gaps = (at.GAP_ORGANISATION, at.GAP_TECHNOLOGY, at.GAP_SOURCING, at.GAP_QUALITY)
    known = (firms[at.F_ORGANISATION], firms[at.F_TECHNOLOGY], firms[at.F_SOURCING], firms[at.F_QUALITY])
    lag = world.buffer[at.SCRATCH : at.SCRATCH + 4]
    for segment in range(tile.first, tile.last):
        start = offsets[segments[at.G_CELL, segment]]
        for i in range(segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]):
            behind = 0
            ahead = 0
            partner = i if world.fate[i] == NOBODY else start + np.int64(world.fate[i])
            for channel in range(4):
                lag[channel] = known[channel][partner] - known[channel][i]
                behind += 1 if lag[channel] > 0.0 else 0
                ahead += 1 if lag[channel] < 0.0 else 0
            exchanges = min(behind, ahead)
            for channel in range(4):
                larger = 0
                for other in range(4):
                    wins = lag[other] > lag[channel] or (lag[other] == lag[channel] and other < channel)
                    larger += 1 if wins else 0
                receives = lag[channel] > 0.0 and larger < exchanges
                buffer[gaps[channel] + i - origin] = lag[channel] if receives else 0.0
