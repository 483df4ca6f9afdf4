"""Counting by several threads in one place, for the launches of a device: integers, whose sum knows no order."""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from technopole_kernels._llvm import INDEX, address


def _add_one(context, builder, sig, args):
    """Add 1 to an element; the value is what it was."""
    place = address(context, builder, sig.args[0], args[0], args[1])
    return builder.atomic_rmw("add", place, ir.Constant(INDEX, 1), "monotonic")


@intrinsic
def count_up(_typing, counts, index):
    """Add 1 to an element of a contiguous row of int64 that other threads may count in as well."""

    def generate(context, builder, sig, args):
        _add_one(context, builder, sig, args)
        return context.get_dummy_value()

    return types.void(counts, types.intp), generate


@intrinsic
def take_number(_typing, counts, index):
    """The same; returns what it was before: a number that no other thread gets. Who gets which is left to chance."""
    return types.int64(counts, types.intp), _add_one
