"""Weighted sums of rows for several targets at once, kept in registers.

``mix`` is one loop over the rows in reach: of each it reads the numbers of a few sectors and adds them, weighted, to
the sums of ``GROUP`` targets, which stand side by side. How many sectors fit into the registers is the processor's
matter and changes no bits.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from technopole_kernels._llvm import INDEX, WIDTH, as_vector, has_masks, many_times
from technopole_kernels.types import GROUP

MIXED = 5  # numbers of a sector that are mixed: what is known in four channels, and firms
SIDE = WIDTH  # numbers of a sector side by side in a row, so that a sector is one line of the cache
_VECTOR = ir.VectorType(ir.DoubleType(), GROUP)
_SIZE = 8  # bytes of a number


def _beside(context):
    """Sectors beside each other: 20 sums of 32 registers, or 5 pairs of 16."""
    return 4 if has_masks(context) else 1


@intrinsic
def sectors_at_once(_typing):
    """Number of sectors that ``mix`` takes."""

    def generate(context, _builder, _sig, _args):
        return INDEX(_beside(context))

    return types.intp(), generate


@intrinsic
def mix(_typing, rows, places, weights, begin, end, sectors, first, sums):
    """``sums[k, c, g] = sum over j of weights[j, g] * rows[places[j], SIDE * k + c]``, ``j`` in ``begin:end`` in order.

    ``k`` are ``sectors_at_once`` of ``sectors`` from ``first`` on, the last of them again where there are no more.
    ``c`` is below ``MIXED``, and ``sums`` a row of so many numbers for all sectors and targets.
    """

    def generate(context, builder, sig, args):
        begin, end, first = args[3], args[4], args[6]
        rows, places, weights, sectors, sums = (
            cgutils.create_struct_proxy(sig.args[place])(context, builder, args[place]) for place in (0, 1, 2, 5, 7)
        )
        width = cgutils.unpack_tuple(builder, rows.shape)[1]
        last = builder.sub(sectors.nitems, INDEX(1))
        chosen = []
        for number in range(_beside(context)):
            place = builder.add(first, INDEX(number))
            place = builder.select(builder.icmp_signed("<", place, last), place, last)
            chosen.append(builder.load(builder.gep(sectors.data, [place])))
        found = [[cgutils.alloca_once(builder, _VECTOR) for _ in range(MIXED)] for _ in chosen]
        for place in sum(found, []):
            builder.store(ir.Constant(_VECTOR, [0.0] * GROUP), place)
        with cgutils.for_range_slice(builder, begin, end, INDEX(1)) as (j, _):
            row = builder.mul(builder.load(builder.gep(places.data, [j])), width)
            factor = _load(builder, weights.data, builder.mul(j, INDEX(GROUP)))
            for k, line in zip(chosen, found, strict=True):
                start = builder.add(row, builder.mul(k, INDEX(SIDE)))
                for c, place in enumerate(line):
                    value = builder.load(builder.gep(rows.data, [builder.add(start, INDEX(c))]))
                    value = many_times(builder, value, _VECTOR)
                    builder.store(builder.fadd(builder.load(place), builder.fmul(factor, value)), place)
        for k, line in zip(chosen, found, strict=True):
            for c, place in enumerate(line):
                column = builder.add(builder.mul(k, INDEX(MIXED)), INDEX(c))
                target = _address(builder, sums.data, builder.mul(column, INDEX(GROUP)))
                builder.store(builder.load(place), target, align=_SIZE)
        return context.get_dummy_value()

    number = types.intp
    return types.void(rows, places, weights, number, number, sectors, number, sums), generate


def _address(builder, start, place):
    return as_vector(builder, builder.gep(start, [place]), _VECTOR)


def _load(builder, start, place):
    """One number for each target."""
    return builder.load(_address(builder, start, place), align=_SIZE)
