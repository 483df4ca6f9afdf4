"""Instructions of PTX, one at a time, with the results that NVIDIA's description gives them."""

import math

import pytest

from ptx_snippets import WIDE, bits, computed, double

INF, NAN = math.inf, math.nan

WHOLE = [
    ("add.s64", "u64 u64 u64", (WIDE - 1, 2), 1),
    ("add.s32", "u32 u32 u32", (2**32 - 1, 2), 1),
    ("add.s16", "u16 u16 u16", (2**16 - 1, 2), 1),
    ("sub.s64", "u64 u64 u64", (1, 2), WIDE - 1),
    ("sub.s32", "u32 u32 u32", (1, 2), 2**32 - 1),
    ("mul.lo.s64", "u64 u64 u64", (2**63 + 3, 5), (2**63 + 3) * 5 % WIDE),
    ("mul.lo.s32", "u32 u32 u32", (2**31 + 3, 5), (2**31 + 3) * 5 % 2**32),
    ("mul.lo.s16", "u16 u16 u16", (300, 300), 90000 % 2**16),
    ("mul.wide.u32", "u64 u32 u32", (2**32 - 1, 2**32 - 1), (2**32 - 1) ** 2),
    ("mul.wide.s32", "u64 u32 u32", (2**32 - 1, 7), WIDE - 7),
    ("mul.hi.u64", "u64 u64 u64", (2**63, 6), 3),
    ("mul.hi.s64", "u64 u64 u64", (WIDE - 2, 3), WIDE - 1),
    ("mul.hi.u32", "u32 u32 u32", (2**31, 5), 2),
    ("mad.lo.s64", "u64 u64 u64 u64", (2**63, 3, 5), 2**63 + 5),
    ("mad.lo.s32", "u32 u32 u32 u32", (2**31, 3, 5), 2**31 + 5),
    ("mad.lo.s16", "u16 u16 u16 u16", (256, 256, 5), 5),
    ("div.s64", "u64 u64 u64", (-7, 2), WIDE - 3),
    ("div.s64", "u64 u64 u64", (7, -2), WIDE - 3),
    ("div.s64", "u64 u64 u64", (-7, -2), 3),
    ("div.u32", "u32 u32 u32", (2**32 - 1, 2), 2**31 - 1),
    ("rem.s64", "u64 u64 u64", (7, 4), 3),
    ("rem.u32", "u32 u32 u32", (2**32 - 1, 16), 15),
    ("neg.s64", "u64 u64", (5,), WIDE - 5),
    ("neg.s64", "u64 u64", (-(2**63),), 2**63),
    ("min.s64", "u64 u64 u64", (-1, 1), WIDE - 1),
    ("max.s64", "u64 u64 u64", (-1, 1), 1),
    ("min.u64", "u64 u64 u64", (-1, 1), 1),
    ("min.s32", "u32 u32 u32", (2**32 - 1, 1), 2**32 - 1),
    ("min.u32", "u32 u32 u32", (2**32 - 1, 1), 1),
    ("max.u32", "u32 u32 u32", (2**32 - 1, 1), 2**32 - 1),
    ("and.b64", "u64 u64 u64", (12, 10), 8),
    ("or.b64", "u64 u64 u64", (12, 10), 14),
    ("xor.b64", "u64 u64 u64", (12, 10), 6),
    ("and.b16", "u16 u16 u16", (12, 10), 8),
    ("not.b64", "u64 u64", (1,), WIDE - 2),
    ("shl.b64", "u64 u64 u32", (3, 63), 2**63),
    ("shl.b64", "u64 u64 u32", (3, 64), 0),
    ("shl.b64", "u64 u64 u32", (3, 70), 0),
    ("shl.b64", "u64 u64 u32", (3, 2**32 - 1), 0),
    ("shr.u64", "u64 u64 u32", (2**63, 63), 1),
    ("shr.u64", "u64 u64 u32", (2**63, 64), 0),
    ("shr.u32", "u32 u32 u32", (2**31, 31), 1),
    ("shr.s64", "u64 u64 u32", (-8, 1), WIDE - 4),
    ("shr.s64", "u64 u64 u32", (-8, 200), WIDE - 1),
    ("shr.s64", "u64 u64 u32", (8, 200), 0),
    ("bfe.u64", "u64 u64 u32 u32", (0xABCD << 11, 11, 8), 0xCD),
    ("bfe.u64", "u64 u64 u32 u32", (WIDE - 1, 60, 21), 15),
    ("bfe.u64", "u64 u64 u32 u32", (WIDE - 1, 5, 0), 0),
    ("cvt.u32.u64", "u32 u64", (2**40 + 7,), 7),
    ("cvt.u64.u32", "u64 u32", (2**32 - 1,), 2**32 - 1),
    ("cvt.s64.s32", "u64 u32", (2**32 - 1,), WIDE - 1),
    ("cvt.s64.s32", "u64 u64", (2**40 + 2**31,), WIDE - 2**31),
    ("cvt.s64.s16", "u64 u16", (2**15,), WIDE - 2**15),
    ("cvt.u64.u16", "u64 u16", (2**15,), 2**15),
    ("cvt.u16.u32", "u16 u32", (2**16 + 9,), 9),
    ("cvt.u16.u64", "u16 u64", (2**16 + 9,), 9),
    ("cvt.rn.f64.s64", "u64 u64", (-3,), bits(-3.0)),
    ("cvt.rn.f64.s64", "u64 u64", (2**53 + 1,), bits(2.0**53)),
    ("cvt.rn.f64.s64", "u64 u64", (2**53 + 3,), bits(2.0**53 + 4)),
    ("cvt.rn.f64.u64", "u64 u64", (-1,), bits(2.0**64)),
    ("cvt.rn.f64.u16", "u64 u16", (2**16 - 1,), bits(65535.0)),
    ("cvta.to.global.u64", "u64 u64", (4096,), 4096),
    ("mov.b64", "u64 u64", (77,), 77),
    ("mov.b16", "u16 u16", (77,), 77),
]


