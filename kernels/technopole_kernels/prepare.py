"""Stage 0 and 1: demand, sums at the start of the period, indices of the regions (docs/MODEL.md 7.0, 7.1, 7.6)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, kernel
from technopole_kernels.mathx import exp, log
from technopole_kernels.reduce import sum_lanes
from technopole_kernels.tiles import collect_cells, sum_segments


@device
def policy_at(instrument, period, index):
    """Value of a (time, region or sector) instrument; an axis of length 1 holds for all, the future is 0."""
    times, places = instrument.shape
    t = 0 if times == 1 else period
    return instrument[t, 0 if places == 1 else index] if t < times else 0.0


@device
def policy_cell_at(instrument, period, region, sector):
    """Value of a (time, region, sector) instrument."""
    times, regions, sectors = instrument.shape
    t = 0 if times == 1 else period
    if t >= times:
        return 0.0
    return instrument[t, 0 if regions == 1 else region, 0 if sectors == 1 else sector]


@device
def institution_index(stock):
    """I(X) = 1 - exp(-0.7 X)."""
    return 1.0 - exp(-0.7 * stock)


@device
def seen_index(stock, feedback):
    """The index as firms see it when the influence of the institutions is switched by ``feedback``."""
    neutral = institution_index(1.0)
    return neutral + feedback * (institution_index(stock) - neutral)


@kernel
def prepare_demand(setting, world):
    """Market sizes of the period and employment per unit of market share."""
    constants, totals, sectors = setting.constants, world.totals, world.sectors
    S = sectors.market.size
    period = world.clock[at.PERIOD]
    for k in range(S):
        shock = policy_at(setting.policy.demand_shock, period, k)
        totals.demand[k] = sectors.market[k] * (1.0 + constants.demand_growth[k]) * (1.0 + shock)
        totals.growth[k] = (1.0 + constants.demand_growth[k]) * (1.0 + shock) - 1.0
    for cell in range(world.reputation.size):
        k = cell % S
        totals.labour_per_share[cell] = (
            totals.demand[k] * constants.labour_share[k] / ((1.0 + constants.markup[k]) * world.regions.wage[cell // S])
        )


@kernel
def sum_tile_start(setting, world, tile):
    """Sums of a tile's firms as they stand at the start of the period."""
    firms, work, totals = world.firms, world.work, world.totals
    sum_segments(work, tile, at.SHARE, firms.share, 0)
    sum_segments(work, tile, at.ORGANISATION, firms.organisation, 0)
    sum_segments(work, tile, at.TECHNOLOGY, firms.technology, 0)
    sum_segments(work, tile, at.SOURCING, firms.sourcing, 0)
    sum_segments(work, tile, at.QUALITY, firms.quality, 0)
    size = setting.params.sme_size
    for segment in range(work.tile_segment[tile], work.tile_segment[tile + 1]):
        labour = totals.labour_per_share[work.segment_cell[segment]]
        first, last = work.segment_begin[segment], work.segment_begin[segment + 1]
        share = firms.share[first:last]
        tie = firms.tie[first:last]
        scratch = work.buffer[at.SCRATCH : at.SCRATCH + last - first]
        tied = 0
        small = 0
        for i in range(share.size):
            is_small = share[i] * labour < size
            scratch[i] = share[i] if is_small else 0.0
            small += 1 if is_small else 0
            tied += tie[i]
        sums = work.segment_sum[segment]
        sums[at.FIRMS] = float(last - first)
        sums[at.TIED] = float(tied)
        sums[at.SMALL_FIRMS] = float(small)
        sums[at.SMALL_SHARE] = sum_lanes(scratch, 0, share.size)


@kernel
def collect_start(setting, world):
    """Cell, region and sector totals of the start of the period."""
    params, totals = setting.params, world.totals
    collect_cells(world, totals.start, at.FIRMS, at.SMALL_SALES)
    R, S = totals.contact.size, totals.demand.size
    start = totals.start
    totals.sector_firms[:] = 0.0
    totals.region_firms[:] = 0.0
    totals.tied[:] = 0.0
    totals.region_need[:] = 0.0
    need_all = 0.0
    for r in range(R):
        for k in range(S):
            cell = r * S + k
            totals.sector_firms[k] += start[at.FIRMS, cell]
            totals.region_firms[r] += start[at.FIRMS, cell]
            totals.tied[r] += start[at.TIED, cell]
            per_share = totals.demand[k] if params.sharing_need == 1 else totals.labour_per_share[cell]
            totals.region_need[r] += start[at.SHARE, cell] * per_share
            small = start[at.SMALL_FIRMS, cell]
            start[at.SMALL_SALES, cell] = start[at.SMALL_SHARE, cell] * totals.demand[k] / small if small > 0.0 else 0.0
        need_all += totals.region_need[r]
        totals.tied[r] = totals.tied[r] / totals.region_firms[r] if totals.region_firms[r] > 0.0 else 0.0
    firms = 0.0
    sales = 0.0
    for k in range(S):
        firms += totals.sector_firms[k]
        if totals.sector_firms[k] > 0.0:
            sales += totals.demand[k]
        for channel in range(4):
            total = 0.0
            for r in range(R):
                total += start[at.ORGANISATION + channel, r * S + k]
            if totals.sector_firms[k] > 0.0:
                totals.next_sectors.knowledge[k, channel] = total / totals.sector_firms[k]
            else:
                totals.next_sectors.knowledge[k, channel] = world.sectors.knowledge[k, channel]
    totals.economy[at.ALL_FIRMS] = firms
    totals.economy[at.MEAN_NEED] = need_all / firms if firms > 0.0 else 1.0
    totals.economy[at.MEAN_SALES] = sales / firms if firms > 0.0 else 0.0
    workforce = 0.0
    payroll = 0.0
    for r in range(R):
        workforce += world.regions.workforce[r]
        payroll += world.regions.workforce[r] * world.regions.wage[r]
    totals.economy[at.MEAN_WORKFORCE] = workforce / R
    totals.economy[at.MEAN_WAGE] = payroll / workforce


