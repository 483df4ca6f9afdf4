"""Stage 12: wages and the mobility of workers (docs/MODEL.md 7.12; logit with gravity)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import kernel
from technopole_kernels.mathx import exp, log
from technopole_kernels.prepare import policy_at

EMPLOYED = 0.95  # share of the workforce at work when the labour market is in balance


@kernel
def set_wages(setting, world):
    """Wages follow the demand for labour."""
    params, totals, regions = setting.params, world.totals, world.regions
    R, S = totals.contact.size, totals.demand.size
    period = world.clock[at.PERIOD]
    for r in range(R):
        demand = 0.0
        for cell in range(r * S, (r + 1) * S):
            demand += totals.end[at.E_SHARE, cell] * totals.labour_per_share[cell]
        totals.labour_demand[r] = demand
        change = params.labour_wage_response * (demand / regions.workforce[r] - EMPLOYED)
        change = min(max(change, -params.labour_wage_cap), params.labour_wage_cap)
        shock = policy_at(setting.policy.wage_shock, period, r)
        totals.next_regions.wage[r] = regions.wage[r] * exp(change) * (1.0 + shock)


@kernel
def move_workers(setting, world):
    """A share of the workers chooses its region again; nobody is lost on the way."""
    params, constants, totals, regions = setting.params, setting.constants, world.totals, world.regions
    R = totals.contact.size
    for r in range(R):
        value = (
            params.mobility_size * log(regions.workforce[r])
            + params.mobility_wage * log(totals.next_regions.wage[r])
            + params.mobility_trust * regions.trust[r]
            + params.mobility_reputation * totals.reputation[r]
            + params.mobility_infrastructure * totals.index[r, at.INFRASTRUCTURE]
            - params.mobility_congestion * totals.crowd[r]
        )
        totals.attraction[r] = exp(value)
        totals.inflow[r] = 0.0
    for r in range(R):
        begin, end = constants.proximity_start[r], constants.proximity_start[r + 1]
        whole = 0.0
        for j in range(begin, end):
            whole += constants.proximity[j] * totals.attraction[constants.proximity_region[j]]
        movers = params.mobility_rate * regions.workforce[r]
        totals.outgoing[r] = movers
        for j in range(begin, end):
            other = constants.proximity_region[j]
            totals.inflow[other] += movers * (constants.proximity[j] * totals.attraction[other] / whole)
    for r in range(R):
        stayed = (1.0 - params.mobility_rate) * regions.workforce[r]
        totals.next_regions.workforce[r] = (stayed + totals.inflow[r]) * (1.0 + params.labour_growth)
