"""Stages 3 and 4: upgrading by high technology, and the university pipeline (docs/MODEL.md 7.3, 7.4)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage
from technopole_kernels._lane_math import positive
from technopole_kernels.mathx import exp, log
from technopole_kernels.prepare import institution_index


@device
def upgrading_strength(params, regions, region):
    """How fast traditional sectors catch up: the geometric mean of the four indices times the rate."""
    system = 1.0
    for institution in range(4):
        system *= regions[at.R_INDEX + institution, region]
    return params.upgrading_rate * (exp(0.25 * log(system)) if system > 0.0 else 0.0)


@device
def reading_strength(params, regions, region):
    """What a tied firm takes from the research that leaves the region's universities."""
    return params.science_rate * regions[at.R_OUTFLOW, region] / params.science_exit_probability


@device
def upgraded(technology, g, upgrading, strength, reading, tied):
    """Technology after catching up with high-tech firms and reading science."""
    return technology + strength * g * positive(upgrading - technology) + reading * g * tied


@device
def next_tie(tied, u, forms, breaks):
    """Whether a firm has a tie to a university in the next period."""
    return np.uint8(1) if (tied & (u >= breaks)) | (~tied & (u < forms)) else np.uint8(0)


@stage
def change_ties(setting, world, tile):
    """Ties to universities form with the strength of the services and break by chance."""
    params, buffer = setting.params[0], world.buffer
    begin, end = tile.begin, tile.end
    forms = params.science_tie_rate * world.regions[at.R_INDEX + at.SERVICES, tile.region]
    breaks = params.science_tie_break
    old, new = world.tie[at.NOW, begin:end], world.tie[at.NEXT, begin:end]
    for i in range(old.size):
        new[i] = next_tie(old[i] != 0, buffer[at.U_TIE + i], forms, breaks)


@stage
def advance_pipeline(setting, world):
    """Move the research of every region through the three stages."""
    for r in range(world.regions.shape[1]):
        advance_research(setting, world, r)


@device
def advance_research(setting, world, r):
    """Move the research of a region through the three stages."""
    params, regions = setting.params[0], world.regions
    p = regions[at.R_LEAVING, r]
    first, second, third = (
        regions[at.R_PIPELINE, r], regions[at.R_PIPELINE + 1, r], regions[at.R_PIPELINE + 2, r]
    )  # fmt: skip
    inflow = params.science_exit_probability * regions[at.R_INDEX + at.UNIVERSITY, r] / institution_index(1.0)
    following = at.R_NEXT + at.R_PIPELINE
    regions[following, r] = first - p * first + inflow
    regions[following + 1, r] = second - p * second + p * first
    regions[following + 2, r] = third - p * third + p * second
