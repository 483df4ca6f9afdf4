"""Stage 13: what the cluster gives to the region: stocks, trust, reputation (docs/MODEL.md 7.13)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.mathx import exp, log
from technopole_kernels.prepare import policy_at, policy_cell_at
from technopole_kernels.reduce import sum_sectors

MOST_INNOVATIVE = 3.0  # cap on a region's innovation rate relative to the nation's


@device
def power(base, exponent):
    """``base ** exponent`` for a base that is not negative; ``0 ** 0`` is 1."""
    if base > 0.0:
        return exp(exponent * log(base))
    return 1.0 if exponent == 0.0 else 0.0


@device
def next_stock(params, stock, supplied, policy):
    """X' = (1 - delta) X + delta [(1 - phi) + phi S + policy]."""
    decay, feedback = params.institutions_depreciation, params.feedback_cluster_to_ris
    following = (1.0 - decay) * stock + decay * ((1.0 - feedback) + feedback * supplied + policy)
    return 0.0 if following < 0.0 else following  # not a number stays so, and is found


@device
def set_nation(economy, tax, research, workforce):
    """National tax and research per worker in national wages."""
    wage = economy[at.MEAN_WAGE]
    economy[at.NATIONAL_TAX] = tax / workforce / wage
    economy[at.NATIONAL_RESEARCH] = research / workforce / wage


@stage
def sum_nation(world):
    """National tax and research; in period 0 they become the norms."""
    cells, regions, economy = world.cells, world.regions, world.economy
    tax = 0.0
    research = 0.0
    workforce = 0.0
    for cell in range(cells.shape[1]):
        tax += cells[at.E_TAX, cell]
        research += cells[at.E_RESEARCH, cell]
    for r in range(regions.shape[1]):
        workforce += regions[at.R_WORKFORCE, r]
    set_nation(economy, tax, research, workforce)


@device
def rate_success(setting, world, r, innovations_all):
    """Appeal of a region to investors: its innovations per firm against the nation's, and its name."""
    cells, regions, economy, S = world.cells, world.regions, world.economy, world.sectors.shape[1]
    innovations = 0.0
    for cell in range(r * S, (r + 1) * S):
        innovations += cells[at.E_INNOVATIONS, cell]
    relative = 1.0
    if innovations_all > 0.0:
        per_firm = innovations / max(regions[at.R_FIRMS, r], 1.0)
        relative = min(MOST_INNOVATIVE, per_firm / (innovations_all / economy[at.ALL_FIRMS]))
    return exp(setting.params[0].finance_response * relative + 0.5 * regions[at.R_REPUTATION, r])


@device
def build_region(setting, world, r, success, mean_success):
    """Next period's stocks and trust of a region."""
    cells, regions, economy, params = world.cells, world.regions, world.economy, setting.params[0]
    period, S = world.clock[at.PERIOD], world.sectors.shape[1]
    norm_tax = economy[at.NATIONAL_TAX] if period == 0 else economy[at.NORM_TAX]
    norm_research = economy[at.NATIONAL_RESEARCH] if period == 0 else economy[at.NORM_RESEARCH]
    tax = 0.0
    research = 0.0
    for cell in range(r * S, (r + 1) * S):
        tax += cells[at.E_TAX, cell]
        research += cells[at.E_RESEARCH, cell]
    national_wages = regions[at.R_WORKFORCE, r] * economy[at.MEAN_WAGE]
    crowding = power(regions[at.R_WORKFORCE, r] / economy[at.MEAN_WORKFORCE], params.institutions_scale)
    taxes = tax / national_wages / norm_tax * crowding if norm_tax > 0.0 else 1.0
    regions[at.R_NEXT + at.R_INFRASTRUCTURE, r] = next_stock(
        params,
        regions[at.R_INFRASTRUCTURE, r],
        taxes,
        policy_at(setting.policy.regions[at.P_INFRASTRUCTURE], period, r),
    )
    study = 1.0
    if norm_research > 0.0:
        study = power(research / national_wages / norm_research, params.institutions_university_exponent)
    regions[at.R_NEXT + at.R_UNIVERSITY, r] = next_stock(
        params,
        regions[at.R_UNIVERSITY, r],
        study,
        policy_at(setting.policy.regions[at.P_UNIVERSITY], period, r),
    )
    variety = 0.0
    if economy[at.ALL_FIRMS] > 0.0:
        relative = regions[at.R_FIRMS, r] / (economy[at.ALL_FIRMS] / regions.shape[1])
        variety = power(relative, params.institutions_services_exponent)
    regions[at.R_NEXT + at.R_SERVICES, r] = next_stock(
        params,
        regions[at.R_SERVICES, r],
        variety,
        policy_at(setting.policy.regions[at.P_SERVICES], period, r),
    )
    regions[at.R_NEXT + at.R_FINANCE, r] = next_stock(
        params,
        regions[at.R_FINANCE, r],
        success / mean_success * crowding,
        policy_at(setting.policy.regions[at.P_FINANCE], period, r),
    )
    trust = regions[at.R_TRUST, r]
    rise = (
        params.trust_rise * regions[at.R_CONTACT, r] * (1.0 - trust)
        if regions[at.R_FIRMS, r] > 0.0
        else 0.0
    )
    regions[at.R_NEXT + at.R_TRUST, r] = trust + rise - params.trust_decay * trust


@stage
def build_institutions(setting, world):
    """Next period's stocks and trust of every region."""
    cells, regions = world.cells, world.regions
    R, S = regions.shape[1], world.sectors.shape[1]
    success = regions[at.R_ATTRACTION]  # its work is done: the labour stage is over
    innovations_all = 0.0
    for cell in range(R * S):
        innovations_all += cells[at.E_INNOVATIONS, cell]
    weighted = 0.0
    workforce = 0.0
    for r in range(R):
        success[r] = rate_success(setting, world, r, innovations_all)
        weighted += regions[at.R_WORKFORCE, r] * success[r]
        workforce += regions[at.R_WORKFORCE, r]
    mean_success = weighted / workforce
    for r in range(R):
        build_region(setting, world, r, success[r], mean_success)


@stage
def build_reputation(setting, world):
    """The name of every cell follows the quality behind it against its sector."""
    cells = world.cells
    R, S = world.regions.shape[1], world.sectors.shape[1]
    period = world.clock[at.PERIOD]
    quality, share = world.sectors[at.S_WORK], world.sectors[at.S_WORK + 1]
    sum_sectors(cells[at.E_QUALITY_SHARE], quality)
    sum_sectors(cells[at.E_SHARE], share)
    for r in range(R):
        for k in range(S):
            cell = r * S + k
            standing = quality[k] / share[k] if share[k] > 0.0 else 0.0
            marketing = policy_cell_at(setting.policy.cells[at.P_REPUTATION], period, r, k)
            cells[at.C_NEXT_REPUTATION, cell] = next_reputation(
                cells[at.C_REPUTATION, cell], cells[at.E_NAME_QUALITY, cell], cells[at.E_NAME_SHARE, cell],
                standing, marketing, setting.params[0].reputation_rate,
            )  # fmt: skip


@device
def next_reputation(old, quality, share, standing, marketing, rate):
    """The name of a cell follows the quality behind it against the mean quality of its sector."""
    target = 0.0
    if share > 0.0:
        target = quality / share - standing
    return old + rate * (target + marketing - old)
