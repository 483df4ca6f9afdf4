"""Stage 0 and 1: demand, sums at the start of the period, indices of the regions (docs/MODEL.md 7.0, 7.1, 7.6)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._lanes import load, nothing, total, width
from technopole_kernels.mathx import exp, log
from technopole_kernels.reduce import set_all
from technopole_kernels.tiles import collect_cells, fill_cell


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


@stage
def prepare_demand(setting, world):
    """Market sizes of the period and employment per unit of market share."""
    cells, sectors, traits = world.cells, world.sectors, setting.constants.sectors
    S = sectors.shape[1]
    period = world.clock[at.PERIOD]
    for k in range(S):
        shock = policy_at(setting.policy.sectors[at.P_DEMAND_SHOCK], period, k)
        sectors[at.S_DEMAND, k] = (
            sectors[at.S_MARKET, k] * (1.0 + traits[at.K_DEMAND_GROWTH, k]) * (1.0 + shock)
        )
        sectors[at.S_GROWTH, k] = (1.0 + traits[at.K_DEMAND_GROWTH, k]) * (1.0 + shock) - 1.0
    for r in range(world.regions.shape[1]):
        wage, labour = world.regions[at.R_WAGE, r], cells[at.C_LABOUR, r * S : (r + 1) * S]
        for k in range(S):
            labour[k] = (
                sectors[at.S_DEMAND, k] * traits[at.K_LABOUR_SHARE, k] / ((1.0 + traits[at.K_MARKUP, k]) * wage)
            )


@stage
def sum_tile_start(setting, world, tile):
    """Sums of a tile's firms as they stand at the start of the period."""
    size = setting.params[0].sme_size
    buffer, segments = world.buffer, world.segments
    share = world.firms[at.F_SHARE, tile.begin : tile.end]
    fill_cell(buffer, at.LABOUR, world.cells[at.C_LABOUR], segments, tile)
    for i in range(share.size):
        buffer[at.SMALL + i] = 1.0 if share[i] * buffer[at.LABOUR + i] < size else 0.0
    for segment in range(tile.first, tile.last):
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        place = at.SMALL + begin - tile.begin
        small = buffer[place : place + end - begin]
        sum_start(world.segment_sum[segment], world.firms, world.tie[at.NOW, begin:end], small, begin, end)


@stage
def sum_start(sums, firms, tie, small, begin, end):
    """Sums of a segment's firms as they stand at the start of the period."""
    share = firms[at.F_SHARE, begin:end]
    organisation, technology = firms[at.F_ORGANISATION, begin:end], firms[at.F_TECHNOLOGY, begin:end]
    sourcing, quality = firms[at.F_SOURCING, begin:end], firms[at.F_QUALITY, begin:end]
    n = end - begin
    a = b = c = d = e = f = g = nothing(share)
    for i in range(0, n, width(share)):
        s, m = load(share, i, n - i), load(small, i, n - i)
        a = a + s
        b = b + load(organisation, i, n - i)
        c = c + load(technology, i, n - i)
        d = d + load(sourcing, i, n - i)
        e = e + load(quality, i, n - i)
        f = f + m
        g = g + s * m
    sums[at.FIRMS] = float(n)
    sums[at.SHARE] = total(a)
    sums[at.ORGANISATION] = total(b)
    sums[at.TECHNOLOGY] = total(c)
    sums[at.SOURCING] = total(d)
    sums[at.QUALITY] = total(e)
    sums[at.TIED] = float(count_ones(tie))
    sums[at.SMALL_FIRMS] = total(f)
    sums[at.SMALL_SHARE] = total(g)


@stage
def count_ones(flags):
    """Number of flags that are set."""
    count = np.uint32(0)
    for i in range(flags.size):
        count = np.uint32(count + np.uint32(flags[i]))
    return count


