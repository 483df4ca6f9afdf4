"""Loops over periods: a whole trajectory of one world without returning to Python."""

from technopole_kernels import layout as at
from technopole_kernels._jit import kernel
from technopole_kernels.period import DONE, step
from technopole_kernels.record import record_period
from technopole_kernels.status import Status

STOPPED = int(Status.STOPPED)


@kernel
def run_periods(setting, world, problem, records, until, stride, stop):
    """Advance a world until period ``until`` and record every ``stride``-th period; returns a ``Status``.

    A period that is a multiple of ``stride`` (counted from 1) is recorded in row ``period // stride - 1``. ``stop``
    is a flag that another thread may set; it is read before every period.
    """
    while world.clock[at.PERIOD] < until:
        if stop[0] != 0:
            return STOPPED
        status = step(setting, world, problem)
        if status != DONE:
            return status
        period = world.clock[at.PERIOD]
        if period % stride == 0:
            record_period(world, records, period // stride - 1)
    return DONE
