"""Calling compiled kernels through one address: for hosts that know nothing of named tuples, and for speed.

A kernel takes a setting, a world, records: some sixty arrays. Python takes 13 microseconds to hand them over, and a
host in C cannot. So the arguments are laid into memory once, as the compiled code keeps them, and a small function
with two integers as arguments (the address, and a number) loads them and calls the kernel. Such a *block* begins with a
header of addresses; it holds no references: who makes it keeps the arrays alive.
"""

import threading

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from technopole_kernels._jit import FLAGS

HEADER = 8  # words of 8 bytes
ADVANCE, CHECK, DRIVE_CODE, CHECK_CODE, CLOCK = range(5)
"""Words of the header: two functions to call, as C sees them; the kernels behind them; ``World.clock``."""
ARGUMENT = object()
"""Stands for the number that a caller hands over."""
WORD = ir.IntType(64)
_LOCK = threading.Lock()


class Layout:
    """Where values stand in a block.

    ``kinds`` are numba's types of the values by name. All of them are made of words: pointers, sizes, float64.
    """

    def __init__(self, kinds):
        self.kinds = kinds
        self.starts, place = {}, HEADER
        for name, kind in kinds.items():
            self.starts[name] = place
            place += _count(kind)
        self.size = place
        self._parts = {name: _parts_of(kind, name) for name, kind in kinds.items()}

    def write(self, memory, name, value):
        """Put a value into a block (an array of int64)."""
        words = []
        _append(value, self._parts[name], words)
        start = self.starts[name]
        memory[start : start + len(words)] = words


def _count(kind):
    if isinstance(kind, types.BaseTuple):
        return sum(_count(part) for part in kind.types)
    return 5 + 2 * kind.ndim if isinstance(kind, types.Array) else 1


def _parts_of(kind, name):
    """What a value is made of, worked out once: (name, kind, dtype of an array, parts of a tuple)."""
    parts = ()
    if isinstance(kind, types.BaseTuple):
        parts = [_parts_of(part, f"{name}.{field}") for part, field in zip(kind.types, kind.fields, strict=True)]
    return name, kind, _dtype(kind) if isinstance(kind, types.Array) else None, parts


def _append(value, made_of, words):
    name, kind, dtype, parts = made_of
    if parts:
        for part, part_made_of in zip(value, parts, strict=True):
            _append(part, part_made_of, words)
    elif dtype is not None:
        if value.ndim != kind.ndim or not value.flags.c_contiguous or value.dtype != dtype:
            raise TypeError(f"{name}: found {value.ndim} dimensions of {value.dtype}; the kernels have {kind}")
        # no owner and no count of references: somebody else keeps the array. (__array_interface__ describes records at
        # length, which takes longer than all the rest.)
        words += [0, 0, value.size, value.itemsize, value.ctypes.data]
        words += [*value.shape, *value.strides]
    elif isinstance(kind, types.Float):
        words.append(int(np.float64(value).view(np.int64)))
    else:
        words.append(int(value))


def _dtype(kind):
    return kind.dtype.dtype if isinstance(kind.dtype, types.Record) else np.dtype(str(kind.dtype))


def load_value(context, builder, layout, block, name):
    """Emit code that loads a value of a block."""
    kind = context.get_value_type(layout.kinds[name])
    start = builder.add(block, ir.Constant(WORD, 8 * layout.starts[name]))
    return builder.load(builder.inttoptr(start, kind.as_pointer()))


def load_word(builder, block, word):
    """Emit code that loads a word of the header."""
    start = builder.add(block, builder.mul(word, ir.Constant(WORD, 8)))
    return builder.load(builder.inttoptr(start, WORD.as_pointer()))


def native_address(result):
    """Return where the code of a compiled function stands, in numba's own convention."""
    return result.library.get_pointer_to_function(result.fndesc.llvm_func_name)


def c_address(result):
    """Return where the code of a compiled function stands for callers in C."""
    return result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name)


