"""PTX as text, read into entries of instructions: the part of the language that LLVM writes for this project.

Whatever is not known is refused. The meaning of instructions is in `ptx_rules`.
"""

import re
from dataclasses import dataclass, field

MARKS = re.compile(r"//[^\n]*")
ARRAY = re.compile(r"\.(?:global|const) \.align (\d+) \.b8 ([\w$]+)\[(\d+)\] = \{([\d, ]+)\}$")
ENTRY = re.compile(r"\.visible \.entry ([\w$]+)\($")
PARAMETER = re.compile(r"\.param \.u64 (?:\.ptr (?:\.global )?\.align \d+ )?([\w$]+),?$")
REGISTERS = re.compile(r"\.reg \.(pred|b16|b32|b64) (%[a-z]+)<(\d+)>$")
LABEL = re.compile(r"([\w$]+):$")
TABLE = re.compile(r"([\w$]+): \.branchtargets ([\w$, ]+)$")
INSTRUCTION = re.compile(r"(?:@(!?)(%p\d+) )?([a-z][\w.]*)(?: (.*))?$")
IGNORED = re.compile(
    r'\.(?:version \d\.\d|target sm_\d+|address_size 64|pragma "nounroll"|max(?:ntid|nreg) [\d, ]+|visible)$'
)
WIDTHS = {"pred": 1, "b16": 16, "b32": 32, "b64": 64}


class PtxError(Exception):
    """The text is not PTX as it is known here, or has no defined meaning."""


@dataclass(frozen=True)
class Instruction:
    """One instruction; ``guard`` is the predicate it depends on and the value that this must have."""

    line: int
    opcode: str
    operands: tuple[str, ...]
    guard: tuple[str, bool] | None


@dataclass
class Entry:
    """A kernel: instructions, the places of labels among them, tables of `brx.idx`, widths of registers."""

    name: str
    parameters: list[str] = field(default_factory=list)
    widths: dict[str, tuple[int, int]] = field(default_factory=dict)
    instructions: list[Instruction] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    tables: dict[str, list[str]] = field(default_factory=dict)

    def width(self, register):
        """Bits of a register; 1 for a predicate."""
        kind, number = re.fullmatch(r"(%[a-z]+)(\d+)", register).groups()
        width, count = self.widths.get(kind, (0, 0))
        if int(number) >= count:
            raise PtxError(f"{self.name}: register {register} is not declared")
        return width


@dataclass
class Module:
    """Entries by name, and arrays of constants as (alignment, bytes)."""

    entries: dict[str, Entry]
    arrays: dict[str, tuple[int, bytes]]


def parse(text):
    """Return the `Module` of a text, or raise `PtxError`."""
    module, entry = Module({}, {}), None
    for number, statement in _statements(text):
        if entry is None:
            entry = _outside(module, number, statement)
        elif statement == "}":
            _check(entry)
            entry = None
        elif statement not in (")", "{") and not _declaration(entry, statement):
            entry.instructions.append(_instruction(number, statement))
    if entry is not None:
        raise PtxError(f"{entry.name} does not end")
    return module


def _statements(text):
    """Yield (line, statement): to the next semicolon, but labels, braces and heads of entries for themselves."""
    waiting, begin = "", 0
    for number, line in enumerate(MARKS.sub("", text).splitlines(), 1):
        line = " ".join(line.split())
        if not line:
            continue
        if not waiting:
            begin = number
        waiting = f"{waiting} {line}".strip()
        alone = LABEL.match(waiting) or ENTRY.match(waiting) or PARAMETER.match(waiting) or waiting in "(){}"
        if line.endswith(";") or alone or IGNORED.match(waiting):
            yield begin, waiting.rstrip(";").rstrip()
            waiting = ""
    if waiting:
        raise PtxError(f"line {begin}: {waiting!r} does not end")


def _outside(module, number, statement):
    """Read a statement outside of entries; return the entry that begins with it, if one does."""
    if IGNORED.match(statement):
        return None
    if found := ARRAY.match(statement):
        alignment, name, size, values = found.groups()
        content = bytes(map(int, values.split(",")))
        if len(content) > int(size):
            raise PtxError(f"line {number}: {name} has more than {size} bytes")
        module.arrays[name] = int(alignment), content.ljust(int(size), b"\0")
        return None
    if not (found := ENTRY.match(statement)):
        raise PtxError(f"line {number}: {statement!r} is not known")
    module.entries[found[1]] = Entry(found[1])
    return module.entries[found[1]]


def _declaration(entry, statement):
    """Take what is no instruction; return whether it was that."""
    if found := PARAMETER.match(statement):
        entry.parameters.append(found[1])
    elif found := REGISTERS.match(statement):
        entry.widths[found[2]] = WIDTHS[found[1]], int(found[3])
    elif found := LABEL.match(statement):
        if found[1] in entry.labels:
            raise PtxError(f"{entry.name}: label {found[1]} stands twice")
        entry.labels[found[1]] = len(entry.instructions)
    elif found := TABLE.match(statement):
        entry.tables[found[1]] = found[2].replace(" ", "").split(",")
    else:
        return IGNORED.match(statement) is not None
    return True


def _instruction(number, statement):
    found = INSTRUCTION.match(statement)
    if not found:
        raise PtxError(f"line {number}: {statement!r} is not known")
    negated, predicate, opcode, operands = found.groups()
    given = tuple(operand.strip() for operand in operands.split(",")) if operands else ()
    return Instruction(number, opcode, given, (predicate, not negated) if predicate else None)


def _check(entry):
    """Every jump must lead somewhere, and the last instruction must not run out of the entry."""
    targets = [label for table in entry.tables.values() for label in table]
    targets += [one.operands[0] for one in entry.instructions if one.opcode in ("bra", "bra.uni")]
    for target in targets:
        if entry.labels.get(target, len(entry.instructions)) >= len(entry.instructions):
            raise PtxError(f"{entry.name}: there is no label {target}")
    last = entry.instructions[-1] if entry.instructions else None
    if last is None or last.guard or last.opcode not in ("ret", "exit", "bra", "bra.uni", "brx.idx"):
        raise PtxError(f"{entry.name} does not end with a return or a jump")
