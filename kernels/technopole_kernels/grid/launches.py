"""A period as a list of launches, in order: what period.py is for the CPU."""

from typing import Any, NamedTuple

from technopole_kernels import layout as at
from technopole_kernels.grid import (
    competing,
    cutting,
    ending,
    entering,
    learning,
    pooling,
    population,
    settling,
    starting,
    summing,
)
from technopole_kernels.grid.work import INNOVATING, LANES, SUMMED
from technopole_kernels.types import TILE


class Launch(NamedTuple):
    """A launch: the name of the mechanism, what a thread does, and for what there is one."""

    name: str
    thread: Any  # stage(setting, world, work, records, i)
    items: str  # see `count_items`


def _launches(*pairs):
    return tuple(Launch(thread.__name__, thread, items) for thread, items in pairs)


PERIOD = _launches(
    (cutting.begin, "world"),
    (cutting.count_tiles, "regions"),
    (cutting.number_tiles, "world"),
    (cutting.cut, "regions"),
    (cutting.assign_firms, "lanes"),
    (starting.demand_of_sector, "sectors"),
    (starting.labour_of_cell, "cells"),
    (starting.sum_start, "lanes"),
    (starting.sum_start_knowledge, "lanes of four columns"),
    (starting.collect_start, "start sums"),
    (starting.start_of_region, "regions"),
    (starting.start_of_sector, "sectors"),
    (starting.start_of_economy, "world"),
    (starting.size_of_cell, "cells"),
    (starting.offer_of_region, "regions"),
    (pooling.mix_of_cell, "cells"),
    (pooling.mix_of_region, "mixed"),
    (pooling.pools_of_cell, "cells"),
    (pooling.pair_in_cell, "cells"),
    (pooling.better_of_region, "regions"),
    (pooling.better_of_cell, "cells of three channels"),
    (pooling.field_of_cell, "cells"),
    (pooling.charges_of_region, "regions"),
    (learning.learn, "firms"),
    (learning.research, "firms"),
    (learning.innovate, "innovators"),
    (competing.compete, "firms"),
    (summing.sum_research, "lanes"),
    (summing.sum_market, "lanes of two columns"),
    (summing.sum_knowledge, "lanes of four columns"),
    (settling.collect_first, "first sums"),
    (settling.market_of_sector, "sectors"),
    (settling.shares_of_cell, "cells"),
    (competing.decide, "firms"),
    (summing.sum_fates, "lanes"),
    (summing.sum_accounts, "lanes"),
    (population.count_stayers, "lanes"),
    (population.rank_stayers, "lanes"),
    (settling.collect_second, "second sums"),
    (settling.close_cell, "cells"),
    (settling.close_region, "regions"),
    (settling.leave_region, "regions"),
    (settling.reach_region, "regions"),
    (settling.total_of_cells, "totals"),
    (settling.success_of_region, "regions"),
    (settling.nation, "world"),
    (settling.stocks_of_region, "regions"),
    (settling.close_sector, "sectors"),
    (settling.name_of_cell, "cells"),
    (entering.strength_of_region, "regions"),
    (entering.attraction_of_cell, "cells"),
    (entering.weight_of_cells, "world"),
    (entering.startups_of_cell, "cells"),
    (entering.check_region, "regions"),
    (entering.verdict, "world"),
    (entering.draw_of_cell, "cells"),
    (population.count_population, "regions"),
    (population.find_room, "world"),
    (population.place_cells, "regions"),
    (population.place_children, "firms"),
    (population.order_children, "cells"),
    (population.found, "entrants"),
    (population.share_of_cell, "cells"),
    (population.scale_of_sector, "sectors"),
    (population.endow, "entrants"),
    (population.move, "firms"),
    (ending.count_sizes, "sizes"),
    (ending.commit_cell, "cells"),
    (ending.commit_region, "regions"),
    (ending.commit_sector, "sectors"),
    (ending.commit, "world"),
    (ending.record_cell, "cells"),
    (ending.record_region, "regions"),
    (ending.record_sector, "sectors"),
    (ending.record_sizes, "sizes"),
)
"""All launches of a period; a world whose status is not RUNNING takes part in none."""


def count_items(items, regions, sectors, room):
    """Return how many threads a launch needs for a world, at most: those without an item do nothing."""
    cells = regions * sectors
    segments = min(cells, room) + room // TILE + regions + 1
    lanes = LANES * segments
    return {
        "world": 1,
        "regions": regions,
        "sectors": sectors,
        "cells": cells,
        "lanes": lanes,
        "lanes of two columns": 2 * lanes,
        "lanes of four columns": 4 * lanes,
        "firms": room,
        "innovators": room // INNOVATING + 1,
        "start sums": (at.SMALL_SALES - at.FIRMS) * cells,
        "first sums": (at.E_SHARE_SQUARED - at.E_INNOVATIONS) * cells,
        "second sums": (at.C_SUMS - at.E_SHARE_SQUARED) * cells,
        "mixed": 5 * sectors * regions,
        "cells of three channels": 3 * cells,
        "totals": SUMMED,
        "entrants": LANES * cells,
        "sizes": at.SIZE_CLASSES,
    }[items]
