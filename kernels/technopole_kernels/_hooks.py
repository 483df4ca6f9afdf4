"""Compiled hooks: a host's njit function bound to the state of a model, so that it runs between two periods.

The host's function gets a `State`, arrays by the names of the schema that share memory with the world, and writes into
them. It is compiled once for each text of the function, whatever the number of models.
"""

import dis
import types as python
from typing import NamedTuple

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic, overload

from technopole_kernels import layout as at
from technopole_kernels._jit import FLAGS
from technopole_kernels._trampoline import (
    _LOCK,
    c_address,
    compile_entry,
    load_value,
    native_address,
    read_word,
)

__all__ = ["State", "bind_hook", "c_address", "frozen_values", "hook_memory", "refuse_reason"]


class State(NamedTuple):
    """What a compiled hook sees, and may change but for `period`, `offsets` and `identity` (read-only).

    Names and units are the schema's.

    R regions, S sectors, n firms in order of region, then sector; firms of cell (r, k) are
    ``offsets[r * S + k]:offsets[r * S + k + 1]``.
    """

    period: int  # periods done
    offsets: np.ndarray  # (R*S+1,) i64
    identity: np.ndarray  # (n,) u64
    age: np.ndarray  # (n,) i32
    tie: np.ndarray  # (n,) u8
    organisation: np.ndarray  # (n,)
    technology: np.ndarray  # (n,)
    sourcing: np.ndarray  # (n,)
    quality: np.ndarray  # (n,)
    research: np.ndarray  # (n,)
    custom: np.ndarray  # (n,)
    share: np.ndarray  # (n,)
    cash: np.ndarray  # (n,)
    workforce: np.ndarray  # (R,)
    wage: np.ndarray  # (R,)
    trust: np.ndarray  # (R,)
    infrastructure: np.ndarray  # (R,)
    university: np.ndarray  # (R,)
    services: np.ndarray  # (R,)
    finance: np.ndarray  # (R,)
    pipeline: np.ndarray  # (R,3)
    reputation: np.ndarray  # (R,S)
    market: np.ndarray  # (S,)
    fitness_level: np.ndarray  # (S,)
    knowledge: np.ndarray  # (S,4)
    norms: np.ndarray  # (2,)


def read_only(values):
    """The same array, to which nothing can be written."""
    view = values.view()
    view.flags.writeable = False
    return view


@overload(read_only)
def _read_only(values):
    return lambda values: _of_read_only_type(values)


@intrinsic
def _of_read_only_type(_typing, values):
    def generate(_context, _builder, _signature, given):
        return given[0]

    return values.copy(readonly=True)(values), generate


@numba.njit(**FLAGS)
def state_of(world):
    """Views of a world by name."""
    n = world.offsets[world.offsets.size - 1]
    firms, regions, sectors = world.firms, world.regions, world.sectors
    return State(
        world.clock[at.PERIOD],
        read_only(world.offsets),
        read_only(world.identity[at.NOW, :n]),
        world.age[at.NOW, :n],
        world.tie[at.NOW, :n],
        firms[at.F_ORGANISATION, :n],
        firms[at.F_TECHNOLOGY, :n],
        firms[at.F_SOURCING, :n],
        firms[at.F_QUALITY, :n],
        firms[at.F_RESEARCH, :n],
        firms[at.F_CUSTOM, :n],
        firms[at.F_SHARE, :n],
        firms[at.F_CASH, :n],
        regions[at.R_WORKFORCE],
        regions[at.R_WAGE],
        regions[at.R_TRUST],
        regions[at.R_INFRASTRUCTURE],
        regions[at.R_UNIVERSITY],
        regions[at.R_SERVICES],
        regions[at.R_FINANCE],
        regions[at.R_PIPELINE : at.R_PIPELINE + 3].T,
        world.cells[at.C_REPUTATION].reshape((regions.shape[1], sectors.shape[1])),
        sectors[at.S_MARKET],
        sectors[at.S_FITNESS_LEVEL],
        sectors[at.S_KNOWLEDGE : at.S_KNOWLEDGE + 4].T,
        world.economy[at.NORM_TAX : at.NORM_RESEARCH + 1],
    )


