"""Views of firm arrays that know for which period they hold."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.errors import StaleViewError
from technopole_kernels import layout


class Stamp:
    """When a view was made, and how to tell whether it still holds.

    Parameters
    ----------
    clock : ndarray
        Of the world.
    turns : list of one int
        Counts what changes the firms of a world besides periods; shared by all stamps of a model.
    name : str
        Of the variable.
    """

    __slots__ = ("clock", "name", "period", "turn", "turns")

    def __init__(self, clock: NDArray[np.int64], turns: list[int], name: str) -> None:
        self.clock, self.turns, self.name = clock, turns, name
        self.period, self.turn = int(clock[layout.PERIOD]), turns[0]

    @property
    def is_current(self) -> bool:
        """Whether the firms are still those of the view."""
        return self.turn == self.turns[0] and self.period == self.clock[layout.PERIOD]

    def refuse_stale(self) -> None:
        """Raise if the firms are others by now.

        Raises
        ------
        StaleViewError
            With the periods.
        """
        if not self.is_current:
            now = int(self.clock[layout.PERIOD])
            why = (
                f"the model is at period {now}"
                if now != self.period
                else "others have been put into their place"
            )
            raise StaleViewError(
                f'this view of "{self.name}" holds for the firms after period {self.period}, and {why}; ask for '
                f'model["{self.name}"] again after each step or restore (.copy() keeps values)'
            )


class FirmArray(np.ndarray[Any, Any]):
    """An array over the firms of now, which refuses to be used when the firms are others.

    What is computed from it, and its copies, are plain arrays. ``numpy.asarray(view)``, ``memoryview(view)``,
    a ``view.flat`` that was made before, and a view handed to compiled code or to pandas are not watched over: they are
    memory.
    """

    _stamp: Stamp | None

    def __array_finalize__(self, source: object) -> None:
        """Keep the stamp in slices."""
        self._stamp = getattr(source, "_stamp", None)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Compute with plain arrays."""
        out = options.get("out")
        if out is not None:
            options["out"] = tuple(_plain(one) for one in out)
        result = getattr(ufunc, method)(*(_plain(one) for one in inputs), **options)
        return result if out is None else out[0] if len(out) == 1 else out

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Call functions of NumPy with plain arrays."""
        return func(*_plain_all(args), **{name: _plain_deep(value) for name, value in kwargs.items()})

    def __getitem__(self, index: Any) -> Any:
        """Return an element, a watched slice, or a plain copy."""
        plain = _plain(self)
        part = plain[index]
        if isinstance(part, np.ndarray) and np.may_share_memory(part, plain):
            watched = part.view(FirmArray)
            watched._stamp = self._stamp
            return watched
        return part

    def __setitem__(self, index: Any, values: Any) -> None:
        """Change the world."""
        _plain(self)[index] = _plain(values)

    @property
    def flat(self) -> Any:
        """Iterator over the elements; itself not watched over."""
        return _plain(self).flat

    @flat.setter
    def flat(self, values: Any) -> None:
        _plain(self).flat = values

    @property
    def data(self) -> Any:
        """The memory; itself not watched over."""
        return _plain(self).data

    @property
    def ctypes(self) -> Any:
        """Address and shape for C; themselves not watched over."""
        return _plain(self).ctypes

    @property
    def real(self) -> Any:
        """The view itself."""
        return self

    @real.setter
    def real(self, values: Any) -> None:
        self[...] = values

    def __copy__(self) -> Any:
        """Return a plain array of its own."""
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        """Return a plain array of its own."""
        return self.copy()

    def __reduce__(self) -> Any:
        """Pickle as a plain array."""
        return self.copy().__reduce__()


_METHODS = (
    *("fill", "sort", "partition", "put", "byteswap", "resize", "setfield"),  # change the world
    *(
        "all",
        "any",
        "argmax",
        "argmin",
        "argpartition",
        "argsort",
        "choose",
        "clip",
        "compress",
        "conj",
        "conjugate",
    ),
    *(
        "copy",
        "cumprod",
        "cumsum",
        "dot",
        "flatten",
        "max",
        "mean",
        "min",
        "nonzero",
        "prod",
        "repeat",
        "round",
    ),
    *(
        "searchsorted",
        "std",
        "sum",
        "take",
        "trace",
        "var",
        "astype",
        "item",
        "tobytes",
        "tofile",
        "tolist",
        "dump",
    ),
    *("dumps", "__dlpack__", "__int__", "__float__", "__bool__", "__complex__", "__index__"),
)
"""Of arrays, which NumPy would do without asking: all but those that return another watched view."""


def _watch(name: str) -> None:
    """Have a method of NumPy's refuse a view that does not hold any more."""
    plain = getattr(np.ndarray, name)

    @functools.wraps(plain)
    def method(self: FirmArray, *args: Any, **options: Any) -> Any:
        return plain(_plain(self), *_plain_all(args), **{key: _plain(one) for key, one in options.items()})

    setattr(FirmArray, name, method)


for _name in _METHODS:
    _watch(_name)


def firm_view(values: NDArray[Any], stamp: Stamp) -> FirmArray:
    """Return a watched view of an array over firms."""
    view = values.view(FirmArray)
    view._stamp = stamp
    return view


def _plain(value: Any) -> Any:
    if type(value) is not FirmArray:
        return value
    if value._stamp is not None:
        value._stamp.refuse_stale()
    return value.view(np.ndarray)


def _plain_deep(value: Any) -> Any:
    return type(value)(map(_plain, value)) if type(value) in (list, tuple) else _plain(value)


def _plain_all(values: Any) -> list[Any]:
    return [_plain_deep(value) for value in values]
