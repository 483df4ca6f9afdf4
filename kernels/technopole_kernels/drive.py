"""Loops over periods: a whole trajectory of one world, or the parts of a period that threads share out."""

from technopole_kernels import layout as at
from technopole_kernels._held import hold
from technopole_kernels._jit import kernel, stage
from technopole_kernels.collect import collect_end, collect_start
from technopole_kernels.demography import endow_entrants, found_entrants, move_survivors, scale_sectors
from technopole_kernels.entry import draw_startups
from technopole_kernels.halves import rest
from technopole_kernels.parts import (
    DONE,
    close_regions,
    go_on,
    learn_and_compete_in_tiles,
    open_period,
    place_entrants,
    pool_in_groups,
    prepare_without_pools,
    settle,
    settle_and_decide_in_tiles,
    sum_tiles,
)
from technopole_kernels.period import pass_period
from technopole_kernels.record import record_period
from technopole_kernels.status import Part, Status

STOPPED = int(Status.STOPPED)
(
    WHOLE, OPEN, SUM, ADD, PREPARE, POOL, LEARN, SETTLE, DECIDE, COLLECT, CLOSE,
    STARTUPS, PLACE, FOUND, SCALE, MOVE, COMMIT, REST,
) = (int(part) for part in Part)  # fmt: skip


@kernel
def drive(setting, world, problem, records, until, stride, stop, part, first, last):
    """Advance a world until period ``until``, or do one part of a period; returns a ``Status``.

    The parts are compiled together with the whole, of which they are made: they cost no compilation of their own.

    ``part`` is ``Part.WHOLE`` for whole periods. Every period that is a multiple of ``stride`` (counted from 1) is
    recorded in row ``period // stride - 1``. ``stop`` is a flag that another thread may set; it is read before every
    period. For any other part, ``first:last`` are what to work on where the part has a range.
    """
    its_setting, its_world, its_records = hold(setting), hold(world), hold(records)
    if part == WHOLE:
        status = run_periods(its_setting, its_world, problem, its_records, until, stride, stop)
        rest(its_world)
        return status
    return do_part(its_setting, its_world, problem, its_records, stride, part, first, last)


@stage
def run_periods(setting, world, problem, records, until, stride, stop):
    """Advance a world until period ``until``."""
    while world.clock[at.PERIOD] < until:
        if stop[0] != 0:
            return STOPPED
        status = pass_period(setting, world, problem)
        if status != DONE:
            return status
        record(world, records, stride)
    return DONE


@stage
def record(world, records, stride):
    """Record the period just finished if it is its turn."""
    period = world.clock[at.PERIOD]
    if period % stride == 0:
        record_period(world, records, period // stride - 1)


@stage
def do_part(setting, world, problem, records, stride, part, first, last):
    """Do one part of a period: in the order of their numbers they make up ``step``."""
    if part == OPEN:
        open_period(setting, world)
    elif part == SUM:
        sum_tiles(setting, world, first, last)
    elif part == ADD:
        collect_start(world, first, last)
    elif part == PREPARE:
        prepare_without_pools(setting, world)
    elif part == POOL:
        pool_in_groups(setting, world, first, last)
    elif part == LEARN:
        learn_and_compete_in_tiles(setting, world, first, last)
    elif part == SETTLE:
        settle(setting, world)
    elif part == DECIDE:
        settle_and_decide_in_tiles(setting, world, first, last)
    elif part == COLLECT:
        collect_end(world, first, last)
    elif part == CLOSE:
        return close_regions(setting, world, problem)
    elif part == STARTUPS:
        draw_startups(setting, world, first, last)
    elif part == PLACE:
        return place_entrants(world, problem)
    elif part == FOUND:
        found_entrants(setting, world, first, last)
    elif part == SCALE:
        scale_sectors(world)
    elif part == MOVE:
        endow_entrants(setting, world, first, last)
        move_survivors(world, first, last)
    elif part == COMMIT:
        go_on(world)
        record(world, records, stride)
    else:
        rest(world)
    return DONE