@pytest.mark.parametrize("opcode, kinds, values, expected", WHOLE)
def test_whole_numbers(opcode, kinds, values, expected):
    assert computed(opcode, kinds.split(), values) == expected


TO_WHOLE = [
    ("s32", 1e10, 2**31 - 1),
    ("s32", -1e10, 2**31),
    ("s32", -1.9, 2**32 - 1),
    ("s32", 1.9, 1),
    ("s32", -0.0, 0),
    ("s32", INF, 2**31 - 1),
    ("s32", NAN, 2**31),
    ("u32", -1.0, 0),
    ("u32", 4e9, 4 * 10**9),
    ("u32", 5e9, 2**32 - 1),
    ("u32", NAN, 2**31),
    ("s64", 1e30, 2**63 - 1),
    ("s64", -1e30, 2**63),
    ("s64", -5.99, WIDE - 5),
    ("s64", 2.0**62, 2**62),
    ("s64", -INF, 2**63),
    ("s64", NAN, 2**63),
]


@pytest.mark.parametrize("kind, value, expected", TO_WHOLE)
def test_doubles_to_whole_numbers(kind, value, expected):
    assert computed(f"cvt.rzi.{kind}.f64", (kind, "f64"), (value,)) == expected


SMALLEST = 5e-324
DOUBLES = [
    ("add.rn.f64", (0.1, 0.2), 0.1 + 0.2),
    ("add.rn.f64", (1.0, 2.0**-53), 1.0),
    ("add.rn.f64", (1.0, 3 * 2.0**-53), 1.0 + 2.0**-51),
    ("add.rn.f64", (1e308, 1e308), INF),
    ("add.rn.f64", (-0.0, -0.0), -0.0),
    ("add.rn.f64", (-0.0, 0.0), 0.0),
    ("sub.rn.f64", (INF, INF), NAN),
    ("mul.rn.f64", (SMALLEST, 0.5), 0.0),
    ("mul.rn.f64", (-SMALLEST, 0.5), -0.0),
    ("mul.rn.f64", (2.0**-1022, 0.5), 2.0**-1023),
    ("mul.rn.f64", (0.0, INF), NAN),
    ("div.rn.f64", (1.0, 3.0), 1.0 / 3.0),
    ("div.rn.f64", (1.0, 0.0), INF),
    ("div.rn.f64", (1.0, -0.0), -INF),
    ("div.rn.f64", (-1.0, -0.0), INF),
    ("div.rn.f64", (-INF, 0.0), -INF),
    ("div.rn.f64", (0.0, 0.0), NAN),
    ("div.rn.f64", (0.0, -2.0), -0.0),
    ("div.rn.f64", (NAN, 0.0), NAN),
    ("rcp.rn.f64", (3.0,), 1.0 / 3.0),
    ("rcp.rn.f64", (-0.0,), -INF),
    ("rcp.rn.f64", (-INF,), -0.0),
    ("sqrt.rn.f64", (2.0,), math.sqrt(2.0)),
    ("sqrt.rn.f64", (-0.0,), -0.0),
    ("sqrt.rn.f64", (-1.0,), NAN),
    ("sqrt.rn.f64", (INF,), INF),
    ("sqrt.rn.f64", (NAN,), NAN),
    ("neg.f64", (0.0,), -0.0),
    ("abs.f64", (-0.0,), 0.0),
    ("abs.f64", (-INF,), INF),
    ("min.f64", (1.0, NAN), 1.0),
    ("min.f64", (NAN, 1.0), 1.0),
    ("min.f64", (NAN, NAN), NAN),
    ("min.f64", (0.0, -0.0), -0.0),
    ("min.f64", (-0.0, 0.0), -0.0),
    ("min.f64", (2.0, -3.0), -3.0),
    ("max.f64", (0.0, -0.0), 0.0),
    ("max.f64", (-0.0, 0.0), 0.0),
    ("max.f64", (NAN, -1.0), -1.0),
    ("max.f64", (2.0, -3.0), 2.0),
]


