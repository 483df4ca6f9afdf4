"""The machine for PTX: programs of several instructions, threads, memory, and what is refused."""

import math

import numpy as np
import pytest

from ptx_machine import Machine, Wrong, run
from ptx_memory import Memory
from ptx_snippets import WIDE, bits, double, entry, outcome
from ptx_text import PtxError

INF = math.inf


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
    ("exit;", "where none should come"),
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