@kernel
def prepare_regions(setting, world):
    """What the firms of a region see: indices, contact, crowding, transaction cost, pipeline, overhead, agglomeration."""
    params, totals, regions = setting.params, world.totals, world.regions
    neutral = institution_index(1.0)
    feedback = params.feedback_ris_to_cluster
    mean_workforce = totals.economy[at.MEAN_WORKFORCE]
    for r in range(totals.contact.size):
        index = totals.index[r]
        index[at.INFRASTRUCTURE] = seen_index(regions.infrastructure[r], feedback)
        index[at.UNIVERSITY] = seen_index(regions.university[r], feedback)
        index[at.SERVICES] = seen_index(regions.services[r], feedback)
        index[at.FINANCE] = seen_index(regions.finance[r], feedback)
        contact = params.learning_contact * (
            1.0
            + params.trust_contact * (regions.trust[r] - params.trust_level)
            + params.services_contact * (index[at.SERVICES] - neutral)
        )
        totals.contact[r] = min(max(contact, 0.0), 1.0)
        seen_infrastructure = 1.0 + feedback * (regions.infrastructure[r] - 1.0)
        pressure = regions.workforce[r] / (mean_workforce * max(seen_infrastructure, 1e-6))
        totals.crowd[r] = exp(params.sharing_congestion_exponent * log(pressure))
        totals.transaction[r] = params.transaction_cost * exp(
            -params.transaction_trust * regions.trust[r] - params.transaction_services * index[at.SERVICES]
        )
        p0 = params.science_exit_probability
        totals.leaving[r] = min(1.0, p0 * (1.0 + params.science_tie_speed * totals.tied[r]))
        totals.outflow[r] = totals.leaving[r] * regions.pipeline[r, 2]


@kernel
def prepare_cells(setting, world):
    """Agglomeration, price level, proportional overhead and reputation of the regions, from the cell totals."""
    params, constants, totals = setting.params, setting.constants, world.totals
    R, S = totals.contact.size, totals.demand.size
    start, economy = totals.start, totals.economy
    occupied = 0
    employment = 0.0
    for cell in range(R * S):
        if start[at.FIRMS, cell] > 0.0:
            occupied += 1
            employment += start[at.SHARE, cell] * totals.labour_per_share[cell]
    mean_cell = employment / occupied if occupied > 0 else 1.0
    log_material = log(params.market_material_price)
    for r in range(R):
        region_employment = 0.0
        for k in range(S):
            region_employment += start[at.SHARE, r * S + k] * totals.labour_per_share[r * S + k]
        concentration = 0.0
        reputation = 0.0
        if region_employment > 0.0:
            for k in range(S):
                weight = start[at.SHARE, r * S + k] * totals.labour_per_share[r * S + k] / region_employment
                concentration += weight * weight
                reputation += weight * world.reputation[r * S + k]
        totals.reputation[r] = reputation
        need = totals.region_need[r] / economy[at.MEAN_NEED]
        cost = 0.0
        if need > 0.0:
            cost = (
                params.sharing_cost * economy[at.MEAN_SALES] * exp(params.sharing_scale_exponent * log(need))
                / totals.region_need[r]
            )
        regional = params.agglomeration_urbanisation * log(
            world.regions.workforce[r] / economy[at.MEAN_WORKFORCE]
        )
        if concentration > 0.0:
            regional -= params.agglomeration_diversity * log(concentration)
        log_wage = log(world.regions.wage[r])
        for k in range(S):
            cell = r * S + k
            if start[at.FIRMS, cell] == 0.0:
                totals.efficiency[cell] = 0.0
                continue
            labour_share = constants.labour_share[k]
            size = start[at.SHARE, cell] * totals.labour_per_share[cell]
            totals.efficiency[cell] = params.agglomeration_localisation * log(1.0 + size / mean_cell) + regional
            totals.price_level[cell] = (
                log(1.0 + constants.markup[k]) + labour_share * log_wage + (1.0 - labour_share) * log_material
            )
            per_sales = 1.0 if params.sharing_need == 1 else totals.labour_per_share[cell] / totals.demand[k]
            totals.overhead[cell] = cost * per_sales + params.sharing_congestion * totals.crowd[r]
