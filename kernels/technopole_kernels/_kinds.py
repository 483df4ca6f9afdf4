"""What depends on whether firms are held in float64 or float32, decided when a function is compiled.

And whole numbers among floats: a float32 cannot hold those above 2**24, so there it holds their bits.
"""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

_WORD = ir.IntType(32)


def _is_single(kind):
    return getattr(kind, "dtype", kind) == types.float32  # of an array or of lanes


@intrinsic
def kind_of(_typing, array):
    """Zero of the kind of an array, for functions that have one version for each."""

    def generate(context, _builder, sig, _args):
        return ir.Constant(context.get_value_type(sig.return_type), 0.0)

    return array.dtype(array), generate


@intrinsic
def by_kind(_typing, kind, double, single):
    """Return ``double``, or ``single`` as a float32 if ``kind``, a number, lanes or an array, is of float32."""

    def generate(_context, builder, sig, args):
        return builder.fptrunc(args[2], ir.FloatType()) if _is_single(sig.args[0]) else args[1]

    result = types.float32 if _is_single(kind) else types.float64
    return result(kind, types.float64, types.float64), generate


@intrinsic
def keep_whole(_typing, array, number):
    """A whole number from 0 to 2**31 - 1 as an element of an array of floats; only for the functions below."""

    def generate(_context, builder, sig, args):
        if _is_single(sig.args[0]):
            return builder.bitcast(builder.trunc(args[1], _WORD), ir.FloatType())
        return builder.sitofp(args[1], ir.DoubleType())

    return array.dtype(array, types.int64), generate


@intrinsic
def whole(_typing, kept):
    """The number that `keep_whole` has kept, as an int32."""

    def generate(_context, builder, sig, args):
        return builder.bitcast(args[0], _WORD) if _is_single(sig.args[0]) else builder.fptosi(args[0], _WORD)

    return types.int32(kept), generate


@intrinsic
def whole_float(_typing, kept):
    """The same as a float; one above 2**24 is rounded to a float32."""

    def generate(_context, builder, sig, args):
        if _is_single(sig.args[0]):
            return builder.sitofp(builder.bitcast(args[0], _WORD), ir.FloatType())
        return args[0]

    return kept(kept), generate
