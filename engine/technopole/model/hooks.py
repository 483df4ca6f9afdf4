"""Functions of a host that a model calls between two periods, in Python or compiled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.errors import StateError
from technopole.schema import suggestion
from technopole_kernels._trampoline import Layout

Hooked = Callable[..., object]
_STATE = re.compile(r"\bState\((?:[^()]|\([^()]*\))*\)")
"""Type of the state with those of all its arrays: too long for a message."""


class Hook:
    """A function and the periods after which it is called.

    Parameters
    ----------
    function : callable
        Of a model; or compiled by numba, of a `technopole_kernels.entry_points.State` and, if it has two
        arguments, `data`.
    every : int or None
        After each period that is a multiple of it.
    at : int, iterable of int or None
        After these periods.
    data : array_like or None
        Numbers of its own for a compiled function, which sees them as one row: shared with it where they are float64
        and contiguous already, else a copy (`Hook.data` is what it sees).

    Raises
    ------
    StateError
        No function, periods that cannot be, or a compiled function that would not see changes of a variable.
    """

    def __init__(
        self, function: Hooked, every: int | None, at: int | Iterable[int] | None, data: Any
    ) -> None:
        if not callable(function):
            raise StateError(f"hook: found {type(function).__name__}; allowed: a function of the model")
        self.function = function
        self.is_compiled = hasattr(function, "py_func") and hasattr(function, "nopython_signatures")
        given: Any = at
        times: list[Any] = [] if at is None else list(given) if _is_list(given) else [given]
        if every is None and at is None:
            every = 1
        for number in [*times, *([] if every is None else [every])]:
            if not _is_period(number):
                raise StateError(f"hook: found the period {number!r}; allowed: whole numbers from 1")
        self.every = 0 if every is None else int(every)
        self.at = frozenset(int(number) for number in times)
        if data is not None and not self.is_compiled:
            raise StateError(
                "hook: data are for compiled functions; a function in Python has variables of its own"
            )
        self.data = _numbers([] if data is None else data)
        self.frozen: list[tuple[dict[str, Any], str, Any]] = []
        if self.is_compiled:
            self._refuse_variables(data is not None)

    def __repr__(self) -> str:
        """Say which function it is, and when it is called."""
        when = [f"every {self.every}"] if self.every else []
        when += [f"at {', '.join(map(str, sorted(self.at)))}"] if self.at else []
        kind = "compiled " if self.is_compiled else ""
        return f"<technopole.Hook: {kind}{self.name}, {' and '.join(when)}>"

    @property
    def name(self) -> str:
        """Of the function."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    def _refuse_variables(self, has_data: bool) -> None:
        from technopole_kernels._hooks import frozen_values, refuse_reason

        inner: Any = self.function
        count = inner.py_func.__code__.co_argcount
        if count not in (1, 2):
            raise StateError(
                f"hook: the compiled function has {count} arguments; allowed: (state) or (state, data)"
            )
        if count == 2 and self.data.size == 0:
            raise StateError(
                "hook: the compiled function takes data and none was given; model.hook(function, data=array)"
            )
        if count == 1 and has_data:
            raise StateError(
                "hook: data were given, and the compiled function takes none; write it as function(state, data)"
            )
        found = refuse_reason(inner.py_func)
        if found is not None:
            raise StateError(
                f'hook: the compiled function uses the variable "{found[0]}" {found[1]}; compiled code keeps the value '
                "of now and never sees a change; hand it over as data: model.hook(function, data=array), read in "
                "function(state, data)"
            )
        self.frozen = frozen_values(inner.py_func)

    def next_after(self, time: int) -> int | None:
        """Return the next number of periods done at which it is called."""
        later = [number for number in self.at if number > time]
        if self.every:
            later.append((time // self.every + 1) * self.every)
        return min(later, default=None)

    def is_due(self, time: int) -> bool:
        """Whether it is called when so many periods are done."""
        return time in self.at or bool(self.every and time % self.every == 0)

    def refuse_changed(self) -> None:
        """Raise if a constant that was compiled into the function has another value by now.

        Raises
        ------
        StateError
            With both values.
        """
        for names, name, value in self.frozen:
            now = names.get(name)
            if now is not value and now != value:
                raise StateError(
                    f"hook: the compiled function was made with {name} = {value!r}, which is {now!r} by now; register "
                    "it again after compiling it anew, or hand the value over as data"
                )


def _numbers(data: Any) -> NDArray[np.float64]:
    """Return data as a row of float64: the same memory where they are that already."""
    try:
        if np.asarray(data).dtype.kind not in "biuf":  # text of digits would be taken for numbers
            raise TypeError
        return np.ascontiguousarray(data, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        raise StateError(f"hook: found data {data!r:.60}; allowed: numbers") from None


def _is_list(given: Any) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, str | bytes)


def _is_period(number: Any) -> bool:
    if isinstance(number, bool) or not isinstance(number, int | float | np.integer | np.floating):
        return False
    return bool(number >= 1 and number == np.floor(number) and np.isfinite(number))


class CompiledHooks:
    """Arguments of `technopole_kernels.entry_points.advance_hooked` for the compiled hooks of a model.

    Parameters
    ----------
    hooks : list of Hook
        In the order in which they are called.
    layout : Layout
        Of the model's block.

    Raises
    ------
    StateError
        If numba refuses one.
    """

    def __init__(self, hooks: list[Hook], layout: Layout) -> None:
        from technopole_kernels._hooks import hook_memory

        self._kept = [hook_memory(hook.data) for hook in hooks]
        at = [sorted(hook.at) for hook in hooks]
        self.arguments = (
            np.array([_bound(layout, hook) for hook in hooks], dtype=np.int64),
            np.array([memory.ctypes.data for memory in self._kept], dtype=np.int64),
            np.array([hook.every for hook in hooks], dtype=np.int64),
            np.cumsum([0, *map(len, at)]).astype(np.int64),
            np.array(sum(at, []), dtype=np.int64),
        )


def _bound(layout: Layout, hook: Hook) -> int:
    """Return the address of the code of a hook."""
    from numba.core.errors import NumbaError

    from technopole_kernels._hooks import bind_hook

    try:
        return int(bind_hook(layout, hook.function))
    except (NumbaError, NotImplementedError) as failure:  # the second where there is no code for an operation
        raise StateError(_why_refused(hook, str(failure))) from failure


def _why_refused(hook: Hook, text: str) -> str:
    """Say in a sentence what numba says on a page."""
    from technopole_kernels.entry_points import State

    name = hook.name
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    unknown = re.search(r"Unknown attribute '(\w+)' of type State", plain)
    if unknown:
        return (
            f"hook: {name} uses state.{unknown[1]}, which is not there{suggestion(unknown[1], State._fields)}"
        )
    if "Cannot modify readonly array" in plain:
        return f"hook: {name} writes to an array that is read-only (state.offsets and state.identity are)"
    lines = [_STATE.sub("State", line.strip()) for line in plain.splitlines() if line.strip()]
    place = re.search(r'File "([^"]+)", line (\d+)', plain)
    reason = next(
        (line for line in lines if not line.startswith(("Failed in", "Internal error", "File"))), ""
    )
    where = f" ({place[1]}, line {place[2]})" if place else ""
    return f"hook: numba cannot compile {name}{where}: {reason}"