_DATA = types.Array(types.float64, 1, "C")
_CONSTANTS = (bool, int, float, complex, str, bytes, type(None), np.generic)
_bound = {}


def hook_memory(data):
    """Return the memory of a hook: its array of float64, as compiled code keeps it."""
    words = [0, 0, data.size, data.itemsize, data.__array_interface__["data"][0], *data.shape, *data.strides]
    return np.array(words, dtype=np.int64)


@intrinsic
def data_at(_typing, own):
    """Array of a hook's own."""

    def generate(context, builder, _signature, given):
        return builder.load(builder.inttoptr(given[0], context.get_value_type(_DATA).as_pointer()))

    return _DATA(types.int64), generate


def bind_hook(layout, dispatcher):
    """Return the address of a hook compiled for blocks of a layout; made once for each text of the function."""
    key = layout.kinds["world"], _text(dispatcher.py_func)
    with _LOCK:
        if key not in _bound:
            _bound[key] = _compile(layout, dispatcher)
        return native_address(_bound[key])


def _compile(layout, dispatcher):
    @intrinsic
    def world_at(_typing, block):
        def generate(context, builder, _signature, given):
            return load_value(context, builder, layout, given[0], "world")

        return layout.kinds["world"](types.int64), generate

    if dispatcher.py_func.__code__.co_argcount == 1:

        def entry(block, own):
            dispatcher(state_of(world_at(block)))
            return read_word(block, 0)
    else:

        def entry(block, own):
            dispatcher(state_of(world_at(block)), data_at(own))
            return read_word(block, 0)

    return compile_entry(entry)


def _globals(function):
    """Yield (name, value) of what a function reads from its module, and what those compiled functions read."""
    for name in _names(function.__code__):
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _names(code):
    """Names that code looks up in its module; ``co_names`` has those of attributes as well."""
    yield from sorted({one.argval for one in dis.get_instructions(code) if one.opname in ("LOAD_GLOBAL", "LOAD_NAME")})
    for part in code.co_consts:
        if isinstance(part, python.CodeType):
            yield from _names(part)


def _text(function):
    """What the compiled code of a function depends on."""
    code = function.__code__
    constants = tuple(_names_of(part) for part in code.co_consts)
    values = []
    for name, value in sorted(_globals(function)):
        inner = getattr(value, "py_func", None)
        values.append((name, _text(inner) if inner is not None else _described(value)))
    return code.co_code, constants, code.co_names, code.co_varnames, repr(function.__defaults__), tuple(values)


def _names_of(part):
    return (part.co_code, part.co_consts) if isinstance(part, python.CodeType) else (type(part).__name__, repr(part))


def _described(value):
    if isinstance(value, _CONSTANTS) or isinstance(value, tuple):
        return type(value).__name__, repr(value)
    return type(value).__name__, getattr(value, "__name__", ""), id(value)


def frozen_values(function, seen=None):
    """Return the constants of modules that a compiled function has taken over: (globals, name) → value."""
    seen = set() if seen is None else seen
    if id(function) in seen:
        return []
    seen.add(id(function))
    values = []
    for name, value in _globals(function):
        if isinstance(value, _CONSTANTS) or isinstance(value, tuple):
            values.append((function.__globals__, name, value))
        elif getattr(value, "py_func", None) is not None:
            values += frozen_values(value.py_func, seen)
    return values


def refuse_reason(function, seen=None):
    """Return the name of a variable, and its kind, whose value the compiler would take over for ever; or None."""
    seen = set() if seen is None else seen
    if id(function) in seen:
        return None
    seen.add(id(function))
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        return name, f"of the function around it (now {type(cell.cell_contents).__name__})"
    for name, value in _globals(function):
        if isinstance(value, np.ndarray | list | dict | set | bytearray):
            return name, f"of its module ({type(value).__name__})"
        inner = getattr(value, "py_func", None)
        found = refuse_reason(inner, seen) if inner is not None else None
        if found:
            return found
    return None
