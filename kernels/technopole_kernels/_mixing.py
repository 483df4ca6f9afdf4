"""Weighted sums of rows for several targets at once, kept in registers.

``mix`` is one loop over the rows in reach: each row is loaded once and added, weighted, to the sums of ``GROUP``
targets. How many columns fit into the registers beside each other is the processor's matter and changes no bits.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from technopole_kernels._llvm import INDEX, WIDTH, as_vector, has_masks, many_times, store_first
from technopole_kernels.types import GROUP

_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)
_SIZE = 8  # bytes of a number
MOST_COLUMNS = 5 * WIDTH


def _vectors(context):
    """Vectors of columns beside each other: 20 sums of 32 registers, or 4 pairs of 16."""
    return 5 if has_masks(context) else 1


@intrinsic
def columns_at_once(_typing):
    """Number of columns that ``mix`` takes."""

    def generate(context, _builder, _sig, _args):
        return INDEX(_vectors(context) * WIDTH)

    return types.intp(), generate


@intrinsic
def mix(_typing, rows, places, weights, begin, end, first, sums, target):
    """``sums[target + g, c] = sum over j of weights[j, g] * rows[places[j], c]`` for ``j`` in ``begin:end``, in order.

    ``c`` is ``first`` and the columns behind it, as many as ``columns_at_once`` and as there are. Up to
    ``MOST_COLUMNS`` numbers behind the end of a row are read and not used: ``rows`` must have room for that.
    """

    def generate(context, builder, sig, args):
        rows, places, weights, begin, end, first, sums, target = args
        rows = cgutils.create_struct_proxy(sig.args[0])(context, builder, rows)
        places = cgutils.create_struct_proxy(sig.args[1])(context, builder, places)
        weights = cgutils.create_struct_proxy(sig.args[2])(context, builder, weights)
        sums = cgutils.create_struct_proxy(sig.args[6])(context, builder, sums)
        width = cgutils.unpack_tuple(builder, rows.shape)[1]
        count = _vectors(context)
        found = [[cgutils.alloca_once(builder, _VECTOR) for _ in range(count)] for _ in range(GROUP)]
        for line in found:
            for place in line:
                builder.store(ir.Constant(_VECTOR, [0.0] * WIDTH), place)
        with cgutils.for_range_slice(builder, begin, end, INDEX(1)) as (j, _):
            row = builder.load(builder.gep(places.data, [j]))
            start = builder.gep(rows.data, [builder.add(builder.mul(row, width), first)])
            values = [_load(builder, start, v) for v in range(count)]
            for g, line in enumerate(found):
                weight = builder.load(builder.gep(weights.data, [builder.add(builder.mul(j, INDEX(GROUP)), INDEX(g))]))
                factor = many_times(builder, weight, _VECTOR)
                for value, place in zip(values, line, strict=True):
                    builder.store(builder.fadd(builder.load(place), builder.fmul(factor, value)), place)
        left = builder.sub(width, first)
        for g, line in enumerate(found):
            row = builder.mul(builder.add(target, INDEX(g)), width)
            for v, place in enumerate(line):
                start = builder.gep(sums.data, [builder.add(builder.add(row, first), INDEX(v * WIDTH))])
                store_first(builder, builder.load(place), start, builder.sub(left, INDEX(v * WIDTH)))
        return context.get_dummy_value()

    return types.void(rows, places, weights, types.intp, types.intp, types.intp, sums, types.intp), generate


def _load(builder, start, vector):
    """Eight numbers, ``vector`` times eight behind a place."""
    place = as_vector(builder, builder.gep(start, [INDEX(vector * WIDTH)]), _VECTOR)
    return builder.load(place, align=_SIZE)
