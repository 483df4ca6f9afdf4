"""Stages 3 and 4: upgrading by high technology, and the university pipeline (docs/MODEL.md 7.3, 7.4)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import stage
from technopole_kernels.mathx import exp, log
from technopole_kernels.prepare import institution_index


@stage
def upgrade_and_read(setting, world, tile):
    """Technology from the region's high-tech firms (traditional sectors) and from science (tied firms)."""
    regions = world.regions
    params, buffer = setting.params[0], world.buffer
    begin, end = tile.begin, tile.end
    region = tile.region
    system = 1.0
    for institution in range(4):
        system *= regions[at.R_INDEX + institution, region]
    strength = params.upgrading_rate * (exp(0.25 * log(system)) if system > 0.0 else 0.0)
    reading = params.science_rate * regions[at.R_OUTFLOW, region] / params.science_exit_probability
    technology = world.next[at.F_TECHNOLOGY, begin:end]
    tie = world.tie[at.NOW, begin:end]
    for i in range(technology.size):
        a = technology[i]
        g = buffer[at.ABSORPTION + i]
        lag = buffer[at.UPGRADING + i] - a
        lag = lag if lag > 0.0 else 0.0
        technology[i] = a + strength * g * lag + reading * g * np.float64(tie[i])


@stage
def change_ties(setting, world, tile):
    """Ties to universities form with the strength of the services and break by chance."""
    params, buffer = setting.params[0], world.buffer
    begin, end = tile.begin, tile.end
    forms = params.science_tie_rate * world.regions[at.R_INDEX + at.SERVICES, tile.region]
    breaks = params.science_tie_break
    old, new = world.tie[at.NOW, begin:end], world.tie[at.NEXT, begin:end]
    for i in range(old.size):
        u = buffer[at.U_TIE + i]
        tied = old[i] != 0
        new[i] = np.uint8(1) if (tied & (u >= breaks)) | (~tied & (u < forms)) else np.uint8(0)


@stage
def advance_pipeline(setting, world):
    """Move the research of every region through the three stages."""
    params, regions = setting.params[0], world.regions
    neutral = institution_index(1.0)
    for r in range(world.regions.shape[1]):
        p = regions[at.R_LEAVING, r]
        first, second, third = (
            regions[at.R_PIPELINE, r], regions[at.R_PIPELINE + 1, r], regions[at.R_PIPELINE + 2, r]
        )  # fmt: skip
        inflow = params.science_exit_probability * regions[at.R_INDEX + at.UNIVERSITY, r] / neutral
        following = at.R_NEXT + at.R_PIPELINE
        regions[following, r] = first - p * first + inflow
        regions[following + 1, r] = second - p * second + p * first
        regions[following + 2, r] = third - p * third + p * second
