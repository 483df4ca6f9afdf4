"""Stage 12: wages and the mobility of workers (docs/MODEL.md 7.12; logit with gravity)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels.mathx import exp, log
from technopole_kernels.prepare import policy_at

EMPLOYED = 0.95  # share of the workforce at work when the labour market is in balance


@stage
def set_wages(setting, world):
    """Wages follow the demand for labour."""
    for r in range(world.regions.shape[1]):
        set_wage(setting, world, r)


@device
def set_wage(setting, world, r):
    """The wage of a region follows the demand for labour."""
    cells, regions, params = world.cells, world.regions, setting.params[0]
    S = world.sectors.shape[1]
    demand = 0.0
    for cell in range(r * S, (r + 1) * S):
        demand += cells[at.E_SHARE, cell] * cells[at.C_LABOUR, cell]
    regions[at.R_LABOUR_DEMAND, r] = demand
    change = params.labour_wage_response * (demand / regions[at.R_WORKFORCE, r] - EMPLOYED)
    change = min(max(change, -params.labour_wage_cap), params.labour_wage_cap)
    shock = policy_at(setting.policy.regions[at.P_WAGE_SHOCK], world.clock[at.PERIOD], r)
    regions[at.R_NEXT + at.R_WAGE, r] = regions[at.R_WAGE, r] * exp(change) * (1.0 + shock)


@device
def rate_region(setting, world, r):
    """Attraction of a region to workers."""
    regions, params = world.regions, setting.params[0]
    value = (
        params.mobility_size * log(regions[at.R_WORKFORCE, r])
        + params.mobility_wage * log(regions[at.R_NEXT + at.R_WAGE, r])
        + params.mobility_trust * regions[at.R_TRUST, r]
        + params.mobility_reputation * regions[at.R_REPUTATION, r]
        + params.mobility_infrastructure * regions[at.R_INDEX + at.INFRASTRUCTURE, r]
        - params.mobility_congestion * regions[at.R_CROWD, r]
    )
    regions[at.R_ATTRACTION, r] = exp(value)


@device
def sum_attraction(constants, regions, r):
    """Attraction of all regions in reach of a region, by proximity."""
    whole = 0.0
    for j in range(constants.proximity_start[r], constants.proximity_start[r + 1]):
        whole += constants.proximity[j] * regions[at.R_ATTRACTION, constants.proximity_region[j]]
    return whole


@device
def movers_to(movers, proximity, attraction, whole):
    """Of the movers of a region, those who choose another one."""
    return movers * (proximity * attraction / whole)


@device
def settle_workforce(params, regions, r):
    """Those who stayed and those who came, and the growth of the workforce."""
    stayed = (1.0 - params.mobility_rate) * regions[at.R_WORKFORCE, r]
    regions[at.R_NEXT + at.R_WORKFORCE, r] = (stayed + regions[at.R_INFLOW, r]) * (1.0 + params.labour_growth)


@stage
def move_workers(setting, world):
    """A share of the workers chooses its region again; nobody is lost on the way."""
    regions = world.regions
    params, constants = setting.params[0], setting.constants
    R = regions.shape[1]
    for r in range(R):
        rate_region(setting, world, r)
        regions[at.R_INFLOW, r] = 0.0
    for r in range(R):
        begin, end = constants.proximity_start[r], constants.proximity_start[r + 1]
        whole = sum_attraction(constants, regions, r)
        movers = params.mobility_rate * regions[at.R_WORKFORCE, r]
        regions[at.R_OUTGOING, r] = movers
        for j in range(begin, end):
            other = constants.proximity_region[j]
            coming = movers_to(movers, constants.proximity[j], regions[at.R_ATTRACTION, other], whole)
            regions[at.R_INFLOW, other] += coming
    for r in range(R):
        settle_workforce(params, regions, r)
