"""Eight float64 side by side, as a type of numba's, so that loops with many sums use vector registers for certain.

``lanes = lanes + load(x, i, n) * load(y, i, n)`` adds eight products in one instruction where the CPU has 512 bits, and
in two or four elsewhere, with the same bits. LLVM does not find this by itself in a loop with more than a few sums.
"""

import operator

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.core.typing.templates import ConcreteTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, models, register_model

WIDTH = 8
_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)
_INDEX, _PLACE = ir.IntType(64), ir.IntType(32)
_PLACES = ir.VectorType(_PLACE, WIDTH)


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


def element_size(element):
    """Bytes of an element."""
    return 8 if isinstance(element, ir.DoubleType) else element.width // 8


def _suffix(element):
    """How LLVM's names of functions call eight of an element."""
    return "v8f64" if isinstance(element, ir.DoubleType) else f"v8i{element.width}"


def _start(context, builder, array_type, array, index, vector):
    """Address of eight elements of a contiguous row."""
    row = cgutils.create_struct_proxy(array_type)(context, builder, array)
    return builder.bitcast(builder.gep(row.data, [index]), vector.as_pointer())


def _spread(builder, value, vector):
    """Eight times the same."""
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, _PLACE(0))
    return builder.shuffle_vector(one, one, ir.Constant(_PLACES, [0] * WIDTH))


def _below(builder, count):
    """Mask of the lanes below a number."""
    indices = ir.VectorType(_INDEX, WIDTH)
    return builder.icmp_signed("<", ir.Constant(indices, list(range(WIDTH))), _spread(builder, count, indices))


def _masked_load(builder, start, mask, zeros):
    """Load the elements under a mask; the others are zero and not touched."""
    size = _PLACE(element_size(zeros.type.element))
    load_type = ir.FunctionType(zeros.type, [start.type, _PLACE, mask.type, zeros.type])
    name = f"llvm.masked.load.{_suffix(zeros.type.element)}.p0"
    function = cgutils.get_or_insert_function(builder.module, load_type, name)
    return builder.call(function, [start, size, mask, zeros])


@intrinsic
def load(_typing, array, index, count):
    """``array[index : index + count]`` of a contiguous row, at most eight, and zeros behind; ends are not checked."""

    def generate(context, builder, sig, args):
        zeros = ir.Constant(_VECTOR, [0.0] * WIDTH)
        start = _start(context, builder, sig.args[0], args[0], args[1], _VECTOR)
        if "+avx512vl" in context.codegen().magic_tuple()[2]:
            return _masked_load(builder, start, _below(builder, args[2]), zeros)
        # where a masked load is several instructions, it should only be used at the end
        result = cgutils.alloca_once(builder, _VECTOR)
        with builder.if_else(builder.icmp_signed(">=", args[2], _INDEX(WIDTH))) as (then, otherwise):
            with then:
                builder.store(builder.load(start, align=WIDTH), result)
            with otherwise:
                builder.store(_masked_load(builder, start, _below(builder, args[2]), zeros), result)
        return builder.load(result)

    if isinstance(array, types.Array) and array.dtype == types.float64 and array.layout == "C":
        return LANES(array, types.intp, types.intp), generate
    return None


@intrinsic
def total(_typing, lanes):
    """Sum of the eight: ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7))."""

    def generate(_context, builder, _sig, args):
        vector = args[0]
        for half in (4, 2, 1):
            places = ir.VectorType(_PLACE, half)
            low = builder.shuffle_vector(vector, vector, ir.Constant(places, list(range(half))))
            high = builder.shuffle_vector(vector, vector, ir.Constant(places, list(range(half, 2 * half))))
            vector = builder.fadd(low, high)
        return builder.extract_element(vector, _PLACE(0))

    return types.float64(LANES), generate


@intrinsic
def equal(_typing, array, index, count, value):
    """Bit j of the result says whether ``array[index + j] == value``, for j below ``count`` and 8."""

    def generate(context, builder, sig, args):
        values, present = _load_any(context, builder, sig, args)
        same = builder.icmp_unsigned("==", values, _spread(builder, args[3], values.type))
        return _bits(builder, builder.and_(same, present))

    return types.intp(array, types.intp, types.intp, array.dtype), generate


@intrinsic
def at_least(_typing, array, index, count, value):
    """Bit j of the result says whether ``array[index + j] >= value``, unsigned, for j below ``count`` and 8."""

    def generate(context, builder, sig, args):
        values, present = _load_any(context, builder, sig, args)
        enough = builder.icmp_unsigned(">=", values, _spread(builder, args[3], values.type))
        return _bits(builder, builder.and_(enough, present))

    return types.intp(array, types.intp, types.intp, array.dtype), generate


@intrinsic
def less(_typing, array, index, count, value):
    """Bit j of the result says whether ``array[index + j] < value``, for j below ``count`` and 8."""

    def generate(context, builder, sig, args):
        values, present = _load_any(context, builder, sig, args)
        smaller = builder.fcmp_ordered("<", values, _spread(builder, args[3], values.type))
        return _bits(builder, builder.and_(smaller, present))

    return types.intp(array, types.intp, types.intp, types.float64), generate


def _load_any(context, builder, sig, args):
    """Load ``array[index : index + count]`` of any type, with the mask of what is there."""
    element = context.get_value_type(sig.args[0].dtype)
    zeros = ir.Constant(ir.VectorType(element, WIDTH), None)
    start = _start(context, builder, sig.args[0], args[0], args[1], zeros.type)
    present = _below(builder, args[2])
    return _masked_load(builder, start, present, zeros), present


