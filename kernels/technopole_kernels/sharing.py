"""Stage 6: sharing the cost of a region's facilities (docs/MODEL.md 7.6; serial rule: Moulin and Shenker 1992)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, sorting_stage, stage
from technopole_kernels.mathx import exp, log


@device
def facility_cost(need, scale, exponent):
    """C(B) = scale * B^exponent of a need in units of the mean firm's; nothing costs nothing."""
    return scale * exp(exponent * log(need)) if need > 0.0 else 0.0


@stage
def share_equally(sorted_needs, charges, scale, exponent):
    """Equal shares among the members; whoever pays less alone leaves, until nobody does. Needs ascend."""
    n = sorted_needs.size
    first = 0  # the members are the needs from here on: whoever is smallest leaves first
    while first < n:
        total = 0.0
        for i in range(first, n):
            total += sorted_needs[i]
        equal = facility_cost(total, scale, exponent) / (n - first)
        stays = first
        while stays < n and facility_cost(np.float64(sorted_needs[stays]), scale, exponent) < equal:
            stays += 1
        if stays == first:
            for i in range(first, n):
                charges[i] = equal
            break
        first = stays
    for i in range(first):
        charges[i] = facility_cost(np.float64(sorted_needs[i]), scale, exponent)


@stage
def share_serially(sorted_needs, charges, scale, exponent):
    """Serial cost sharing: everyone shares equally in the cost of what the smaller ones need as well. Needs ascend."""
    n = sorted_needs.size
    smaller = 0.0
    reached = 0.0
    charge = 0.0
    for k in range(n):
        left = n - k
        cost = facility_cost(smaller + left * np.float64(sorted_needs[k]), scale, exponent)
        charge += (cost - reached) / left
        charges[k] = charge
        reached = cost
        smaller += sorted_needs[k]


@stage
def find_need(sorted_needs, need):
    """Position of a need among the ascending needs."""
    low, high = 0, sorted_needs.size - 1
    while low < high:
        middle = (low + high) >> 1
        if sorted_needs[middle] < need:
            low = middle + 1
        else:
            high = middle
    return low


@sorting_stage
def share_costs(setting, world):
    """Overhead rate of every firm under the rules ``equal`` and ``serial`` (both need the firms in order of size)."""
    cells, regions, sectors, economy, firms, new = (
        world.cells,
        world.regions,
        world.sectors,
        world.economy,
        world.firms,
        world.next,
    )
    params, offsets = setting.params[0], world.offsets
    R, S = regions.shape[1], sectors.shape[1]
    scale = params.sharing_cost * economy[at.MEAN_SALES]
    mean_need = economy[at.MEAN_NEED]
    for r in range(R):
        begin, end = offsets[r * S], offsets[(r + 1) * S]
        # two arrays of the second set are not yet in use in this stage
        needs, charges = new[at.F_SHARE, begin:end], new[at.F_CASH, begin:end]
        for cell in range(r * S, (r + 1) * S):
            per_share = (
                sectors[at.S_DEMAND, cell - r * S] if params.sharing_need == 1 else cells[at.C_LABOUR, cell]
            )
            for i in range(offsets[cell], offsets[cell + 1]):
                needs[i - begin] = np.float64(firms[at.F_SHARE, i]) * per_share / mean_need
        needs.sort()
        if params.sharing_rule == 1:
            share_equally(needs, charges, scale, params.sharing_scale_exponent)
        else:
            share_serially(needs, charges, scale, params.sharing_scale_exponent)
        crowding = params.sharing_congestion * regions[at.R_CROWD, r]
        for cell in range(r * S, (r + 1) * S):
            demand = sectors[at.S_DEMAND, cell - r * S]
            per_share = demand if params.sharing_need == 1 else cells[at.C_LABOUR, cell]
            for i in range(offsets[cell], offsets[cell + 1]):
                charge = charges[find_need(needs, firms[at.F_SHARE, i] * per_share / mean_need)]
                sales = firms[at.F_SHARE, i] * demand
                world.load[at.OVERHEAD_RATE, i] = crowding + (charge / sales if sales > 0.0 else 0.0)
