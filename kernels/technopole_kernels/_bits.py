"""Comparisons as the bits of a number, and packing the elements whose bits are set side by side.

They are eight, or sixteen where they are of float32 or stand beside it.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from technopole_kernels._llvm import (
    INDEX,
    PLACE,
    WIDTH,
    address,
    below,
    element_size,
    has_masks,
    load_first,
    many_times,
    masked_load,
    store_all,
    store_first,
    suffix,
    width_of,
)


def _comparison(array, instruction, operator, width):
    """Compare elements of a row with a value; what lies behind ``count`` is no match."""

    def generate(context, builder, sig, args):
        vector = ir.VectorType(context.get_value_type(sig.args[0].dtype), width)
        start = address(context, builder, sig.args[0], args[0], args[1])
        values = load_first(context, builder, start, args[2], vector)
        matches = getattr(builder, instruction)(operator, values, many_times(builder, args[3], vector))
        bits = builder.bitcast(builder.and_(matches, below(builder, args[2], width)), ir.IntType(width))
        return builder.zext(bits, INDEX)

    return types.intp(array, types.intp, types.intp, array.dtype), generate


@intrinsic
def equal(_typing, array, index, count, value):
    """Bit j of the result says whether ``array[index + j] == value``, for j below ``count`` and 8."""
    return _comparison(array, "icmp_unsigned", "==", WIDTH)


@intrinsic
def equal_beside(_typing, array, index, count, value, other):
    """The same for j below the width of another array."""
    sig, generate = _comparison(array, "icmp_unsigned", "==", width_of(other.dtype))
    return types.intp(*sig.args, other), generate


@intrinsic
def less(_typing, array, index, count, value):
    """Bit j of the result says whether ``array[index + j] < value``, for j below ``count`` and its width."""
    return _comparison(array, "fcmp_ordered", "<", width_of(array.dtype))


@intrinsic
def count_bits(_typing, bits):
    """Number of bits set."""

    def generate(_context, builder, _sig, args):
        return builder.ctpop(args[0])

    return types.intp(types.intp), generate


def _mask(builder, bits, width=WIDTH):
    return builder.bitcast(builder.trunc(bits, ir.IntType(width)), ir.VectorType(ir.IntType(1), width))


def _rank(builder, bits, j):
    """How many of the bits below the j-th are set: where its element goes."""
    return builder.ctpop(builder.and_(bits, INDEX((1 << j) - 1)))


def _compress(builder, values, mask):
    """Move the elements under a mask to the front, on a processor that can."""
    vector = values.type
    narrow = isinstance(vector.element, ir.IntType) and vector.element.width < PLACE.width
    if narrow:  # LLVM cannot do it for them
        values = builder.zext(values, ir.VectorType(PLACE, vector.count))
    compress = ir.FunctionType(values.type, [values.type, mask.type, values.type])
    name = f"llvm.experimental.vector.compress.{suffix(values.type)}"
    function = cgutils.get_or_insert_function(builder.module, compress, name)
    packed = builder.call(function, [values, mask, ir.Constant(values.type, None)])
    return builder.trunc(packed, vector) if narrow else packed


@intrinsic
def write_places(_typing, bits, first, target, position, compared):
    """Write ``first + j`` for every bit j that is set to ``target[position:]``; there must be room for all bits.

    ``compared`` is the array whose comparison gave the bits.
    """

    def generate(context, builder, sig, args):
        bits, first = args[0], builder.trunc(args[1], PLACE)
        width = width_of(sig.args[4].dtype)
        vector = ir.VectorType(PLACE, width)
        end = address(context, builder, sig.args[2], args[2], args[3])
        if has_masks(context):
            places = builder.add(many_times(builder, first, vector), ir.Constant(vector, list(range(width))))
            store_all(builder, _compress(builder, places, _mask(builder, bits, width)), end)
        else:  # whoever is not chosen is overwritten by the next one
            for j in range(width):
                builder.store(builder.add(first, PLACE(j)), builder.gep(end, [_rank(builder, bits, j)]))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, target, types.intp, compared), generate


@intrinsic
def pack(_typing, source, index, bits, target, position, room, compared):
    """Write the elements of ``source[index:]`` whose bits are set side by side to ``target[position:]``.

    As many elements as there are bits are written if ``room`` is at least that, otherwise no more than bits are set.
    ``compared`` is the array whose width the bits have.
    """

    def generate(context, builder, sig, args):
        width = width_of(sig.args[6].dtype)
        start = address(context, builder, sig.args[0], args[0], args[1])
        end = address(context, builder, sig.args[3], args[3], args[4])
        bits, room = args[2], args[5]
        if has_masks(context):
            element = context.get_value_type(sig.args[0].dtype)
            _pack_masked(builder, start, element, bits, end, room, width)
            return context.get_dummy_value()
        row = cgutils.create_struct_proxy(sig.args[0])(context, builder, args[0])
        inside = builder.icmp_signed("<=", builder.add(args[1], INDEX(width)), row.nitems)
        roomy = builder.icmp_signed(">=", room, INDEX(width))
        with builder.if_else(builder.and_(inside, roomy)) as (then, otherwise):
            with then:
                _move_all(builder, start, bits, end, width)
            with otherwise:
                _move_chosen(builder, start, bits, end, width)
        return context.get_dummy_value()

    return types.void(source, types.intp, types.intp, target, types.intp, types.intp, compared), generate


def _pack_masked(builder, start, element, bits, end, room, width):
    """Pack in one register, or in two if the elements are too large for one."""
    if width > WIDTH and element_size(element) > PLACE.width // 8:
        low = builder.and_(bits, INDEX((1 << WIDTH) - 1))
        count = builder.ctpop(low)
        _pack_masked(builder, start, element, low, end, room, WIDTH)
        start, end = builder.gep(start, [INDEX(WIDTH)]), builder.gep(end, [count])
        _pack_masked(builder, start, element, builder.lshr(bits, INDEX(WIDTH)), end, builder.sub(room, count), WIDTH)
        return
    mask = _mask(builder, bits, width)
    packed = _compress(builder, masked_load(builder, start, mask, ir.VectorType(element, width)), mask)
    whole = builder.icmp_signed(">=", room, INDEX(width))
    store_first(builder, packed, end, builder.select(whole, INDEX(width), builder.ctpop(bits)))


def _move_all(builder, start, bits, end, width):
    """Write all elements one after the other: whoever is not chosen is overwritten by the next one."""
    for j in range(width):
        value = builder.load(builder.gep(start, [INDEX(j)]))
        builder.store(value, builder.gep(end, [_rank(builder, bits, j)]))


def _move_chosen(builder, start, bits, end, width):
    """Touch nothing but the chosen elements."""
    for j in range(width):
        chosen = builder.icmp_unsigned("!=", builder.and_(bits, INDEX(1 << j)), INDEX(0))
        with builder.if_then(chosen):
            value = builder.load(builder.gep(start, [INDEX(j)]))
            builder.store(value, builder.gep(end, [_rank(builder, bits, j)]))
