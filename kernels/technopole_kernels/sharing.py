"""Stage 6: sharing the cost of a region's facilities (docs/MODEL.md 7.6; serial rule: Moulin and Shenker 1992)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.mathx import exp, log
from technopole_kernels.prepare import need_per_share
from technopole_kernels.sorting import sort


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


@stage
def share_costs(setting, world):
    """Overhead rate of every firm under the rules ``equal`` and ``serial`` (both need the firms in order of size)."""
    offsets, new, S = world.offsets, world.next, world.sectors.shape[1]
    for r in range(world.regions.shape[1]):
        begin, end = offsets[r * S], offsets[(r + 1) * S]
        # two arrays of the second set are not yet in use in this stage
        needs, charges = new[at.F_SHARE, begin:end], new[at.F_CASH, begin:end]
        list_needs(setting, world, r, needs)
        sort(needs)
        charge_region(setting, world, r, needs, charges)


@device
def need_of(setting, world, cell, share):
    """What a firm needs, in units of the mean firm's."""
    demand = world.sectors[at.S_DEMAND, cell % world.sectors.shape[1]]
    per_share = need_per_share(setting.params[0], demand, world.cells[at.C_LABOUR, cell])
    return share * per_share / world.economy[at.MEAN_NEED]


@stage
def list_needs(setting, world, r, needs):
    """Needs of the firms of a region, in their order."""
    offsets, share, S = world.offsets, world.firms[at.F_SHARE], world.sectors.shape[1]
    for cell in range(r * S, (r + 1) * S):
        for i in range(offsets[cell], offsets[cell + 1]):
            needs[i - offsets[r * S]] = need_of(setting, world, cell, share[i])


@stage
def charge_region(setting, world, r, needs, charges):
    """Overhead rate of the firms of a region, whose needs ascend; there is room for what each pays in ``charges``."""
    params, share, offsets = setting.params[0], world.firms[at.F_SHARE], world.offsets
    S = world.sectors.shape[1]
    scale = params.sharing_cost * world.economy[at.MEAN_SALES]
    if params.sharing_rule == 1:
        share_equally(needs, charges, scale, params.sharing_scale_exponent)
    else:
        share_serially(needs, charges, scale, params.sharing_scale_exponent)
    crowding = params.sharing_congestion * world.regions[at.R_CROWD, r]
    for cell in range(r * S, (r + 1) * S):
        for i in range(offsets[cell], offsets[cell + 1]):
            charge = charges[find_need(needs, need_of(setting, world, cell, share[i]))]
            sales = share[i] * world.sectors[at.S_DEMAND, cell - r * S]
            world.load[at.OVERHEAD_RATE, i] = crowding + (charge / sales if sales > 0.0 else 0.0)
