"""Eight float64 side by side, as a type of numba's, so that loops with many sums use vector registers for certain.

``lanes = lanes + load(x, i, n) * load(y, i, n)`` adds eight products in one instruction where the CPU has 512 bits, and
in two or four elsewhere, with the same bits. LLVM does not find this by itself in a loop with more than a few sums.
"""

import operator

from llvmlite import ir
from numba.core import types
from numba.core.typing import signature
from numba.core.typing.templates import ConcreteTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, models, register_model

from technopole_kernels._llvm import (
    BYTE,
    PLACE,
    WIDTH,
    address,
    eight_times,
    load_first,
    store_all,
    store_first,
)

_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)


class Lanes(types.Type):
    """Type of eight float64."""

    def __init__(self):
        super().__init__("Lanes")


LANES = Lanes()


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, _VECTOR)


def _define(operation, instruction):
    template = type("_Lanes", (ConcreteTemplate,), {"cases": [signature(LANES, LANES, LANES)]})
    infer_global(operation)(template)

    @lower_builtin(operation, Lanes, Lanes)
    def lower(_context, builder, _sig, args):
        return getattr(builder, instruction)(*args)


_define(operator.add, "fadd")
_define(operator.mul, "fmul")


@intrinsic
def nothing(_typing):
    """Eight zeros."""

    def generate(_context, _builder, _sig, _args):
        return ir.Constant(_VECTOR, [0.0] * WIDTH)

    return LANES(), generate


@intrinsic
def spread(_typing, value):
    """Eight times the same number."""

    def generate(_context, builder, _sig, args):
        return eight_times(builder, args[0], _VECTOR)

    return LANES(types.float64), generate


@intrinsic
def load(_typing, array, index, count):
    """``array[index : index + count]`` of a contiguous row, at most eight, and zeros behind; ends are not checked."""

    def generate(context, builder, sig, args):
        start = address(context, builder, sig.args[0], args[0], args[1])
        return load_first(context, builder, start, args[2], _VECTOR)

    if isinstance(array, types.Array) and array.dtype == types.float64 and array.layout == "C":
        return LANES(array, types.intp, types.intp), generate
    return None


@intrinsic
def put(_typing, lanes, array, index):
    """Write all eight to ``array[index : index + 8]``."""

    def generate(context, builder, sig, args):
        store_all(builder, args[0], address(context, builder, sig.args[1], args[1], args[2]))
        return context.get_dummy_value()

    return types.void(LANES, array, types.intp), generate


@intrinsic
def store(_typing, lanes, array, index, count):
    """Write to ``array[index : index + count]``, at most eight."""

    def generate(context, builder, sig, args):
        store_first(builder, args[0], address(context, builder, sig.args[1], args[1], args[2]), args[3])
        return context.get_dummy_value()

    return types.void(LANES, array, types.intp, types.intp), generate


@intrinsic
def choose(_typing, lanes, bits):
    """The numbers whose bits are set, zeros for the others."""

    def generate(_context, builder, _sig, args):
        mask = builder.bitcast(builder.trunc(args[1], BYTE), ir.VectorType(ir.IntType(1), WIDTH))
        return builder.select(mask, args[0], ir.Constant(_VECTOR, [0.0] * WIDTH))

    return LANES(LANES, types.intp), generate


@intrinsic
def total(_typing, lanes):
    """Sum of the eight: ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7))."""

    def generate(_context, builder, _sig, args):
        vector = args[0]
        for half in (4, 2, 1):
            places = ir.VectorType(PLACE, half)
            low = builder.shuffle_vector(vector, vector, ir.Constant(places, list(range(half))))
            high = builder.shuffle_vector(vector, vector, ir.Constant(places, list(range(half, 2 * half))))
            vector = builder.fadd(low, high)
        return builder.extract_element(vector, PLACE(0))

    return types.float64(LANES), generate
