"""The machine for PTX: instructions with the results that NVIDIA's description of PTX gives them."""

import math
import struct

import numpy as np
import pytest

from ptx_machine import Machine, Wrong, run
from ptx_memory import Memory
from ptx_text import PtxError

HEAD = ".version 7.8\n.target sm_80\n.address_size 64\n"
INF, NAN = math.inf, math.nan
WIDE = 2**64
FRAME = """
.visible .entry launch_one(.param .u64 .ptr .align 1 out, .param .u64 in)
{
  .reg .pred %p<9>;
  .reg .b16 %rs<9>;
  .reg .b32 %r<9>;
  .reg .b64 %rd<30>;
"""


def entry(code, arrays=""):
    """Text of a program with one entry that has the address ``%rd1`` for results, ``%rd2`` for arguments."""
    head = FRAME.replace("(.param", "(\n.param").replace(", .param", ",\n.param").replace("in)", "in\n)")
    begin = "ld.param.b64 %rd1, [out];\nld.param.b64 %rd2, [in];\n"
    return f"{HEAD}{arrays}{head}{begin}{code}\nret;\n}}\n"


def outcome(code, inputs=(), results=1, **changes):
    """Words that a program stores at ``[%rd1]``, given words at ``[%rd2]``."""
    memory = Memory(2**16)
    out, given = memory.allocate(8 * results), memory.allocate(8 * max(len(inputs), 1))
    words = struct.pack(f"<{len(inputs)}Q", *(bits(value) for value in inputs))
    memory.view(given, len(words))[:] = list(words)
    memory.mark(given, len(words))
    run(entry(code, **changes), (out, given), memory=memory)
    return np.frombuffer(memory.view(out, 8 * results).tobytes(), dtype=np.uint64).tolist()


def bits(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0] if isinstance(value, float) else value % WIDE


def double(word):
    return struct.unpack("<d", struct.pack("<Q", word))[0]


def letters(kind):
    """How a value of a type gets from memory into a register and back."""
    size = kind[1:]
    register = {"16": "%rs", "32": "%r", "64": "%rd"}[size]
    return register, size


def computed(opcode, kinds, values):
    """Result of one instruction; ``kinds``: type of the result, then of the operands."""
    code = []
    names = []
    for place, kind in enumerate(kinds[1:]):
        register, size = letters(kind)
        names.append(f"{register}{place + 5 if register != '%rd' else place + 10}")
        code.append(f"ld.global.b{size} {names[-1]}, [%rd2+{8 * place}];")
    if kinds[0] == "pred":
        code.append(
            f"{opcode} %p1, {', '.join(names)};\nselp.b64 %rd20, 1, 0, %p1;\nst.global.b64 [%rd1], %rd20;"
        )
    else:
        register, size = letters(kinds[0])
        code.append(f"st.global.b64 [%rd1], 0;\n{opcode} {register}3, {', '.join(names)};")
        code.append(f"st.global.b{size} [%rd1], {register}3;")
    return outcome("\n".join(code), values)[0]


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


def test_immediates_of_every_kind():
    code = """
        setp.gt.s64 %p1, %rd2, -1;
        selp.f64 %rd3, 0dBFF0000000000000, 0d7FF0000000000000, %p1;
        st.global.b64 [%rd1], %rd3;
        mov.b64 %rd4, 0d3FF8000000000000;
        add.rn.f64 %rd5, %rd4, 0d3FF8000000000000;
        st.global.b64 [%rd1+8], %rd5;
        add.s64 %rd6, %rd4, 1;
        st.global.b64 [%rd1+16], %rd6;
        add.s64 %rd7, %rd1, 64;
        st.global.b64 [%rd7+-40], -3;
        mov.b64 %rd8, 5;
        add.rn.f64 %rd9, %rd8, 0dFFF0000000000000;
        st.global.b64 [%rd1+32], %rd9;
        mov.b64 %rd10, 0d8000000000000000;
        st.global.b64 [%rd1+40], %rd10;
    """
    words = outcome(code, results=6)
    assert [double(words[place]) for place in (0, 1, 4)] == [-1.0, 3.0, -INF]
    assert words[2] == bits(1.5) + 1 and words[3] == WIDE - 3 and words[5] == 2**63


def test_bits_of_a_double_and_a_double_of_bits():
    code = """
        ld.global.b64 %rd3, [%rd2];
        add.rn.f64 %rd4, %rd3, %rd3;
        shr.u64 %rd5, %rd4, 52;
        st.global.b64 [%rd1], %rd5;
        shl.b64 %rd6, %rd5, 52;
        mov.b64 %rd7, %rd6;
        mul.rn.f64 %rd8, %rd7, %rd4;
        st.global.b64 [%rd1+8], %rd8;
        xor.b64 %rd9, %rd8, %rd8;
        st.global.b64 [%rd1+16], %rd9;
    """
    words = outcome(code, (0.75,), results=3)
    assert words[0] == 1023 and double(words[1]) == 1.5 and words[2] == 0


