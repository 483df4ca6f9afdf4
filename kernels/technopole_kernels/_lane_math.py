"""Formulas on lanes: arithmetic with numbers beside them, and what numbers are compared for.

A formula written with operators, comparisons and `within` serves a single number and all lanes of a register.
A float64 beside lanes of float32 is rounded to it, as _narrow.py has it for numbers.
"""

import operator

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.core.typing.templates import ConcreteTemplate, infer_global
from numba.extending import intrinsic, lower_builtin

from technopole_kernels._lanes import Lanes, lanes_of
from technopole_kernels._llvm import address, below, load_first, many_times, suffix

_INSTRUCTIONS = {operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul", operator.truediv: "fdiv"}
_DOUBLE, _SINGLE = types.float64, types.float32
_KINDS = [(lanes_of(lane), number) for lane, number in ((_DOUBLE, _DOUBLE), (_SINGLE, _DOUBLE), (_SINGLE, _SINGLE))]


def _converted(context, builder, value, kind, result):
    """A number as lanes, if lanes are wanted and it is none, or in another precision."""
    if not isinstance(result, Lanes):
        return context.cast(builder, value, kind, result)
    if kind == result:
        return value
    return many_times(builder, context.cast(builder, value, kind, result.dtype), result.vector)


def _define(operation, instruction):
    cases = [signature(lanes, *kinds) for lanes, number in _KINDS for kinds in ((lanes, number), (number, lanes))]
    infer_global(operation)(type("_LanesBeside", (ConcreteTemplate,), {"cases": cases}))

    def lower(context, builder, sig, args):
        left, right = (
            _converted(context, builder, value, kind, sig.return_type)
            for value, kind in zip(args, sig.args, strict=True)
        )
        return getattr(builder, instruction)(left, right)

    lower_builtin(operation, Lanes, types.Float)(lower)
    lower_builtin(operation, types.Float, Lanes)(lower)


for _operation, _instruction in _INSTRUCTIONS.items():
    _define(_operation, _instruction)


def _common(*kinds):
    """What several numbers or lanes are together."""
    lanes = [kind for kind in kinds if isinstance(kind, Lanes)]
    if lanes:
        return lanes[0]
    return types.float32 if types.float32 in kinds else types.float64


def _choice(comparison, *kinds):
    """Choose one of the last two by comparing the first two."""
    result = _common(*kinds)

    def generate(context, builder, sig, args):
        a, b, x, y = (
            _converted(context, builder, value, kind, result) for value, kind in zip(args, sig.args, strict=True)
        )
        return builder.select(builder.fcmp_ordered(comparison, a, b), x, y)

    return result(*kinds), generate


@intrinsic
def if_less(_typing, a, b, x, y):
    """``x if a < b else y``."""
    return _choice("<", a, b, x, y)


@intrinsic
def if_more(_typing, a, b, x, y):
    """``x if a > b else y``."""
    return _choice(">", a, b, x, y)


@intrinsic
def if_reaches(_typing, a, b, x, y):
    """``x if a >= b else y``."""
    return _choice(">=", a, b, x, y)


@intrinsic
def positive(_typing, value):
    """``value if value > 0.0 else 0.0``."""

    def generate(_context, builder, _sig, args):
        nothing = ir.Constant(args[0].type, None if isinstance(args[0].type, ir.VectorType) else 0.0)
        return builder.select(builder.fcmp_ordered(">", args[0], nothing), args[0], nothing)

    return value(value), generate


@intrinsic
def within(_typing, value, most):
    """A number, or the nearest one from ``-most`` to ``most``; what is not a number stays so, and is found.

    Written with branches, LLVM makes four instructions of it instead of a minimum and a maximum.
    """

    def generate(context, builder, sig, args):
        value, most = (
            _converted(context, builder, one, kind, sig.return_type) for one, kind in zip(args, sig.args, strict=True)
        )
        value = builder.select(builder.fcmp_ordered(">", value, most), most, value)
        least = builder.fneg(most)
        return builder.select(builder.fcmp_ordered("<", value, least), least, value)

    return value(value, most), generate


@intrinsic
def root(_typing, lanes):
    """The square root."""

    def generate(_context, builder, sig, args):
        vector = sig.return_type.vector
        kind = ir.FunctionType(vector, [vector])
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.{suffix(vector)}")
        return builder.call(function, [args[0]])

    return lanes(lanes), generate


@intrinsic
def only(_typing, lanes, count):
    """The first lanes, zeros behind."""

    def generate(_context, builder, sig, args):
        vector = sig.return_type.vector
        return builder.select(below(builder, args[1], vector.count), args[0], ir.Constant(vector, [0.0] * vector.count))

    return lanes(lanes, types.intp), generate


@intrinsic
def load_beside(_typing, array, index, count, other):
    """``array[index : index + count]`` of small whole numbers as lanes of another array, zeros behind."""

    def generate(context, builder, sig, args):
        vector = sig.return_type.vector
        start = address(context, builder, sig.args[0], args[0], args[1])
        whole = ir.VectorType(context.get_value_type(sig.args[0].dtype), vector.count)
        return builder.uitofp(load_first(context, builder, start, args[2], whole), vector)

    return lanes_of(other.dtype)(array, types.intp, types.intp, other), generate
