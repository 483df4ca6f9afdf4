"""Counting by several threads in one place, for the launches of a device: integers, whose sum knows no order."""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from technopole_kernels._llvm import INDEX, address


@intrinsic
def count_up(_typing, counts, index):
    """Add 1 to an element of a contiguous row of int64 that other threads may count in as well."""

    def generate(context, builder, sig, args):
        place = address(context, builder, sig.args[0], args[0], args[1])
        builder.atomic_rmw("add", place, ir.Constant(INDEX, 1), "monotonic")
        return context.get_dummy_value()

    return types.void(counts, types.intp), generate
