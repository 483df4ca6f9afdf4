"""Floats side by side, as types of numba's, so that loops with many sums use vector registers for certain.

``lanes = lanes + load(x, i, n) * load(y, i, n)`` adds eight products of float64, or sixteen of float32, in one
instruction where the CPU has 512 bits, and in two or four elsewhere, with the same bits. LLVM does not find this by
itself in a loop with more than a few sums. The array that is worked on says how many: ``width(x)``.
"""

import operator

from llvmlite import ir
from numba.core import types
from numba.core.typing import signature
from numba.core.typing.templates import ConcreteTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, models, register_model

from technopole_kernels._llvm import (
    INDEX,
    PLACE,
    WIDTH,
    address,
    load_first,
    many_times,
    store_all,
    store_first,
    turned,
    width_of,
)

_ELEMENTS = {types.float64: ir.DoubleType(), types.float32: ir.FloatType()}


class Lanes(types.Type):
    """Type of eight float64 or sixteen float32."""

    def __init__(self, dtype):
        self.dtype = dtype
        super().__init__("Lanes" if dtype == types.float64 else f"Lanes({dtype})")

    @property
    def vector(self):
        """LLVM's type of them."""
        return ir.VectorType(_ELEMENTS[self.dtype], width_of(self.dtype))


_ALL = {dtype: Lanes(dtype) for dtype in _ELEMENTS}


def _lanes_of(array):
    """Type of the lanes of a row, or None."""
    return _ALL.get(array.dtype) if isinstance(array, types.Array) and array.layout == "C" else None


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, fe_type.vector)


def _define(operation, instruction):
    cases = [signature(lanes, lanes, lanes) for lanes in _ALL.values()]
    infer_global(operation)(type("_Lanes", (ConcreteTemplate,), {"cases": cases}))

    @lower_builtin(operation, Lanes, Lanes)
    def lower(_context, builder, _sig, args):
        return getattr(builder, instruction)(*args)


_define(operator.add, "fadd")
_define(operator.mul, "fmul")
_define(operator.truediv, "fdiv")


@intrinsic
def width(_typing, array):
    """Number of lanes of an array."""

    def generate(_context, _builder, sig, _args):
        return INDEX(width_of(sig.args[0].dtype))

    return types.intp(array), generate


@intrinsic
def nothing(_typing, array):
    """Zeros in all lanes of an array."""

    def generate(_context, _builder, sig, _args):
        return ir.Constant(sig.return_type.vector, [0.0] * sig.return_type.vector.count)

    lanes = _lanes_of(array)
    return None if lanes is None else (lanes(array), generate)


@intrinsic
def spread(_typing, value, array):
    """The same number in all lanes of an array."""

    def generate(_context, builder, sig, args):
        return many_times(builder, args[0], sig.return_type.vector)

    lanes = _lanes_of(array)
    return None if lanes is None else (lanes(lanes.dtype, array), generate)


@intrinsic
def load(_typing, array, index, count):
    """``array[index : index + count]`` of a contiguous row, at most all lanes, zeros behind; ends are not checked."""

    def generate(context, builder, sig, args):
        start = address(context, builder, sig.args[0], args[0], args[1])
        return load_first(context, builder, start, args[2], sig.return_type.vector)

    lanes = _lanes_of(array)
    return None if lanes is None else (lanes(array, types.intp, types.intp), generate)


@intrinsic
def put(_typing, lanes, array, index):
    """Write all lanes to ``array[index:]``."""

    def generate(context, builder, sig, args):
        store_all(builder, args[0], address(context, builder, sig.args[1], args[1], args[2]))
        return context.get_dummy_value()

    return types.void(lanes, array, types.intp), generate


@intrinsic
def store(_typing, lanes, array, index, count):
    """Write to ``array[index : index + count]``, at most all lanes."""

    def generate(context, builder, sig, args):
        store_first(builder, args[0], address(context, builder, sig.args[1], args[1], args[2]), args[3])
        return context.get_dummy_value()

    return types.void(lanes, array, types.intp, types.intp), generate