def _bits(builder, mask):
    return builder.zext(builder.bitcast(mask, ir.IntType(WIDTH)), _INDEX)


def _mask(builder, bits):
    return builder.bitcast(builder.trunc(bits, ir.IntType(WIDTH)), ir.VectorType(ir.IntType(1), WIDTH))


@intrinsic
def count_bits(_typing, bits):
    """Number of bits set."""

    def generate(_context, builder, _sig, args):
        return builder.ctpop(args[0])

    return types.intp(types.intp), generate


@intrinsic
def lowest_bit(_typing, bits):
    """Place of the lowest bit set."""

    def generate(_context, builder, _sig, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.intp(types.intp), generate


@intrinsic
def choose(_typing, lanes, bits):
    """The numbers whose bits are set, zeros for the others."""

    def generate(_context, builder, _sig, args):
        return builder.select(_mask(builder, args[1]), args[0], ir.Constant(_VECTOR, [0.0] * WIDTH))

    return LANES(LANES, types.intp), generate


@intrinsic
def write_places(_typing, bits, first, target, position):
    """Write ``first + j`` for every bit j that is set to ``target[position:]``; always eight elements are written."""

    def generate(context, builder, sig, args):
        places = _spread(builder, builder.trunc(args[1], _PLACE), _PLACES)
        places = builder.add(places, ir.Constant(_PLACES, list(range(WIDTH))))
        end = _start(context, builder, sig.args[2], args[2], args[3], _PLACES)
        builder.store(_compress(builder, places, _mask(builder, args[0])), end, align=element_size(_PLACE))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, target, types.intp), generate


@intrinsic
def spread(_typing, value):
    """Eight times the same number."""

    def generate(_context, builder, _sig, args):
        return _spread(builder, args[0], _VECTOR)

    return LANES(types.float64), generate


@intrinsic
def put(_typing, lanes, array, index):
    """Write all eight to ``array[index : index + 8]``."""

    def generate(context, builder, sig, args):
        start = _start(context, builder, sig.args[1], args[1], args[2], _VECTOR)
        builder.store(args[0], start, align=WIDTH)
        return context.get_dummy_value()

    return types.void(LANES, array, types.intp), generate


@intrinsic
def store(_typing, lanes, array, index, count):
    """Write to ``array[index : index + count]``, at most eight."""

    def generate(context, builder, sig, args):
        start = _start(context, builder, sig.args[1], args[1], args[2], _VECTOR)
        _masked_store(builder, args[0], start, args[3])
        return context.get_dummy_value()

    return types.void(LANES, array, types.intp, types.intp), generate


def _masked_store(builder, values, start, count):
    """Write the first ``count`` elements."""
    size, name = _PLACE(element_size(values.type.element)), _suffix(values.type.element)
    with builder.if_else(builder.icmp_signed(">=", count, _INDEX(WIDTH))) as (then, otherwise):
        with then:
            builder.store(values, start, align=element_size(values.type.element))
        with otherwise:
            mask = _below(builder, count)
            store_type = ir.FunctionType(ir.VoidType(), [values.type, start.type, _PLACE, mask.type])
            function = cgutils.get_or_insert_function(builder.module, store_type, f"llvm.masked.store.{name}.p0")
            builder.call(function, [values, start, size, mask])


def _compress(builder, values, mask):
    """Move the elements under a mask to the front."""
    vector = values.type
    real = isinstance(vector.element, ir.DoubleType)
    if real:  # LLVM fails at them on a processor without AVX-512
        values = builder.bitcast(values, ir.VectorType(_INDEX, WIDTH))
    elif vector.element.width < _PLACE.width:  # LLVM cannot do it for them
        values = builder.zext(values, _PLACES)
    zeros = ir.Constant(values.type, None)
    compress = ir.FunctionType(values.type, [values.type, mask.type, values.type])
    name = f"llvm.experimental.vector.compress.{_suffix(values.type.element)}"
    packed = builder.call(cgutils.get_or_insert_function(builder.module, compress, name), [values, mask, zeros])
    if values.type == vector:
        return packed
    return builder.bitcast(packed, vector) if real else builder.trunc(packed, vector)


@intrinsic
def pack(_typing, source, index, bits, target, position, room):
    """Write the elements of ``source[index : index + 8]`` whose bits are set side by side to ``target[position:]``.

    Up to eight elements are written if ``room`` is at least eight, otherwise no more than bits are set.
    """

    def generate(context, builder, sig, args):
        element = context.get_value_type(sig.args[0].dtype)
        zeros = ir.Constant(ir.VectorType(element, WIDTH), None)
        vector = zeros.type
        start = _start(context, builder, sig.args[0], args[0], args[1], vector)
        end = _start(context, builder, sig.args[3], args[3], args[4], vector)
        mask = _mask(builder, args[2])
        packed = _compress(builder, _masked_load(builder, start, mask, zeros), mask)
        whole = builder.icmp_signed(">=", args[5], _INDEX(WIDTH))
        _masked_store(builder, packed, end, builder.select(whole, _INDEX(WIDTH), builder.ctpop(args[2])))
        return context.get_dummy_value()

    return types.void(source, types.intp, types.intp, target, types.intp, types.intp), generate