@pytest.mark.parametrize("opcode, values, expected", DOUBLES)
def test_doubles(opcode, values, expected):
    word = computed(opcode, ["f64"] * (1 + len(values)), values)
    assert math.isnan(double(word)) if math.isnan(expected) else word == bits(expected)


BELOW, SAME, ABOVE, NONE = (1.0, 2.0), (0.0, -0.0), (2.0, 1.0), (NAN, 1.0)
TRUE_FOR = {
    "eq": (SAME,),
    "ne": (BELOW, ABOVE),
    "lt": (BELOW,),
    "le": (BELOW, SAME),
    "gt": (ABOVE,),
    "ge": (ABOVE, SAME),
    "equ": (SAME, NONE),
    "neu": (BELOW, ABOVE, NONE),
    "ltu": (BELOW, NONE),
    "leu": (BELOW, SAME, NONE),
    "gtu": (ABOVE, NONE),
    "geu": (ABOVE, SAME, NONE),
    "num": (BELOW, SAME, ABOVE),
    "nan": (NONE,),
}


@pytest.mark.parametrize("name", TRUE_FOR)
def test_comparisons_of_doubles(name):
    for pair in (BELOW, SAME, ABOVE, NONE):
        found = computed(f"setp.{name}.f64", ("pred", "f64", "f64"), pair)
        assert found == any(pair is one for one in TRUE_FOR[name]), pair
    assert computed(f"setp.{name}.f64", ("pred", "f64", "f64"), (1.0, NAN)) == (NONE in TRUE_FOR[name])


@pytest.mark.parametrize(
    "opcode, size, pair, expected",
    [
        ("setp.lt.s64", 64, (-1, 1), 1),
        ("setp.lt.u64", 64, (-1, 1), 0),
        ("setp.ge.s64", 64, (-1, -1), 1),
        ("setp.gt.s64", 64, (-(2**63), 2**63 - 1), 0),
        ("setp.le.s64", 64, (-5, -4), 1),
        ("setp.gt.u64", 64, (2**63, 2**63 - 1), 1),
        ("setp.ge.u64", 64, (0, 0), 1),
        ("setp.lt.s32", 32, (2**31, 0), 1),
        ("setp.lt.u32", 32, (2**31, 0), 0),
        ("setp.eq.b64", 64, (7, 7), 1),
        ("setp.ne.b64", 64, (7, 7), 0),
        ("setp.eq.b32", 32, (2**32 + 7, 7), 1),
        ("setp.ne.b16", 16, (2**16 + 7, 8), 1),
    ],
)
def test_comparisons_of_whole_numbers(opcode, size, pair, expected):
    assert computed(opcode, ("pred", f"b{size}", f"b{size}"), pair) == expected