@stage
def collect_start(setting, world):
    """Cell, region and sector totals of the start of the period."""
    cells, regions, sectors, economy = world.cells, world.regions, world.sectors, world.economy
    params = setting.params[0]
    collect_cells(world, at.FIRMS, at.SMALL_SALES)
    R, S = regions.shape[1], sectors.shape[1]
    set_all(sectors[at.S_FIRMS], 0.0)
    set_all(regions[at.R_FIRMS], 0.0)
    set_all(regions[at.R_TIED], 0.0)
    set_all(regions[at.R_NEED], 0.0)
    need_all = 0.0
    for r in range(R):
        for k in range(S):
            cell = r * S + k
            sectors[at.S_FIRMS, k] += cells[at.FIRMS, cell]
            regions[at.R_FIRMS, r] += cells[at.FIRMS, cell]
            regions[at.R_TIED, r] += cells[at.TIED, cell]
            per_share = sectors[at.S_DEMAND, k] if params.sharing_need == 1 else cells[at.C_LABOUR, cell]
            regions[at.R_NEED, r] += cells[at.SHARE, cell] * per_share
            small = cells[at.SMALL_FIRMS, cell]
            cells[at.SMALL_SALES, cell] = (
                cells[at.SMALL_SHARE, cell] * sectors[at.S_DEMAND, k] / small if small > 0.0 else 0.0
            )
        need_all += regions[at.R_NEED, r]
        regions[at.R_TIED, r] = (
            regions[at.R_TIED, r] / regions[at.R_FIRMS, r] if regions[at.R_FIRMS, r] > 0.0 else 0.0
        )
    firms = 0.0
    sales = 0.0
    for k in range(S):
        firms += sectors[at.S_FIRMS, k]
        if sectors[at.S_FIRMS, k] > 0.0:
            sales += sectors[at.S_DEMAND, k]
        for channel in range(4):
            total = 0.0
            for r in range(R):
                total += cells[at.ORGANISATION + channel, r * S + k]
            if sectors[at.S_FIRMS, k] > 0.0:
                sectors[at.S_NEXT + at.S_KNOWLEDGE + channel, k] = total / sectors[at.S_FIRMS, k]
            else:
                sectors[at.S_NEXT + at.S_KNOWLEDGE + channel, k] = sectors[at.S_KNOWLEDGE + channel, k]
    economy[at.ALL_FIRMS] = firms
    economy[at.MEAN_NEED] = need_all / firms if firms > 0.0 else 1.0
    economy[at.MEAN_SALES] = sales / firms if firms > 0.0 else 0.0
    workforce = 0.0
    payroll = 0.0
    for r in range(R):
        workforce += regions[at.R_WORKFORCE, r]
        payroll += regions[at.R_WORKFORCE, r] * regions[at.R_WAGE, r]
    economy[at.MEAN_WORKFORCE] = workforce / R
    economy[at.MEAN_WAGE] = payroll / workforce


@stage
def prepare_regions(setting, world):
    """What the firms of a region see: indices, contact, crowding, transaction cost, the pipeline."""
    regions = world.regions
    params = setting.params[0]
    neutral = institution_index(1.0)
    leaving = params.science_exit_probability
    feedback = params.feedback_ris_to_cluster
    mean_workforce = world.economy[at.MEAN_WORKFORCE]
    for r in range(regions.shape[1]):
        regions[at.R_INDEX + at.INFRASTRUCTURE, r] = seen_index(regions[at.R_INFRASTRUCTURE, r], feedback)
        regions[at.R_INDEX + at.UNIVERSITY, r] = seen_index(regions[at.R_UNIVERSITY, r], feedback)
        regions[at.R_INDEX + at.SERVICES, r] = seen_index(regions[at.R_SERVICES, r], feedback)
        regions[at.R_INDEX + at.FINANCE, r] = seen_index(regions[at.R_FINANCE, r], feedback)
        contact = params.learning_contact * (
            1.0
            + params.trust_contact * (regions[at.R_TRUST, r] - params.trust_level)
            + params.services_contact * (regions[at.R_INDEX + at.SERVICES, r] - neutral)
        )
        regions[at.R_CONTACT, r] = min(max(contact, 0.0), 1.0)
        seen_infrastructure = 1.0 + feedback * (regions[at.R_INFRASTRUCTURE, r] - 1.0)
        pressure = regions[at.R_WORKFORCE, r] / (mean_workforce * max(seen_infrastructure, 1e-6))
        regions[at.R_CROWD, r] = exp(params.sharing_congestion_exponent * log(pressure))
        regions[at.R_TRANSACTION, r] = params.transaction_cost * exp(
            -params.transaction_trust * regions[at.R_TRUST, r]
            - params.transaction_services * regions[at.R_INDEX + at.SERVICES, r]
        )
        regions[at.R_LEAVING, r] = min(
            1.0, leaving * (1.0 + params.science_tie_speed * regions[at.R_TIED, r])
        )
        regions[at.R_OUTFLOW, r] = regions[at.R_LEAVING, r] * regions[at.R_PIPELINE + 2, r]