def make_entry(layout, word, signature, arguments):
    """Compile a function of a block and a number that calls the kernel whose code stands in a word of the header.

    ``arguments`` are names of values of the block, `ARGUMENT`, or numbers. Returns what numba compiled.
    """

    @intrinsic
    def call(_typing, block, argument):
        def generate(context, builder, _signature, given):
            values = [
                given[1]
                if what is ARGUMENT
                else ir.Constant(WORD, what)
                if isinstance(what, int)
                else load_value(context, builder, layout, given[0], what)
                for what in arguments
            ]
            code = load_word(builder, given[0], ir.Constant(WORD, word))
            kind = context.call_conv.get_function_type(signature.return_type, signature.args)
            callee = builder.inttoptr(code, kind.as_pointer())
            status, value = context.call_conv.call_function(
                builder, callee, signature.return_type, signature.args, values
            )
            return builder.select(status.is_ok, value, ir.Constant(WORD, -1))

        return types.int64(types.int64, types.int64), generate

    def entry(block, argument):
        return call(block, argument)

    return compile_entry(entry)


def compile_entry(function):
    """Compile a function of two integers now."""
    compiled = numba.njit("int64(int64, int64)", **FLAGS)(function)
    return compiled.overloads[compiled.nopython_signatures[0].args]


@intrinsic
def call_word(_typing, block, word, argument):
    """Call the function whose address stands in a word of the header, with the block and a number."""

    def generate(_context, builder, _signature, given):
        kind = ir.FunctionType(WORD, [WORD, WORD])
        callee = builder.inttoptr(load_word(builder, given[0], given[1]), kind.as_pointer())
        return builder.call(callee, [given[0], given[2]])

    return types.int64(types.int64, types.int64, types.int64), generate


@intrinsic
def read_word(_typing, address, word):
    """Read a word at an address."""

    def generate(_context, builder, _signature, given):
        return load_word(builder, given[0], given[1])

    return types.int64(types.int64, types.int64), generate


@intrinsic
def call_hook(_typing, code, block, own):
    """Call a compiled hook by the address of its code; what it raises goes on to the caller."""

    def generate(context, builder, signature, given):
        kinds = signature.args[1:]
        kind = context.call_conv.get_function_type(types.int64, kinds)
        callee = builder.inttoptr(given[0], kind.as_pointer())
        status, value = context.call_conv.call_function(builder, callee, types.int64, kinds, list(given[1:]))
        with cgutils.if_unlikely(builder, status.is_error):
            context.call_conv.return_status_propagate(builder, status)
        return value

    return types.int64(types.int64, types.int64, types.int64), generate


class Entries:
    """What a process compiles once: the layout of blocks, and the functions in their header.

    Parameters
    ----------
    values : dict
        One value for each name, to know its type.
    drive, check : dispatchers
        Called before with these values, so that they are compiled.
    """

    def __init__(self, values, drive, check):
        self.layout = Layout({name: numba.typeof(value) for name, value in values.items()})
        kinds, number = self.layout.kinds, types.int64
        state = kinds["setting"], kinds["world"], kinds["problem"], kinds["records"]
        drive_kinds = (*state, number, number, kinds["stop"], number, number, number)
        check_kinds = (kinds["world"], kinds["problem"], kinds["limits"], number)
        self._drive, self._check = drive.overloads[drive_kinds], check.overloads[check_kinds]
        names = ("setting", "world", "problem", "records", ARGUMENT, ARGUMENT, "stop", 0, 0, 0)
        self.advance = make_entry(self.layout, DRIVE_CODE, self._drive.signature, names)
        names = ("world", "problem", "limits", ARGUMENT)
        self.check = make_entry(self.layout, CHECK_CODE, self._check.signature, names)

    def new_block(self, values):
        """Return a block with all values in it."""
        memory = np.zeros(self.layout.size, dtype=np.int64)
        memory[ADVANCE], memory[CHECK] = c_address(self.advance), c_address(self.check)
        memory[DRIVE_CODE], memory[CHECK_CODE] = native_address(self._drive), native_address(self._check)
        memory[CLOCK] = values["world"].clock.__array_interface__["data"][0]
        for name, value in values.items():
            self.layout.write(memory, name, value)
        return memory


_entries = {}


def entries(values, drive, check):
    """Return the entries of this process for worlds of this kind; they are compiled when they are first asked for."""
    kind = values["world"].firms.dtype.str
    with _LOCK:
        if kind not in _entries:
            _entries[kind] = Entries(values, drive, check)
        return _entries[kind]