def test_predicates():
    code = """
        setp.eq.b64 %p1, %rd2, %rd2;
        setp.ne.b64 %p2, %rd2, %rd2;
        and.pred %p3, %p1, %p2;
        or.pred %p4, %p1, %p2;
        xor.pred %p5, %p1, %p1;
        not.pred %p6, %p5;
        mov.b64 %rd3, 0;
        @%p3 add.s64 %rd3, %rd3, 1;
        @%p4 add.s64 %rd3, %rd3, 2;
        @%p5 add.s64 %rd3, %rd3, 4;
        @!%p5 add.s64 %rd3, %rd3, 8;
        @%p6 add.s64 %rd3, %rd3, 16;
        st.global.b64 [%rd1], %rd3;
    """
    assert outcome(code) == [2 + 8 + 16]


def test_narrow_loads_and_stores():
    code = """
        ld.global.s16 %rd3, [%rd2];
        ld.global.b16 %rs3, [%rd2];
        ld.global.b8 %rs4, [%rd2+1];
        ld.global.s32 %rd4, [%rd2+4];
        ld.global.b32 %rd5, [%rd2+4];
        st.global.b64 [%rd1], %rd3;
        st.global.b64 [%rd1+8], %rd4;
        st.global.b64 [%rd1+16], %rd5;
        cvt.u64.u16 %rd6, %rs3;
        st.global.b64 [%rd1+24], %rd6;
        cvt.u64.u16 %rd7, %rs4;
        st.global.b64 [%rd1+32], %rd7;
        st.global.b64 [%rd1+40], 0;
        st.global.b32 [%rd1+40], %rd3;
        st.global.b8 [%rd1+44], %rs3;
    """
    words = outcome(code, (0x80000001_00008034,), results=6)
    assert words[0] == WIDE - 2**15 + 0x34 and words[1] == WIDE - 2**31 + 1 and words[2] == 2**31 + 1
    assert words[3:5] == [0x8034, 0x80] and words[5] == 0x34_FFFF8034


def test_loops_and_tables():
    code = """
        ld.global.b32 %r1, [%rd2];
        mov.b64 %rd3, 0;
        mov.b64 %rd4, 0;
    $again:
        add.s64 %rd3, %rd3, %rd4;
        add.s64 %rd4, %rd4, 1;
        setp.lt.s64 %p1, %rd4, 10;
        @%p1 bra $again;
        $table: .branchtargets
            $first,
            $second,
            $first;
        brx.idx %r1, $table;
    $first:
        st.global.b64 [%rd1], %rd3;
        bra.uni $end;
    $second:
        st.global.b64 [%rd1], 7;
    $end:
    """
    assert [outcome(code, (place,))[0] for place in range(3)] == [45, 7, 45]
    with pytest.raises(Wrong, match="out of range"):
        outcome(code, (3,))


def test_arrays_and_additions():
    array = ".global .align 8 .b8 numbers[24] = {1, 0, 0, 0, 0, 0, 0, 0, 2, 1};\n"
    code = """
        mov.b64 %rd3, numbers;
        ld.global.b64 %rd4, [%rd3];
        st.global.b64 [%rd1], %rd4;
        ld.global.nc.b64 %rd5, [numbers+8];
        st.global.b64 [%rd1+8], %rd5;
        ld.global.b64 %rd6, [%rd3+16];
        st.global.b64 [%rd1+16], %rd6;
        atom.global.add.u64 %rd7, [%rd2], -1;
        st.global.b64 [%rd1+24], %rd7;
        atom.global.add.u64 %rd7, [%rd2], 3;
        st.global.b64 [%rd1+32], %rd7;
    """
    assert outcome(code, (0,), results=5, arrays=array) == [1, 258, 0, 0, WIDE - 1]


PLACE = """
    mov.u32 %r1, %ctaid.x;
    mov.u32 %r2, %ntid.x;
    mov.u32 %r3, %tid.x;
    mad.lo.s32 %r4, %r1, %r2, %r3;
    mov.u32 %r5, %ctaid.y;
    mov.u32 %r6, %ntid.y;
    mov.u32 %r7, %tid.y;
    mad.lo.s32 %r5, %r5, %r6, %r7;
    mov.u32 %r6, %nctaid.x;
    mul.lo.s32 %r6, %r6, %r2;
    mad.lo.s32 %r4, %r5, %r6, %r4;
    mul.wide.u32 %rd3, %r4, 8;
    add.s64 %rd4, %rd1, %rd3;
"""


@pytest.mark.parametrize(
    "grid, block", [((1, 1), (1, 1)), ((3, 1), (4, 1)), ((2, 3), (2, 2)), ((1, 2), (1, 3))]
)
def test_every_thread_runs_once_and_knows_its_place(grid, block):
    count = math.prod((*grid, *block))
    memory = Memory(2**16)
    out = memory.allocate(8 * count)
    run(entry(PLACE + "st.global.b64 [%rd4], %rd3;"), (out, 0), grid, block, memory)
    words = np.frombuffer(memory.view(out, 8 * count).tobytes(), dtype=np.uint64)
    assert np.array_equal(words, 8 * np.arange(count))


