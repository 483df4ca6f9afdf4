"""Functions for a host's own compiled code: a model by its handle, a number.

``handle`` is `technopole.Model.handle`: the address of a block of memory that stands for the model's life. All may be
called from Python, from a host's ``numba.njit`` functions, and through ``c_address`` from C. They return a ``Status``
where nothing else is said. Functions of numba's own kind, such as ``period.step``, take named tuples held by ``hold``.
"""

from technopole_kernels import layout as at
from technopole_kernels._held import hold
from technopole_kernels._hooks import State
from technopole_kernels._jit import kernel
from technopole_kernels._trampoline import ADVANCE, CHECK, CLOCK, call_hook, call_word, read_word
from technopole_kernels.status import Status

__all__ = [
    "State",
    "advance",
    "advance_each",
    "advance_hooked",
    "call_hooks",
    "check",
    "hold",
    "periods_done",
]

DONE, REFUSED = int(Status.DONE), int(Status.REFUSED)


@kernel
def periods_done(handle):
    """Periods that a model has done."""
    return read_word(read_word(handle, CLOCK), at.PERIOD)


@kernel
def advance(handle, periods):
    """Do so many periods; the last one is recorded. With 0 or fewer nothing is done, and the status is ``DONE``.

    Not 0: the model stands before the period that could not be done; `technopole.Model.resume` makes room, or raises
    what is wrong.
    """
    return call_word(handle, ADVANCE, read_word(read_word(handle, CLOCK), at.PERIOD) + periods)


@kernel
def check(handle, firms):
    """Look at the state before a period begins; ``firms`` is 0 to leave firms out. 0: all values are within bounds."""
    return call_word(handle, CHECK, firms)


@kernel
def advance_each(handles, periods, look, statuses):
    """Do so many periods in each of several models, one after the other; returns how many could not.

    ``look[i]`` is 1 to check the state before the first of them, 2 to check the firms as well, 0 to check nothing.
    """
    failed = 0
    for i in range(handles.size):
        until = read_word(read_word(handles[i], CLOCK), at.PERIOD) + periods[i]
        if look[i] > 0 and call_word(handles[i], CHECK, look[i] - 1) != 0:
            statuses[i] = REFUSED
        else:
            statuses[i] = call_word(handles[i], ADVANCE, until)
        failed += 0 if statuses[i] == DONE else 1
    return failed


@kernel
def call_hooks(handle, hooks, own, every, starts, at_periods, firms):
    """Call the compiled hooks that are due after the period just done, and check what they leave.

    Hook ``i`` is code at ``hooks[i]`` with memory of its own at ``own[i]``; it is called after each period that is a
    multiple of ``every[i]`` (0: none) or stands in ``at_periods[starts[i]:starts[i + 1]]``.
    """
    period = read_word(read_word(handle, CLOCK), at.PERIOD)
    called = False
    for i in range(hooks.size):
        due = every[i] > 0 and period % every[i] == 0
        for j in range(starts[i], starts[i + 1]):
            due = due or at_periods[j] == period
        if due:
            call_hook(hooks[i], handle, own[i])
            called = True
    if called and call_word(handle, CHECK, firms) != 0:
        return REFUSED
    return DONE


@kernel
def advance_hooked(handle, until, hooks, own, every, starts, at_periods, firms):
    """Do periods until so many are done, with compiled hooks as for ``call_hooks`` after each."""
    period = read_word(read_word(handle, CLOCK), at.PERIOD)
    while period < until:
        status = call_word(handle, ADVANCE, period + 1)
        if status == DONE:
            status = call_hooks(handle, hooks, own, every, starts, at_periods, firms)
        if status != DONE:
            return status
        period += 1
    return DONE