@intrinsic
def put_across(_typing, a, b, c, d, e, f, g, h, array, index, count):
    """Write lane j of all eight side by side to ``array[index + 8 j :]``, for every j below ``count``."""

    def generate(context, builder, sig, args):
        start = address(context, builder, sig.args[8], args[8], args[9])
        for j, values in enumerate(turned(builder, args[:WIDTH])):
            with builder.if_then(builder.icmp_signed("<", INDEX(j), args[10])):
                store_all(builder, values, builder.gep(start, [INDEX(WIDTH * j)]))
        return context.get_dummy_value()

    return types.void(a, b, c, d, e, f, g, h, array, types.intp, types.intp), generate


@intrinsic
def put_down(_typing, a, b, c, d, e, f, g, h, array, step, index, count, rows):
    """Write lane i of all eight side by side to ``array[i * step + index :]``, for every i below ``rows``.

    Of all eight only so many as ``count``.
    """

    def generate(context, builder, sig, args):
        step, index, count, rows = args[9:]
        for i, values in enumerate(turned(builder, args[:WIDTH])):
            with builder.if_then(builder.icmp_signed("<", INDEX(i), rows)):
                place = builder.add(builder.mul(step, INDEX(i)), index)
                store_first(builder, values, address(context, builder, sig.args[8], args[8], place), count)
        return context.get_dummy_value()

    number = types.intp
    return types.void(a, b, c, d, e, f, g, h, array, number, number, number, number), generate


@intrinsic
def choose(_typing, lanes, bits):
    """The numbers whose bits are set, zeros for the others."""

    def generate(_context, builder, sig, args):
        vector = sig.return_type.vector
        mask = builder.trunc(args[1], ir.IntType(vector.count))
        mask = builder.bitcast(mask, ir.VectorType(ir.IntType(1), vector.count))
        return builder.select(mask, args[0], ir.Constant(vector, [0.0] * vector.count))

    return lanes(lanes, types.intp), generate


@intrinsic
def totals(_typing, a, b, c, d, e, f, g, h):
    """The `total` of each of eight, side by side: together they take half as many instructions."""

    def generate(_context, builder, sig, args):
        vectors = [_eight(builder, vector) for vector in args]
        fours = [_fold(builder, vectors[i], vectors[i + 2], 4) for i in (0, 1, 4, 5)]
        twos = [_fold(builder, fours[i], fours[i + 2], 2) for i in (0, 1)]
        return _fold(builder, *twos, 1)

    return _ALL[types.float64](a, b, c, d, e, f, g, h), generate


_FOLDED = {4: [0, 1, 2, 3, 8, 9, 10, 11], 2: [0, 1, 4, 5, 8, 9, 12, 13], 1: [0, 8, 2, 10, 4, 12, 6, 14]}
"""Lanes of two vectors (the second's from 8 on) to which those so far behind are added: one instruction each."""


def _fold(builder, one, other, step):
    """Add half of the lanes of two vectors to the other half."""
    places = ir.VectorType(PLACE, WIDTH)
    low, high = (ir.Constant(places, [lane + shift for lane in _FOLDED[step]]) for shift in (0, step))
    return builder.fadd(builder.shuffle_vector(one, other, low), builder.shuffle_vector(one, other, high))


def _eight(builder, vector):
    """Eight lanes of float64: of sixteen, the sums of the halves, as `total` adds them."""
    if vector.type.count == WIDTH:
        return vector
    places = ir.VectorType(PLACE, WIDTH)
    low, high = (ir.Constant(places, list(range(first, first + WIDTH))) for first in (0, WIDTH))
    half = builder.fadd(builder.shuffle_vector(vector, vector, low), builder.shuffle_vector(vector, vector, high))
    return builder.fpext(half, ir.VectorType(ir.DoubleType(), WIDTH))


@intrinsic
def total(_typing, lanes):
    """Sum of the lanes as float64: of eight, ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)).

    Of sixteen the halves are added first, as float32.
    """

    def generate(_context, builder, sig, args):
        vector = args[0]
        half = sig.args[0].vector.count // 2
        while half:
            places = ir.VectorType(PLACE, half)
            low = builder.shuffle_vector(vector, vector, ir.Constant(places, list(range(half))))
            high = builder.shuffle_vector(vector, vector, ir.Constant(places, list(range(half, 2 * half))))
            vector = builder.fadd(low, high)
            if vector.type == ir.VectorType(ir.FloatType(), WIDTH):
                vector = builder.fpext(vector, ir.VectorType(ir.DoubleType(), WIDTH))
            half //= 2
        return builder.extract_element(vector, PLACE(0))

    return types.float64(lanes), generate