RACES = [
    ("st.global.b64 [%rd1], %rd3;", "another thread has written something else"),
    ("st.global.b64 [%rd1], 1;\nld.global.b64 %rd5, [%rd1];", "another thread has"),
    ("st.global.b64 [%rd4], 1;\nld.global.b64 %rd5, [%rd1];", "another thread has"),
    ("ld.global.nc.b64 %rd5, [%rd4];\nst.global.b64 [%rd4], 1;", "read as a constant"),
    ("st.global.b64 [%rd4], 1;\nld.global.nc.b64 %rd5, [%rd4];", "read as a constant"),
    ("atom.global.add.u64 %rd5, [%rd1], 1;\nld.global.b64 %rd6, [%rd1];", "another thread has written it"),
    (
        "atom.global.add.u64 %rd5, [%rd1], 1;\nst.global.b64 [%rd4], 1;",
        "has written|has read|was read or written",
    ),
]


@pytest.mark.parametrize("code, message", RACES)
def test_races_are_found_in_any_order(code, message):
    for seed in range(6):
        memory = Memory(2**16)
        out = memory.allocate(8 * 4)
        memory.view(out, 32)[:] = 0
        memory.mark(out, 32)
        machine = Machine(entry(PLACE + code), memory)
        with pytest.raises(Wrong, match=message):
            machine.launch("launch_one", (1, 1), (4, 1), (out, 0), seed)


@pytest.mark.parametrize(
    "code, result", [("atom.global.add.u64 %rd5, [%rd1], 2;", 20), ("st.global.b64 [%rd1], 1;", 1)]
)
def test_additions_and_the_same_word_of_several_threads_are_no_race(code, result):
    memory = Memory(2**16)
    out = memory.allocate(8)
    memory.view(out, 8)[:] = 0
    memory.mark(out, 8)
    run(entry(code), (out, 0), (2, 1), (5, 1), memory)
    assert memory.view(out, 8).tolist() == [result, 0, 0, 0, 0, 0, 0, 0]


MISTAKES = [
    ("ld.global.b64 %rd3, [%rd1];", "line 16.*was not written"),
    ("ld.global.b64 %rd3, [%rd1+8];", "was not allocated"),
    ("ld.global.b64 %rd3, [%rd1+-8];", "was not allocated"),
    ("st.global.b64 [%rd1+8], 0;", "was not allocated"),
    ("st.global.b64 [%rd1+4], 0;", "no multiple"),
    ("mov.b64 %rd3, 64;\nld.global.b64 %rd4, [%rd3];", "was not allocated"),
    ("add.s64 %rd3, %rd4, 1;\nst.global.b64 [%rd1], %rd3;", "i_rd4"),
    ("mov.b64 %rd3, 0;\ndiv.s64 %rd4, %rd1, %rd3;", "/ 0"),
    ("mov.b64 %rd3, -5;\nrem.s64 %rd4, %rd3, 3;", "-5 modulo 3"),
    ("$forever:\nbra.uni $forever;", "too long"),
]


@pytest.mark.parametrize("code, message", MISTAKES)
def test_what_a_thread_must_not_do(code, message, monkeypatch):
    monkeypatch.setattr("ptx_translation.LONGEST", 1000)
    with pytest.raises(Wrong, match=message):
        outcome(code)


@pytest.mark.parametrize(
    "code, message",
    [
        ("fma.rn.f64 %rd3, %rd4, %rd5, %rd6;", "fma.rn.f64 is not known"),
        ("add.f64 %rd3, %rd4, %rd5;", "add.f64 is not known"),
        ("add.rz.f64 %rd3, %rd4, %rd5;", "add.rz.f64 is not known"),
        ("div.approx.f64 %rd3, %rd4, %rd5;", "is not known"),
        ("setp.lt.b64 %p1, %rd4, %rd5;", "is not known"),
        ("add.s64 %rd3, %r1, %rd5;", "%r1 has 32 bits where"),
        ("add.s64 %rd3, %rd30, %rd5;", "%rd30 is not declared"),
        ("add.s64 %rd3, %rd4;", "takes 2 operands"),
        ("bra.uni $nowhere;", "no label"),
        ("setp.eq.b64 %p1, %rd1, 0;\n@%p1 bra.uni $here;\n$here:", "not the same for all threads"),
        ("vote.all.pred %p1, %p2;", "is not known"),
        ("add.rn.f64 %rd3, %rd4, 1;", "no operand of type"),
        ("ld.shared.b64 %rd3, [%rd1];", "is not known"),
    ],
)
def test_what_is_not_known_is_refused(code, message):
    with pytest.raises(PtxError, match=message):
        outcome(code)


def test_what_was_not_run_is_known():
    code = "setp.eq.b64 %p1, %rd1, 0;\n@%p1 bra $here;\nadd.s64 %rd3, %rd1, 1;\nret;\n$here:\nneg.s64 %rd4, %rd1;"
    memory = Memory(2**16)
    count, missing = run(entry(code), (8, 0), memory=memory).executed()
    assert count["add.s64"] == 1 and count["neg.s64"] == 0 and list(missing.values()) == ["neg.s64", "ret"]
