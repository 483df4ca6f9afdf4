"""What the instructions of PTX compute, as expressions of Python.

From NVIDIA's "PTX ISA" (chapter "Instruction Set"), not from what LLVM or this project mean by them. Whole numbers are
held unsigned; those of type ``s`` are made signed before an expression sees them. What the ISA leaves open has no rule,
or raises `Undefined` when it happens: division by zero, remainders of negative numbers, jumps beyond a table.
"""

import functools
import math
import re
import struct
from typing import NamedTuple

from ptx_text import PtxError

_BITS, _NUMBER = struct.Struct("<Q"), struct.Struct("<d")


class Undefined(PtxError):
    """The PTX ISA does not say what happens."""


class Rule(NamedTuple):
    """Type of the result, types of the operands, expression over them; ``copy``: bits of 64-bit registers as they are."""

    result: str
    operands: tuple[str, ...]
    expression: str
    copy: bool = False


def bits(number):
    """Bits of a double."""
    return _BITS.unpack(_NUMBER.pack(number))[0]


def number(bits):
    """Double of bits."""
    return _NUMBER.unpack(_BITS.pack(bits))[0]


# ------------------------------------------------------------------------------------------------ functions


def divide(x, y):
    """Quotient rounded to nearest: of zeros and of what is not finite as IEEE 754 has it."""
    if y != 0.0:
        return x / y
    if x == 0.0 or x != x:
        return math.nan
    return math.copysign(math.inf, x) * math.copysign(1.0, y)


def square_root(x):
    """Root rounded to nearest; not a number below zero, -0 for -0."""
    return math.nan if x < 0.0 else math.sqrt(x)


def minimum(x, y):
    """The number, if the other is none; -0 is below +0."""
    if x != x:
        return y
    if y != y:
        return x
    if x == y == 0.0:
        return x if math.copysign(1.0, x) < 0.0 else y
    return x if x < y else y


def maximum(x, y):
    """As `minimum`."""
    if x != x:
        return y
    if y != y:
        return x
    if x == y == 0.0:
        return y if math.copysign(1.0, x) < 0.0 else x
    return x if x > y else y


def to_integer(x, low, high):
    """Cut off what is behind the point, clamp to the range; not a number gives 100..0, as for every source .f64."""
    if x != x:
        return (high - low + 1) >> 1
    return high if x >= high else low if x <= low else int(x)


def quotient(x, y, width):
    """Rounded towards zero."""
    if y == 0 or (y == -1 and x == -(1 << width - 1)):
        raise Undefined(f"{x} / {y}")
    size = abs(x) // abs(y)
    return size if (x < 0) == (y < 0) else -size


def unreachable():
    """LLVM writes ``exit`` where it knows that no thread comes."""
    raise Undefined("a thread came to where none should come")


def remainder(x, y):
    """Of numbers that are not negative: otherwise it depends on the machine."""
    if y <= 0 or x < 0:
        raise Undefined(f"{x} modulo {y}")
    return x % y


def bit_field(x, begin, length, width):
    """So many bits from a place on; begin and length are the low bytes of their operands, zeros come from beyond."""
    return (x & (1 << width) - 1) >> (begin & 255) & (1 << (length & 255)) - 1


FUNCTIONS = {
    one.__name__: one
    for one in (
        *(bits, number, divide, square_root, minimum, maximum),
        *(to_integer, quotient, remainder, unreachable, bit_field),
    )
}

# ---------------------------------------------------------------------------------------------------- rules

_COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_ORDERED = {
    **{name: f"{{0}} {sign} {{1}}" for name, sign in _COMPARED.items() if name != "ne"},
    "ne": "({0} < {1} or {0} > {1})",
    "num": "({0} == {0} and {1} == {1})",
}
_UNORDERED = {
    "equ": "ne",
    "neu": "eq",
    "ltu": "ge",
    "leu": "gt",
    "gtu": "le",
    "geu": "lt",
    "nan": "num",
}
"""Comparison that is also true for what is not a number: the ordered one that is false exactly then."""
_RULES = []


def _rule(pattern):
    def keep(function):
        _RULES.append((re.compile(pattern), function))
        return function

    return keep


@functools.cache
def rule_of(opcode):
    """Rule of an opcode with its modifiers; raises `PtxError` if there is none."""
    for pattern, function in _RULES:
        if found := pattern.fullmatch(opcode):
            return function(*found.groups())
    raise PtxError(f"instruction {opcode} is not known")


@_rule(r"(add|sub|mul)\.rn\.f64")
def _arithmetic(name):
    return Rule("f64", ("f64",) * 2, f"{{0}} {dict(add='+', sub='-', mul='*')[name]} {{1}}")


@_rule(r"(div\.rn|rcp\.rn|sqrt\.rn|neg|abs|min|max)\.f64")
def _function(name):
    expression = {
        "div.rn": "divide({0}, {1})",
        "rcp.rn": "divide(1.0, {0})",
        "sqrt.rn": "square_root({0})",
        "neg": "-{0}",
        "abs": "abs({0})",
        "min": "minimum({0}, {1})",
        "max": "maximum({0}, {1})",
    }[name]
    return Rule("f64", ("f64",) * (1 + ("{1}" in expression)), expression)


