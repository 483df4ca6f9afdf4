"""Small programs of PTX, and what they store: shared by the tests of the machine for it."""

import struct

import numpy as np

from ptx_machine import run
from ptx_memory import Memory

HEAD = ".version 7.8\n.target sm_80\n.address_size 64\n"
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
