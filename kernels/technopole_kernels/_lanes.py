"""Floats side by side, as types of numba's, so that loops with many sums use vector registers for certain.

``lanes = lanes + load(x, i, n) * load(y, i, n)`` adds eight products of float64, or sixteen of float32, in one
instruction where the CPU has 512 bits, and in two or four elsewhere, with the same bits. LLVM does not find this by
itself in a loop with more than a few sums. The array that is worked on says how many: ``width(x)``.
"""

import operator

from llvmlite import ir
from numba.core import cgutils, types
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


def lanes_of(dtype):
    """Type of the lanes of floats."""
    return _ALL[dtype]


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
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")
_define(operator.truediv, "fdiv")


@intrinsic
def width(_typing, array):
    """Number of lanes of an array."""

    def generate(_context, _builder, sig, _args):
        return INDEX(width_of(sig.args[0].dtype))

    return types.intp(array), generate


@intrinsic
def whole(_typing, array):
    """Number of elements of a row in whole vectors: up to there nothing need be masked."""

    def generate(context, builder, sig, args):
        size = cgutils.create_struct_proxy(sig.args[0])(context, builder, args[0]).nitems
        return builder.and_(size, INDEX(-width_of(sig.args[0].dtype)))

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
def look_up(_typing, array, places, index):
    """The elements of a row at ``places[index:]``, as many as there are lanes; ends are not checked.

    Put together from single loads: a processor that can gather them in one instruction takes longer for it.
    """

    def generate(context, builder, sig, args):
        data = address(context, builder, sig.args[0], args[0], INDEX(0))
        first = address(context, builder, sig.args[1], args[1], args[2])
        result = ir.Constant(sig.return_type.vector, ir.Undefined)
        for j in range(sig.return_type.vector.count):
            place = builder.zext(builder.load(builder.gep(first, [INDEX(j)])), INDEX)
            result = builder.insert_element(result, builder.load(builder.gep(data, [place])), PLACE(j))
        return result

    lanes = _lanes_of(array)
    return None if lanes is None else (lanes(array, places, types.intp), generate)


@intrinsic
def fetch(_typing, array, index):
    """Ask for the line of the cache that ``array[index]`` is in, which will soon be read; ends are not checked."""

    def generate(context, builder, sig, args):
        start = builder.bitcast(address(context, builder, sig.args[0], args[0], args[1]), ir.IntType(8).as_pointer())
        ask = ir.FunctionType(ir.VoidType(), [start.type, PLACE, PLACE, PLACE])
        function = cgutils.get_or_insert_function(builder.module, ask, "llvm.prefetch.p0")
        builder.call(function, [start, PLACE(0), PLACE(2), PLACE(1)])  # to read; the second-level cache; data
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


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


def _pick(builder, first, second, places):
    """Elements of two vectors; those of the second are numbered on from those of the first."""
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(PLACE, len(places)), places))


def _in_eight(builder, vector):
    """Eight float64: of sixteen float32 the halves are added."""
    if vector.type.count > WIDTH:
        low, high = list(range(WIDTH)), list(range(WIDTH, 2 * WIDTH))
        vector = builder.fadd(_pick(builder, vector, vector, low), _pick(builder, vector, vector, high))
        vector = builder.fpext(vector, ir.VectorType(ir.DoubleType(), WIDTH))
    return vector


def _fold(builder, first, second, length):
    """Add the halves of all stretches of a length in two vectors; returns them in one vector."""
    low = [place for place in range(2 * WIDTH) if place % length < length // 2]
    high = [place + length // 2 for place in low]
    return builder.fadd(_pick(builder, first, second, low), _pick(builder, first, second, high))


@intrinsic
def total(_typing, lanes):
    """Sum of the lanes as float64: of eight, ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)).

    Of sixteen the halves are added first, as float32.
    """

    def generate(_context, builder, _sig, args):
        vector = _in_eight(builder, args[0])
        for length in (8, 4, 2):
            vector = _fold(builder, vector, ir.Constant(vector.type, ir.Undefined), length)
        return builder.extract_element(vector, PLACE(0))

    return types.float64(lanes), generate


@intrinsic
def put_totals(_typing, lanes, sums, column):
    """Write the `total` of each of up to eight lanes to ``sums[column:]``, side by side and made all at once."""

    def generate(context, builder, sig, args):
        vectors = [_in_eight(builder, vector) for vector in cgutils.unpack_tuple(builder, args[0])]
        vectors += [ir.Constant(vectors[0].type, ir.Undefined)] * (WIDTH - len(vectors))
        for length in (8, 4, 2):
            pairs = zip(vectors[::2], vectors[1::2], strict=True)
            vectors = [_fold(builder, first, second, length) for first, second in pairs]
        start = address(context, builder, sig.args[1], args[1], args[2])
        store_first(builder, vectors[0], start, INDEX(len(sig.args[0])))
        return context.get_dummy_value()

    return types.void(lanes, sums, types.intp), generate