@_rule(r"(add|sub|mul\.lo|mad\.lo)\.([su](?:16|32|64))")
def _whole(name, kind):
    expression = {
        "add": "{0} + {1}",
        "sub": "{0} - {1}",
        "mul.lo": "{0} * {1}",
        "mad.lo": "{0} * {1} + {2}",
    }[name]
    plain = "u" + kind[1:]  # the low bits are those of signed numbers, too
    return Rule(plain, (plain,) * (2 + (name == "mad.lo")), f"({expression}) & {_mask(kind)}")


@_rule(r"mul\.wide\.([su])(16|32)")
def _wide(sign, width):
    wide = f"{sign}{2 * int(width)}"
    return Rule(wide, (sign + width,) * 2, f"{{0}} * {{1}} & {_mask(wide)}")


@_rule(r"mul\.hi\.([su])(16|32|64)")
def _high(sign, width):
    kind = sign + width
    return Rule(kind, (kind,) * 2, f"({{0}} * {{1}} >> {width}) & {_mask(kind)}")


@_rule(r"(div|rem)\.([su](?:16|32|64))")
def _divided(name, kind):
    call = f"quotient({{0}}, {{1}}, {kind[1:]})" if name == "div" else "remainder({0}, {1})"
    return Rule(kind, (kind,) * 2, f"{call} & {_mask(kind)}")


@_rule(r"(min|max)\.([su](?:16|32|64))")
def _extreme(name, kind):
    sign = dict(min="<", max=">")[name]
    return Rule(kind, (kind,) * 2, f"({{0}} if {{0}} {sign} {{1}} else {{1}}) & {_mask(kind)}")


@_rule(r"neg\.(s(?:16|32|64))")
def _negative(kind):
    return Rule(kind, (kind,), f"-{{0}} & {_mask(kind)}")


@_rule(r"(and|or|xor|not)\.(pred|b16|b32|b64)")
def _logic(name, kind):
    if name == "not":
        return Rule(kind, (kind,), "not {0}" if kind == "pred" else f"{{0}} ^ {_mask(kind)}")
    return Rule(kind, (kind,) * 2, f"{{0}} {dict(zip(('and', 'or', 'xor'), '&|^', strict=True))[name]} {{1}}")


@_rule(r"(shl\.b|shr\.[bsu])(16|32|64)")
def _shift(name, width):
    # a shift by more than the width is one by the width
    kind = name[-1] + width
    if name == "shl.b":
        return Rule(kind, (kind, "u32"), f"({{0}} << {{1}} & {_mask(kind)} if {{1}} < {width} else 0)")
    return Rule(kind, (kind, "u32"), f"{{0}} >> {{1}} & {_mask(kind)}")


@_rule(r"bfe\.(u32|u64)")
def _field(kind):
    return Rule(kind, (kind, "u32", "u32"), f"bit_field({{0}}, {{1}}, {{2}}, {kind[1:]})")


@_rule(r"setp\.(eq|ne|lt|le|gt|ge)\.([bsu](?:16|32|64))")
def _compare(name, kind):
    if kind[0] == "b" and name not in ("eq", "ne"):
        raise PtxError(f"setp.{name}.{kind} is not known")
    return Rule("pred", (kind,) * 2, f"{{0}} {_COMPARED[name]} {{1}}")


@_rule(r"setp\.(\w+)\.f64")
def _compare_numbers(name):
    if name in _UNORDERED:
        return Rule("pred", ("f64",) * 2, f"not ({_ORDERED[_UNORDERED[name]]})")
    if name not in _ORDERED:
        raise PtxError(f"setp.{name}.f64 is not known")
    return Rule("pred", ("f64",) * 2, _ORDERED[name])


@_rule(r"selp\.([bsu](?:16|32|64)|f64)")
def _select(kind):
    kind = kind if kind[0] == "f" else "b" + kind[1:]
    return Rule(kind, (kind, kind, "pred"), "{0} if {2} else {1}", copy=kind == "b64")


@_rule(r"mov\.(pred|[bsu](?:16|32|64)|f64)")
def _move(kind):
    kind = kind if kind in ("pred", "f64") else "b" + kind[1:]
    return Rule(kind, (kind,), "{0}", copy=kind == "b64")


@_rule(r"cvta\.to\.global\.u64")
def _to_global():
    return Rule("u64", ("u64",), "{0}")  # what the driver allocates has one address in both spaces


@_rule(r"cvt\.([su](?:16|32|64))\.([su](?:8|16|32|64))")
def _convert(result, source):
    return Rule(result, (source,), f"{{0}} & {_mask(result)}")


@_rule(r"cvt\.rn\.f64\.([su](?:16|32|64))")
def _to_number(source):
    return Rule("f64", (source,), "float({0})")


@_rule(r"cvt\.rzi\.([su])(16|32|64)\.f64")
def _to_whole(sign, width):
    size = int(width)
    low, high = (-(1 << size - 1), (1 << size - 1) - 1) if sign == "s" else (0, (1 << size) - 1)
    return Rule(sign + width, ("f64",), f"to_integer({{0}}, {low}, {high}) & {_mask(sign + width)}")


def _mask(kind):
    return (1 << int(kind[1:])) - 1
