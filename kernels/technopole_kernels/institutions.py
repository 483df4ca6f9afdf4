"""Stage 13: what the cluster gives to the region: stocks, trust, reputation (docs/MODEL.md 7.13)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, kernel
from technopole_kernels.mathx import exp, log
from technopole_kernels.prepare import policy_at, policy_cell_at

MOST_INNOVATIVE = 3.0  # cap on a region's innovation rate relative to the nation's


@device
def power(base, exponent):
    """``base ** exponent`` for a base that is not negative; 0 stays 0."""
    return exp(exponent * log(base)) if base > 0.0 else 0.0


@device
def next_stock(params, stock, supplied, policy):
    """X' = (1 - delta) X + delta [(1 - phi) + phi S + policy]."""
    decay, feedback = params.institutions_depreciation, params.feedback_cluster_to_ris
    return max(0.0, (1.0 - decay) * stock + decay * ((1.0 - feedback) + feedback * supplied + policy))


@kernel
def sum_nation(world):
    """National tax and research; in period 0 they become the norms."""
    totals = world.totals
    tax = 0.0
    research = 0.0
    workforce = 0.0
    for cell in range(totals.survivors.size):
        tax += totals.end[at.E_TAX, cell]
        research += totals.end[at.E_RESEARCH, cell]
    for r in range(totals.contact.size):
        workforce += world.regions.workforce[r]
    wage = totals.economy[at.MEAN_WAGE]
    totals.economy[at.NATIONAL_TAX] = tax / workforce / wage
    totals.economy[at.NATIONAL_RESEARCH] = research / workforce / wage


@kernel
def build_institutions(setting, world):
    """Next period's stocks and trust of every region."""
    params, policy, totals, regions = setting.params, setting.policy, world.totals, world.regions
    R, S = totals.contact.size, totals.demand.size
    economy, period = totals.economy, world.clock[at.PERIOD]
    first = period == 0
    norm_tax = economy[at.NATIONAL_TAX] if first else world.norms[0]
    norm_research = economy[at.NATIONAL_RESEARCH] if first else world.norms[1]
    success = totals.attraction  # its work is done: the labour stage is over
    innovations_all = 0.0
    for cell in range(R * S):
        innovations_all += totals.end[at.E_INNOVATIONS, cell]
    weighted = 0.0
    workforce = 0.0
    for r in range(R):
        innovations = 0.0
        for cell in range(r * S, (r + 1) * S):
            innovations += totals.end[at.E_INNOVATIONS, cell]
        relative = 1.0
        if innovations_all > 0.0:
            per_firm = innovations / max(totals.region_firms[r], 1.0)
            relative = min(MOST_INNOVATIVE, per_firm / (innovations_all / economy[at.ALL_FIRMS]))
        success[r] = exp(params.finance_response * relative + 0.5 * totals.reputation[r])
        weighted += regions.workforce[r] * success[r]
        workforce += regions.workforce[r]
    mean_success = weighted / workforce
    following = totals.next_regions
    for r in range(R):
        tax = 0.0
        research = 0.0
        for cell in range(r * S, (r + 1) * S):
            tax += totals.end[at.E_TAX, cell]
            research += totals.end[at.E_RESEARCH, cell]
        national_wages = regions.workforce[r] * economy[at.MEAN_WAGE]
        crowding = power(regions.workforce[r] / economy[at.MEAN_WORKFORCE], params.institutions_scale)
        taxes = tax / national_wages / norm_tax * crowding if norm_tax > 0.0 else 1.0
        following.infrastructure[r] = next_stock(
            params, regions.infrastructure[r], taxes, policy_at(policy.infrastructure, period, r)
        )
        study = 1.0
        if norm_research > 0.0:
            study = power(research / national_wages / norm_research, params.institutions_university_exponent)
        following.university[r] = next_stock(
            params, regions.university[r], study, policy_at(policy.university, period, r)
        )
        variety = 0.0
        if economy[at.ALL_FIRMS] > 0.0:
            relative = totals.region_firms[r] / (economy[at.ALL_FIRMS] / R)
            variety = power(relative, params.institutions_services_exponent)
        following.services[r] = next_stock(params, regions.services[r], variety, policy_at(policy.services, period, r))
        following.finance[r] = next_stock(
            params, regions.finance[r], success[r] / mean_success * crowding, policy_at(policy.finance, period, r)
        )
        trust = regions.trust[r]
        rise = params.trust_rise * totals.contact[r] * (1.0 - trust) if totals.region_firms[r] > 0.0 else 0.0
        following.trust[r] = trust + rise - params.trust_decay * trust


@kernel
def build_reputation(setting, world):
    """The name of every cell follows the quality behind it against its sector."""
    totals, end = world.totals, world.totals.end
    R, S = totals.contact.size, totals.demand.size
    period = world.clock[at.PERIOD]
    for k in range(S):
        quality = 0.0
        share = 0.0
        for cell in range(k, R * S, S):
            quality += end[at.E_QUALITY_SHARE, cell]
            share += end[at.E_SHARE, cell]
        standing = quality / share if share > 0.0 else 0.0
        for r in range(R):
            cell = r * S + k
            target = 0.0
            if end[at.E_NAME_SHARE, cell] > 0.0:
                target = end[at.E_NAME_QUALITY, cell] / end[at.E_NAME_SHARE, cell] - standing
            marketing = policy_cell_at(setting.policy.reputation, period, r, k)
            old = world.reputation[cell]
            totals.next_reputation[cell] = old + setting.params.reputation_rate * (target + marketing - old)
