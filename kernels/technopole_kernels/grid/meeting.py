"""How far the partner of a firm is ahead, in each channel and under each rule of learning."""

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import device
from technopole_kernels.barter import NOBODY, exchange
from technopole_kernels.choose import natural, pick, pick_row
from technopole_kernels.mean_field import gap_to_field
from technopole_kernels.meeting import gap_to, lead, near_draw, pick_supplier, stretch_to_one, stretched
from technopole_kernels.rng import MEETING, draw, uniform


@device
def gaps_of(setting, world, firm, spot):
    """Gaps of a firm in organisation, technology, sourcing and quality."""
    rule = setting.params[0].learning_rule
    if rule == 0:
        return meet(setting, world, firm, spot)
    if rule == 1:
        return trade(world, firm, spot)
    return look(setting, world, firm, spot)


@device
def meet(setting, world, firm, spot):
    """Gaps to random partners (rule ``broadcast``)."""
    period, replicate = np.uint64(world.clock[at.PERIOD]), np.uint64(world.clock[at.REPLICATE])
    w0, w1, w2, w3 = draw(world.identity[at.NOW, firm], period, MEETING, setting.seed[0], replicate)
    return (
        gap_in_region(world, firm, spot, uniform(w0)),
        gap_in_sector(setting, world, world.firms[at.F_TECHNOLOGY], firm, spot, uniform(w1)),
        gap_to_supplier(setting, world, firm, spot, uniform(w2)),
        gap_in_sector(setting, world, world.firms[at.F_QUALITY], firm, spot, uniform(w3)),
    )


@device
def gap_in_region(world, firm, spot, u):
    """Gap to a random firm of the region in organisation."""
    known, S = world.firms[at.F_ORGANISATION], world.sectors.shape[1]
    region = spot[1]
    contact = world.regions[at.R_CONTACT, region]
    first, last = world.offsets[region * S], world.offsets[(region + 1) * S]
    index, highest = np.int32(stretched(u, stretch_to_one(contact)) * float(last - first)), np.int32(last - first - 1)
    partner = first + (index if index < highest else highest)
    return gap_to(known[natural(partner)], known[firm], u, contact)


@device
def gap_in_sector(setting, world, known, firm, spot, u):
    """Gap to a random firm of the own cell or, with probability ``far``, of the sector in another region."""
    cell, region, _ = spot
    far, contact = setting.params[0].learning_far, world.regions[at.R_CONTACT, region]
    v = stretched(u, stretch_to_one(contact))
    if (far > 0.0) & (v < far) & (u < contact):
        return gap_elsewhere(setting, world, known, firm, spot, stretched(v, stretch_to_one(far)))
    begin, count = world.offsets[cell], float(world.offsets[cell + 1] - world.offsets[cell])
    index = np.int32(near_draw(v, far, stretch_to_one(1.0 - far)) * count)
    last = np.int32(count) - np.int32(1)
    partner = np.int32(begin) + (index if index < last else last)
    return gap_to(known[natural(partner)], known[firm], u, contact)


@device
def gap_elsewhere(setting, world, known, firm, spot, v):
    """Gap to a random firm of the sector in another region."""
    constants = setting.constants
    _, region, k = spot
    row, row_end = constants.proximity_start[region], constants.proximity_start[region + 1]
    if not constants.far[row_end - 1] > 0.0:
        return 0.0  # there is no other region in reach
    entry, rest = pick_row(v, constants.far, row, row_end, constants.far_guide[region])
    other = constants.proximity_region[natural(entry)] * world.sectors.shape[1] + k
    begin = world.offsets[other]
    firms = world.offsets[other + 1] - begin
    place = begin + pick(rest, firms)
    return lead(known[natural(place if firms > 0 else firm)], known[firm])


@device
def gap_to_supplier(setting, world, firm, spot, u):
    """Gap in sourcing to a random firm of a supplier sector in the region."""
    constants, S = setting.constants, world.sectors.shape[1]
    _, region, k = spot
    known, contact, cumulative = world.firms[at.F_SOURCING], world.regions[at.R_CONTACT, region], constants.suppliers[k]
    if not u < contact:
        return 0.0
    v, guide = stretched(u, stretch_to_one(contact)), constants.supplier_guide[k]
    supplier, rest = pick_supplier(v, cumulative, guide, S - 1)
    begin = world.offsets[region * S + supplier]
    firms = world.offsets[region * S + supplier + 1] - begin
    if (firms > 0) & (cumulative[S] > 0.0):
        return lead(known[natural(begin + pick(rest, firms))], known[firm])
    return 0.0


@device
def trade(world, firm, spot):
    """Gaps that a firm may close by barter with its partner."""
    known, partner = world.firms, world.fate[firm]
    other = firm if partner == NOBODY else world.offsets[spot[0]] + np.int64(partner)
    return exchange(
        known[at.F_ORGANISATION, other] - known[at.F_ORGANISATION, firm],
        known[at.F_TECHNOLOGY, other] - known[at.F_TECHNOLOGY, firm],
        known[at.F_SOURCING, other] - known[at.F_SOURCING, firm],
        known[at.F_QUALITY, other] - known[at.F_QUALITY, firm],
    )


@device
def look(setting, world, firm, spot):
    """Gaps to the means of the better firms (rule ``mean_field``)."""
    cells, firms = world.cells, world.firms
    cell, region, _ = spot
    contact, far = world.regions[at.R_CONTACT, region], setting.params[0].learning_far
    abroad = far * cells[at.C_FIELD + 0, cell]
    return (
        gap_to_field(firms[at.F_ORGANISATION, firm], contact, 1.0, world.regions[at.R_UPPER, region], 0.0, 0.0),
        gap_to_field(
            firms[at.F_TECHNOLOGY, firm], contact, 1.0 - far, cells[at.C_UPPER + 1, cell], abroad,
            cells[at.C_FIELD + 1, cell],
        ),
        gap_to_field(
            firms[at.F_SOURCING, firm], contact, cells[at.C_SUPPLIERS + 0, cell], cells[at.C_SUPPLIERS + 1, cell],
            0.0, 0.0,
        ),
        gap_to_field(
            firms[at.F_QUALITY, firm], contact, 1.0 - far, cells[at.C_UPPER + 3, cell], abroad,
            cells[at.C_FIELD + 2, cell],
        ),
    )  # fmt: skip
