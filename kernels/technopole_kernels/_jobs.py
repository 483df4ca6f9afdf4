"""The larger stages of a period, for processes that compile them side by side (_exchange.py)."""

import numba
from numba.core import types

from technopole_kernels._held import Held
from technopole_kernels.accounts import settle_firms
from technopole_kernels.barter import barter, pair_cells
from technopole_kernels.check import find_not_finite
from technopole_kernels.collect import collect_end, collect_start
from technopole_kernels.demography import count_population, found_entrants, move_survivors
from technopole_kernels.entry import choose_homes, draw_startups, mean_startups
from technopole_kernels.innovation import budget_research, draw_events, innovate
from technopole_kernels.institutions import build_institutions, build_reputation
from technopole_kernels.labour import move_workers, set_wages
from technopole_kernels.learning import learn
from technopole_kernels.market import rate_firms, settle_market, shock_demand, sum_market
from technopole_kernels.mean_field import make_targets, make_upper_means, meet_field
from technopole_kernels.meeting import draw_meetings, meet_partners
from technopole_kernels.observe import count_sizes
from technopole_kernels.prepare import (
    prepare_cells,
    prepare_demand,
    prepare_regions,
    sum_start,
    sum_tile_start,
)
from technopole_kernels.record import record_period
from technopole_kernels.sharing import share_costs
from technopole_kernels.spillover import mix_all_sectors, pool_groups
from technopole_kernels.types import Tile

SETTING, WORLD, PROBLEM, RECORDS, NUMBER, TILE, CONSTANTS = range(7)
_FIRMS = SETTING, WORLD, TILE
_CELLS = SETTING, WORLD, NUMBER, NUMBER
_WHOLE = SETTING, WORLD
JOBS = (
    (prepare_demand, _WHOLE), (sum_tile_start, _FIRMS), (collect_start, (WORLD, NUMBER, NUMBER)), (sum_start, _WHOLE),
    (prepare_regions, _WHOLE), (prepare_cells, _WHOLE), (mix_all_sectors, (CONSTANTS, WORLD)), (pair_cells, _WHOLE),
    (make_upper_means, (WORLD,)), (make_targets, (CONSTANTS, WORLD)), (share_costs, _WHOLE),
    (pool_groups, (CONSTANTS, WORLD, NUMBER, NUMBER)), (draw_meetings, _FIRMS), (meet_partners, _FIRMS),
    (barter, (WORLD, TILE)), (meet_field, _FIRMS), (learn, _FIRMS), (draw_events, _FIRMS), (budget_research, _FIRMS),
    (innovate, _FIRMS), (rate_firms, _FIRMS), (shock_demand, _FIRMS), (sum_market, _FIRMS), (settle_market, _WHOLE),
    (settle_firms, _FIRMS), (choose_homes, _FIRMS), (count_sizes, (WORLD, TILE)),
    (collect_end, (WORLD, NUMBER, NUMBER)), (set_wages, _WHOLE), (move_workers, _WHOLE),
    (build_institutions, _WHOLE), (build_reputation, _WHOLE), (mean_startups, _WHOLE),
    (find_not_finite, (WORLD, PROBLEM)), (draw_startups, _CELLS), (count_population, (WORLD,)),
    (found_entrants, _CELLS), (move_survivors, (WORLD, NUMBER, NUMBER)), (record_period, (WORLD, RECORDS, NUMBER)),
)  # fmt: skip
"""Stages and what they are given, in the order in which the period meets them; none is a part of another one."""


def typed_jobs(setting, world, problem, records):
    """Return the stages with the numba types of what they are given, for `exchanging` and `compile_jobs`."""
    held = numba.typeof(setting)
    kinds = {
        SETTING: Held(held),
        WORLD: Held(numba.typeof(world)),
        PROBLEM: numba.typeof(problem),
        RECORDS: Held(numba.typeof(records)),
        NUMBER: types.int64,
        TILE: numba.typeof(Tile(0, 0, 0, 0, 0)),
        CONSTANTS: Held(held.types[held.fields.index("constants")]),
    }
    return [(stage, tuple(kinds[kind] for kind in given)) for stage, given in JOBS]