@stage
def prepare_cells(setting, world):
    """Agglomeration, price level, proportional overhead and reputation of the regions, from the cell totals."""
    cells, regions, sectors, traits = world.cells, world.regions, world.sectors, setting.constants.sectors
    params = setting.params[0]
    R, S = regions.shape[1], sectors.shape[1]
    economy = world.economy
    occupied = 0
    employment = 0.0
    for cell in range(R * S):
        if cells[at.FIRMS, cell] > 0.0:
            occupied += 1
            employment += cells[at.SHARE, cell] * cells[at.C_LABOUR, cell]
    mean_cell = employment / occupied if occupied > 0 else 1.0
    log_material = log(params.market_material_price)
    log_markup, log_size = sectors[at.S_WORK], cells[at.C_EFFICIENCY]
    for k in range(S):
        log_markup[k] = log(1.0 + traits[at.K_MARKUP, k])
    for cell in range(R * S):
        log_size[cell] = log(1.0 + cells[at.SHARE, cell] * cells[at.C_LABOUR, cell] / mean_cell)
    for r in range(R):
        region_employment = 0.0
        for k in range(S):
            region_employment += cells[at.SHARE, r * S + k] * cells[at.C_LABOUR, r * S + k]
        concentration = 0.0
        reputation = 0.0
        if region_employment > 0.0:
            for k in range(S):
                weight = cells[at.SHARE, r * S + k] * cells[at.C_LABOUR, r * S + k] / region_employment
                concentration += weight * weight
                reputation += weight * cells[at.C_REPUTATION, r * S + k]
        regions[at.R_REPUTATION, r] = reputation
        need = regions[at.R_NEED, r] / economy[at.MEAN_NEED]
        cost = 0.0
        if need > 0.0:
            cost = (
                params.sharing_cost
                * economy[at.MEAN_SALES]
                * exp(params.sharing_scale_exponent * log(need))
                / regions[at.R_NEED, r]
            )
        regional = params.agglomeration_urbanisation * log(
            regions[at.R_WORKFORCE, r] / economy[at.MEAN_WORKFORCE]
        )
        if concentration > 0.0:
            regional -= params.agglomeration_diversity * log(concentration)
        log_wage = log(regions[at.R_WAGE, r])
        for k in range(S):
            cell = r * S + k
            if cells[at.FIRMS, cell] == 0.0:
                cells[at.C_EFFICIENCY, cell] = 0.0
                continue
            labour_share = traits[at.K_LABOUR_SHARE, k]
            cells[at.C_EFFICIENCY, cell] = params.agglomeration_localisation * log_size[cell] + regional
            cells[at.C_PRICE_LEVEL, cell] = (
                log_markup[k] + labour_share * log_wage + (1.0 - labour_share) * log_material
            )
            per_sales = (
                1.0 if params.sharing_need == 1 else cells[at.C_LABOUR, cell] / sectors[at.S_DEMAND, k]
            )
            overhead = cost * per_sales + params.sharing_congestion * regions[at.R_CROWD, r]
            cells[at.C_OVERHEAD, cell] = overhead
            if params.sharing_rule == 0:  # the same for all firms of the cell
                cells[at.C_PRICE_LEVEL, cell] += log(1.0 + regions[at.R_TRANSACTION, r] + overhead)
