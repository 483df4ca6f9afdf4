"""Small array helpers: sums and means by group, guarded division, the policy of one period."""

import numpy as np

CHANNELS = ("organisation", "technology", "sourcing", "quality")
ORGANISATION, TECHNOLOGY, SOURCING, QUALITY = range(4)

POLICY_SHAPES = {
    "rd_subsidy": "RS",
    "reputation": "RS",
    "entry_support": "RS",
    "infrastructure": "R",
    "university": "R",
    "services": "R",
    "finance": "R",
    "wage_shock": "R",
    "demand_shock": "S",
}


def ratio(numerator, denominator, otherwise=0.0):
    """Quotient, with `otherwise` wherever the denominator is 0."""
    numerator, denominator = np.broadcast_arrays(
        np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    )
    quotient = np.full(numerator.shape, otherwise, dtype=np.float64)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0.0)
    return quotient


def sum_by(group, values, groups):
    """Sum of values (n,) in each of the groups; 0 for an empty one."""
    return np.bincount(group, weights=values, minlength=groups)


def count_by(group, groups, members=None):
    """Count firms (n,), or those marked in `members`, in each of the groups."""
    return np.bincount(group if members is None else group[members], minlength=groups)


def policy_of_period(policy, period, regions, sectors):
    """All policies of one period as full arrays (R,S), (R,) or (S,); 0 where absent or over."""
    lengths = {"R": regions, "S": sectors}
    policy = policy or {}
    current = {}
    for name, dims in POLICY_SHAPES.items():
        shape = tuple(lengths[dim] for dim in dims)
        values = policy.get(name)
        if values is None or np.size(values) == 0:
            current[name] = np.zeros(shape)
            continue
        values = np.asarray(values, dtype=np.float64)
        if values.shape[0] == 1:
            current[name] = np.broadcast_to(values[0], shape)
        elif period < values.shape[0]:
            current[name] = np.broadcast_to(values[period], shape)
        else:
            current[name] = np.zeros(shape)
    return current
