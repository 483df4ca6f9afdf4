"""Stage 0 and 1: demand, sums at the start of the period, indices of the regions (docs/MODEL.md 7.0, 7.1, 7.6)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._lane_math import if_less, load_beside, only
from technopole_kernels._lanes import load, nothing, put_totals, spread, width
from technopole_kernels.choose import natural
from technopole_kernels.mathx import exp, log
from technopole_kernels.reduce import set_all, sum_sectors, whole_until


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


@device
def small_firm(share, labour, size):
    """1 for a firm with fewer workers than a small one has, else 0."""
    return if_less(share * labour, size, 1.0, 0.0)


@device
def labour_per_share(demand, labour_share, markup, wage):
    """Workers per unit of market share."""
    return demand * labour_share / ((1.0 + markup) * wage)


@device
def need_per_share(params, demand, labour):
    """What a firm needs of its region's facilities, per unit of market share."""
    return demand if params.sharing_need == 1 else labour


@device
def set_demand(setting, world, k):
    """Market size of a sector in the period, and its growth."""
    sectors, growth = world.sectors, 1.0 + setting.constants.sectors[at.K_DEMAND_GROWTH, k]
    shock = policy_at(setting.policy.sectors[at.P_DEMAND_SHOCK], world.clock[at.PERIOD], k)
    sectors[at.S_DEMAND, k] = sectors[at.S_MARKET, k] * growth * (1.0 + shock)
    sectors[at.S_GROWTH, k] = growth * (1.0 + shock) - 1.0


@stage
def prepare_demand(setting, world):
    """Market sizes of the period and employment per unit of market share."""
    cells, sectors, traits = world.cells, world.sectors, setting.constants.sectors
    S = sectors.shape[1]
    for k in range(S):
        set_demand(setting, world, k)
    for r in range(world.regions.shape[1]):
        wage, labour = world.regions[at.R_WAGE, r], cells[at.C_LABOUR, r * S : (r + 1) * S]
        for k in range(S):
            labour[k] = labour_per_share(
                sectors[at.S_DEMAND, k], traits[at.K_LABOUR_SHARE, k], traits[at.K_MARKUP, k], wage
            )


@stage
def sum_tile_start(setting, world, tile):
    """Sums of a tile's firms as they stand at the start of the period, by segment."""
    size, share, segments = setting.params[0].sme_size, world.firms[at.F_SHARE], world.segments
    for segment in range(tile.first, tile.last):
        labour = spread(world.cells[at.C_LABOUR, segments[at.G_CELL, segment]], share)
        begin, end = segments[at.G_BEGIN, segment], segments[at.G_BEGIN, segment + 1]
        none, last = nothing(share), whole_until(begin, end, width(share))
        lanes = none, none, none, none, none, none, none, none
        for i in range(begin, last, width(share)):
            lanes = add_start(lanes, world, labour, size, i, width(share))
        lanes = add_start(lanes, world, labour, size, last, end - last)
        put_totals(lanes, world.segment_sum[segment], at.SHARE)


@device
def add_start(lanes, world, labour, size, i, count):
    """Add some firms of a cell, at most all lanes, to the sums above."""
    firms, share = world.firms, load(world.firms[at.F_SHARE], i, count)
    organisation, technology = firms[at.F_ORGANISATION], firms[at.F_TECHNOLOGY]
    sourcing, quality = firms[at.F_SOURCING], firms[at.F_QUALITY]
    a, b, c, d, e, f, g, h = lanes
    small = only(small_firm(share, labour, size), count)
    return (
        a + share, b + load(organisation, i, count), c + load(technology, i, count), d + load(sourcing, i, count),
        e + load(quality, i, count), f + small, g + share * small,
        h + load_beside(world.tie[at.NOW], i, count, firms),
    )  # fmt: skip


@device
def mean_small_sales(cells, demand, cell):
    """Mean sales of the small firms of a cell, money."""
    small = cells[at.SMALL_FIRMS, cell]
    return cells[at.SMALL_SHARE, cell] * demand / small if small > 0.0 else 0.0


@device
def share_of(part, whole):
    """A part of a whole; of nothing it is 0."""
    return part / whole if whole > 0.0 else 0.0


@device
def set_knowledge(sectors, channel, k, total):
    """Mean knowledge of a sector; without firms it is remembered."""
    firms, row = sectors[at.S_FIRMS, k], at.S_KNOWLEDGE + channel
    sectors[at.S_NEXT + row, k] = total / firms if firms > 0.0 else sectors[row, k]


@device
def set_economy(world, firms, sales, need, workforce, payroll):
    """Means over the firms and the regions of the economy."""
    economy = world.economy
    economy[at.ALL_FIRMS] = firms
    economy[at.MEAN_NEED] = need / firms if firms > 0.0 else 1.0
    economy[at.MEAN_SALES] = share_of(sales, firms)
    economy[at.MEAN_WORKFORCE] = workforce / world.regions.shape[1]
    economy[at.MEAN_WAGE] = payroll / workforce


