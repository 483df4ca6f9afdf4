"""Stages 3 and 4: upgrading by high technology, and the university pipeline (docs/MODEL.md 7.3, 7.4)."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import kernel
from technopole_kernels.mathx import exp, log
from technopole_kernels.prepare import institution_index
from technopole_kernels.tiles import fill_cell


@kernel
def upgrade_and_read(setting, world, tile):
    """Technology from the region's high-tech firms (traditional sectors) and from science (tied firms)."""
    params, work, buffer, totals = setting.params, world.work, world.work.buffer, world.totals
    begin, end = work.tile_begin[tile], work.tile_begin[tile + 1]
    region = work.tile_region[tile]
    index = totals.index[region]
    system = index[at.INFRASTRUCTURE] * index[at.UNIVERSITY] * index[at.SERVICES] * index[at.FINANCE]
    strength = params.upgrading_rate * (exp(0.25 * log(system)) if system > 0.0 else 0.0)
    reading = params.science_rate * totals.outflow[region] / params.science_exit_probability
    fill_cell(buffer, at.UPGRADING, totals.upgrading, work, tile)
    technology = world.next.technology[begin:end]
    tie = world.firms.tie[begin:end]
    for i in range(technology.size):
        a = technology[i]
        g = buffer[at.ABSORPTION + i]
        lag = buffer[at.UPGRADING + i] - a
        lag = lag if lag > 0.0 else 0.0
        technology[i] = a + strength * g * lag + reading * g * np.float64(tie[i])


@kernel
def change_ties(setting, world, tile):
    """Ties to universities form with the strength of the services and break by chance."""
    params, work, buffer = setting.params, world.work, world.work.buffer
    begin, end = work.tile_begin[tile], work.tile_begin[tile + 1]
    forms = params.science_tie_rate * world.totals.index[work.tile_region[tile], at.SERVICES]
    breaks = params.science_tie_break
    old, new = world.firms.tie[begin:end], world.next.tie[begin:end]
    for i in range(old.size):
        u = buffer[at.U_TIE + i]
        tied = old[i] != 0
        new[i] = np.uint8((tied and u >= breaks) or (not tied and u < forms))


@kernel
def advance_pipeline(setting, world):
    """Move the research of every region through the three stages."""
    params, totals, regions = setting.params, world.totals, world.regions
    neutral = institution_index(1.0)
    for r in range(totals.contact.size):
        p = totals.leaving[r]
        old, new = regions.pipeline[r], totals.next_regions.pipeline[r]
        inflow = params.science_exit_probability * totals.index[r, at.UNIVERSITY] / neutral
        new[0] = old[0] - p * old[0] + inflow
        new[1] = old[1] - p * old[1] + p * old[0]
        new[2] = old[2] - p * old[2] + p * old[1]
