"""Stage 12: wages and the mobility of workers (docs/MODEL.md 7.12; logit with gravity)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.mathx import exp, log
from technopole_kernels.prepare import policy_at

EMPLOYED = 0.95  # share of the workforce at work when the labour market is in balance


@stage
def set_wages(setting, world):
    """Wages follow the demand for labour."""
    cells, regions = world.cells, world.regions
    params = setting.params[0]
    R, S = regions.shape[1], world.sectors.shape[1]
    period = world.clock[at.PERIOD]
    for r in range(R):
        demand = 0.0
        for cell in range(r * S, (r + 1) * S):
            demand += cells[at.E_SHARE, cell] * cells[at.C_LABOUR, cell]
        regions[at.R_LABOUR_DEMAND, r] = demand
        change = params.labour_wage_response * (demand / regions[at.R_WORKFORCE, r] - EMPLOYED)
        change = min(max(change, -params.labour_wage_cap), params.labour_wage_cap)
        shock = policy_at(setting.policy.regions[at.P_WAGE_SHOCK], period, r)
        regions[at.R_NEXT + at.R_WAGE, r] = regions[at.R_WAGE, r] * exp(change) * (1.0 + shock)


@stage
def move_workers(setting, world):
    """A share of the workers chooses its region again; nobody is lost on the way."""
    regions = world.regions
    params, constants = setting.params[0], setting.constants
    R = regions.shape[1]
    for r in range(R):
        value = (
            params.mobility_size * log(regions[at.R_WORKFORCE, r])
            + params.mobility_wage * log(regions[at.R_NEXT + at.R_WAGE, r])
            + params.mobility_trust * regions[at.R_TRUST, r]
            + params.mobility_reputation * regions[at.R_REPUTATION, r]
            + params.mobility_infrastructure * regions[at.R_INDEX + at.INFRASTRUCTURE, r]
            - params.mobility_congestion * regions[at.R_CROWD, r]
        )
        regions[at.R_ATTRACTION, r] = exp(value)
        regions[at.R_INFLOW, r] = 0.0
    for r in range(R):
        begin, end = constants.proximity_start[r], constants.proximity_start[r + 1]
        whole = 0.0
        for j in range(begin, end):
            whole += constants.proximity[j] * regions[at.R_ATTRACTION, constants.proximity_region[j]]
        movers = params.mobility_rate * regions[at.R_WORKFORCE, r]
        regions[at.R_OUTGOING, r] = movers
        for j in range(begin, end):
            other = constants.proximity_region[j]
            regions[at.R_INFLOW, other] += movers * (
                constants.proximity[j] * regions[at.R_ATTRACTION, other] / whole
            )
    for r in range(R):
        stayed = (1.0 - params.mobility_rate) * regions[at.R_WORKFORCE, r]
        regions[at.R_NEXT + at.R_WORKFORCE, r] = (stayed + regions[at.R_INFLOW, r]) * (
            1.0 + params.labour_growth
        )