@stage
def sum_start(setting, world):
    """Region and sector totals of the start of the period, from those of the cells."""
    cells, regions, sectors = world.cells, world.regions, world.sectors
    params = setting.params[0]
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
            per_share = need_per_share(params, sectors[at.S_DEMAND, k], cells[at.C_LABOUR, cell])
            regions[at.R_NEED, r] += cells[at.SHARE, cell] * per_share
            cells[at.SMALL_SALES, cell] = mean_small_sales(cells, sectors[at.S_DEMAND, k], cell)
        need_all += regions[at.R_NEED, r]
        regions[at.R_TIED, r] = share_of(regions[at.R_TIED, r], regions[at.R_FIRMS, r])
    firms = 0.0
    sales = 0.0
    for k in range(S):
        firms += sectors[at.S_FIRMS, k]
        if sectors[at.S_FIRMS, k] > 0.0:
            sales += sectors[at.S_DEMAND, k]
    known = sectors[at.S_WORK]
    for channel in range(4):
        sum_sectors(cells[at.ORGANISATION + channel], known)
        for k in range(S):
            set_knowledge(sectors, channel, natural(k), known[k])
    workforce = 0.0
    payroll = 0.0
    for r in range(R):
        workforce += regions[at.R_WORKFORCE, r]
        payroll += regions[at.R_WORKFORCE, r] * regions[at.R_WAGE, r]
    set_economy(world, firms, sales, need_all, workforce, payroll)


@stage
def prepare_regions(setting, world):
    """What the firms of all regions see."""
    for r in range(world.regions.shape[1]):
        prepare_region(setting, world, r)


@device
def prepare_region(setting, world, r):
    """What the firms of a region see: indices, contact, crowding, transaction cost, the pipeline."""
    regions = world.regions
    params = setting.params[0]
    neutral = institution_index(1.0)
    leaving = params.science_exit_probability
    feedback = params.feedback_ris_to_cluster
    mean_workforce = world.economy[at.MEAN_WORKFORCE]
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


@device
def log_cell_size(cells, cell, mean_cell):
    """ln(1 + employment of a cell in units of the mean one's)."""
    return log(1.0 + cells[at.SHARE, cell] * cells[at.C_LABOUR, cell] / mean_cell)


@stage
def prepare_cells(setting, world):
    """Agglomeration, price level, proportional overhead and reputation of the regions, from the cell totals."""
    cells, sectors, traits = world.cells, world.sectors, setting.constants.sectors
    R, S = world.regions.shape[1], sectors.shape[1]
    occupied = 0
    employment = 0.0
    for cell in range(R * S):
        is_occupied = cells[at.FIRMS, cell] > 0.0
        occupied += 1 if is_occupied else 0
        employment += cells[at.SHARE, cell] * cells[at.C_LABOUR, cell] if is_occupied else 0.0
    mean_cell = employment / occupied if occupied > 0 else 1.0
    log_markup, log_size = sectors[at.S_WORK], cells[at.C_EFFICIENCY]
    for k in range(S):
        log_markup[k] = log(1.0 + traits[at.K_MARKUP, k])
    for cell in range(R * S):
        log_size[cell] = log_cell_size(cells, cell, mean_cell)
    for r in range(R):
        prepare_cells_of(setting, world, r)


@stage
def prepare_cells_of(setting, world, r):
    """The same for one region; ``S_WORK`` holds ln(1 + markup), ``C_EFFICIENCY`` the logarithm of the cells' size."""
    cells, regions, sectors, traits = world.cells, world.regions, world.sectors, setting.constants.sectors
    params, economy = setting.params[0], world.economy
    S = sectors.shape[1]
    log_markup = sectors[at.S_WORK]
    log_material = log(params.market_material_price)
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
    firms, efficiency = cells[at.FIRMS, r * S : (r + 1) * S], cells[at.C_EFFICIENCY, r * S : (r + 1) * S]
    labour, price = cells[at.C_LABOUR, r * S : (r + 1) * S], cells[at.C_PRICE_LEVEL, r * S : (r + 1) * S]
    overhead = cells[at.C_OVERHEAD, r * S : (r + 1) * S]
    by_sales, crowding = params.sharing_need == 1, params.sharing_congestion * regions[at.R_CROWD, r]
    for k in range(S):
        size = params.agglomeration_localisation * efficiency[k] + regional
        efficiency[k] = size if firms[k] > 0.0 else 0.0
        per_sales = 1.0 if by_sales else labour[k] / sectors[at.S_DEMAND, k]
        overhead[k] = cost * per_sales + crowding
        labour_share = traits[at.K_LABOUR_SHARE, k]
        price[k] = log_markup[k] + labour_share * log_wage + (1.0 - labour_share) * log_material
    if params.sharing_rule == 0:  # the same for all firms of the cell
        transaction = 1.0 + regions[at.R_TRANSACTION, r]
        for k in range(S):
            price[k] += log(transaction + overhead[k])
