"""Sets of parameters that switch parts of the model off."""

from technopole.schema import CHANNELS

NO_CHANCE = {
    "learning.rule": "mean_field",
    "market.turbulence": 0.0,
    "innovation.rate": 0.0,
    "innovation.rate_high_tech": 0.0,
    "science.tie_rate": 0.0,
    "science.tie_break": 0.0,
    "exit.closure": 0.0,
    "entry.spinoff": 0.0,
    "entry.startups": 0.0,
}
"""Nothing is drawn after the start."""

NO_EXIT = {"exit.closure": 0.0, "exit.minimum": 0.0, "finance.credit": 10.0}
NO_ENTRY = {"entry.spinoff": 0.0, "entry.startups": 0.0}

NO_KNOWLEDGE = {
    **{f"learning.{channel}": 0.0 for channel in CHANNELS},
    "spillover.rate": 0.0,
    "upgrading.rate": 0.0,
    "science.rate": 0.0,
    "innovation.rate": 0.0,
    "innovation.rate_high_tech": 0.0,
}
"""Knowledge stays what it is."""

NO_PLACE = {
    "sharing.cost": 0.0,
    "sharing.congestion": 0.0,
    "agglomeration.localisation": 0.0,
    "agglomeration.urbanisation": 0.0,
    "agglomeration.diversity": 0.0,
    "transaction.cost": 0.0,
    "reputation.weight": 0.0,
}
"""Prices and fitness do not depend on where a firm is."""

STEADY = {
    "labour.wage_response": 0.0,
    "labour.growth": 0.0,
    "mobility.rate": 0.0,
    "market.demand_growth": 0.0,
    "market.demand_growth_high_tech": 0.0,
}
"""Markets, wages and workforces stay what they are."""

FIXED = {**NO_CHANCE, **NO_EXIT, **NO_ENTRY, **NO_KNOWLEDGE, **NO_PLACE, **STEADY}
"""Everything off; oracles switch on what they are about."""
