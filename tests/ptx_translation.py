"""From an entry of PTX to the text of a function of Python that does the same.

Registers are variables, labels the cases of a loop. A register of 64 bits may hold a whole number and a double; it has a
variable for each of the two that somebody reads, and what is only copied is copied as what it is read as later.
"""

import re
import struct
from collections import defaultdict

from ptx_rules import PtxError, Rule, rule_of

LONGEST = 2 * 10**6
"""Jumps of one thread; more are taken for an endless loop."""
SPECIAL = {
    f"%{name}.{axis}": f"{name}_{axis}" for name in ("ctaid", "nctaid", "tid", "ntid") for axis in "xy"
}
ACCESS = re.compile(r"(ld|st)\.(global|global\.nc|param)\.([bsu])(8|16|32|64)")
ADDITION = re.compile(r"atom\.global\.add\.(?:u32|u64|s32)")
ADDRESS = re.compile(r"\[(%rd\d+|[\w$]+)(?:\+(-?\d+))?\]")
JUMPS = ("bra", "bra.uni", "brx.idx", "ret", "exit")


class Translation:
    """From one entry to the text of a function."""

    def __init__(self, entry, arrays):
        self.entry, self._arrays = entry, arrays
        self._rules = [self._rule(one) for one in entry.instructions]
        self._read = self._variables()

    # ------------------------------------------------------------------------------------- kinds of variables

    def _rule(self, one):
        """Rule of an instruction; of those that are no expression only the types."""
        if one.opcode in JUMPS:
            operands = ("u32",) if one.opcode == "brx.idx" else ()
            return Rule("", operands, "")
        if found := ACCESS.fullmatch(one.opcode):
            kind = found[3] + found[4]
            loads = found[1] == "ld"
            return Rule(kind if loads else "", () if loads else (kind,), "", copy=kind == "b64")
        if ADDITION.fullmatch(one.opcode):
            return Rule(one.opcode[-3:], (one.opcode[-3:],), "")
        return rule_of(one.opcode)

    def _variables(self):
        """Whether a register of 64 bits is read as a whole number (i), as a double (f), or as both."""
        read = defaultdict(set)
        stored = []
        for one, rule in zip(self.entry.instructions, self._rules, strict=True):
            for operand, kind in self._given(one, rule):
                if operand.startswith("%rd") and not (rule.copy and kind == "b64"):
                    read[operand].add("f" if kind == "f64" else "i")
            for register in re.findall(r"\[(%rd\d+)", " ".join(one.operands)):
                read[register].add("i")
            if rule.copy and not rule.result:
                stored.append(one.operands[1])
        self._spread(read)
        doubles = {
            one.operands[0]
            for one, rule in zip(self.entry.instructions, self._rules, strict=True)
            if rule.result == "f64"
        }
        for register in stored:  # what is only stored may be either
            if register.startswith("%rd") and not read[register]:
                read[register].add("f" if register in doubles else "i")
        self._spread(read)
        return read

    def _spread(self, read):
        """What is copied is read as its copies are."""
        changed = True
        while changed:
            changed = False
            for one, rule in zip(self.entry.instructions, self._rules, strict=True):
                if rule.copy and rule.result:
                    for operand, kind in self._given(one, rule):
                        if operand.startswith("%rd") and kind == "b64":
                            changed |= not read[one.operands[0]] <= read[operand]
                            read[operand] |= read[one.operands[0]]

    def _given(self, one, rule):
        """Operands that are values, with their types."""
        if one.opcode.startswith(("ld", "atom", "brx")):
            given = one.operands[2:] if one.opcode.startswith("atom") else one.operands[:1]
            return list(zip(given, rule.operands, strict=False)) if not one.opcode.startswith("ld") else []
        given = one.operands[1:]
        if len(given) != len(rule.operands):
            if one.opcode in ("bra", "bra.uni", "ret", "exit"):
                return []
            raise PtxError(f"line {one.line}: {one.opcode} takes {len(rule.operands)} operands")
        return list(zip(given, rule.operands, strict=True))

    # ------------------------------------------------------------------------------------------------ operands

    def _value(self, operand, kind, loose=False, form=None):
        """Expression for an operand of some type; ``loose``: the register may be wider."""
        if operand in SPECIAL:
            self._same(operand, 32, kind, loose)
            return SPECIAL[operand]
        if operand.startswith("%"):
            return self._register(operand, kind, loose, form)
        if operand in self._arrays and kind in ("b64", "u64"):
            return f"symbols[{operand!r}]"
        return self._immediate(operand, kind, form)

    def _register(self, operand, kind, loose, form):
        width = self.entry.width(operand)
        self._same(operand, width, kind, loose)
        if kind == "pred":
            return f"p_{operand[1:]}"
        if kind == "f64" or form == "f":
            return f"f_{operand[1:]}"
        name, size = f"i_{operand[1:]}", int(kind[1:])
        if width > size:
            name = f"({name} & {(1 << size) - 1})"
        sign = 1 << size - 1
        return f"(({name} ^ {sign}) - {sign})" if kind[0] == "s" else name

    def _same(self, operand, width, kind, loose):
        size = 1 if kind == "pred" else int(kind[1:])
        if width != size and not (loose and width > size):
            raise PtxError(f"{self.entry.name}: {operand} has {width} bits where .{kind} is asked for")

    def _immediate(self, operand, kind, form):
        if re.fullmatch(r"0d[0-9A-Fa-f]{16}", operand):
            bits = int(operand[2:], 16)
            if kind != "f64" and form != "f":
                return str(bits)
            value = struct.unpack("<d", struct.pack("<Q", bits))[0]
            return f"({value!r})" if abs(value) < float("inf") else f"number({bits})"
        if not re.fullmatch(r"-?\d+", operand) or kind in ("f64", "pred"):
            raise PtxError(f"{self.entry.name}: {operand} is no operand of type .{kind}")
        value = int(operand) % (1 << int(kind[1:]))
        if form == "f":
            return f"number({value})"
        if kind[0] == "s" and value >> int(kind[1:]) - 1:
            value -= 1 << int(kind[1:])
        return f"({value})"

    def _address(self, operand):
        found = ADDRESS.fullmatch(operand)
        if not found:
            raise PtxError(f"{self.entry.name}: {operand} is no address")
        base = self._value(found[1], "u64")
        return f"{base} + {int(found[2])} & {2**64 - 1}" if found[2] else base

    # ---------------------------------------------------------------------------------------------- statements

    def _statements(self, one, rule):
        """Statements of an instruction that does not jump."""
        opcode = one.opcode
        if found := ACCESS.fullmatch(opcode):
            yield from self._access(one, *found.groups())
            return
        target = one.operands[0]
        if ADDITION.fullmatch(opcode):
            kind, size = "u" + opcode[-2:], int(opcode[-2:])
            call = f"additions_{size // 8}({self._address(one.operands[1])}, {self._value(one.operands[2], kind)})"
            yield from self._assign(target, "i", call, size, False)
            return
        given, loose = self._given(one, rule), opcode.startswith("cvt.")
        if rule.result == "pred":
            self._same(target, self.entry.width(target), "pred", False)
            yield f"p_{target[1:]} = {self._expression(rule, given, loose)}"
        elif rule.copy:
            for form in sorted(self._read[target]):
                yield f"{form}_{target[1:]} = {self._expression(rule, given, loose, form)}"
        else:
            size = int(rule.result[1:])
            form = "f" if rule.result == "f64" else "i"
            signed = rule.result[0] == "s" and loose
            yield from self._assign(target, form, self._expression(rule, given, loose), size, loose, signed)

    def _expression(self, rule, given, loose, form=None):
        values = [
            self._value(operand, kind, loose, form if kind == "b64" else None) for operand, kind in given
        ]
        return rule.expression.format(*values)

    def _access(self, one, name, space, sign, size):
        width = int(size) // 8
        if name == "st":
            target, value = one.operands
            form = None
            if sign + size == "b64" and value.startswith("%rd") and "f" in self._read[value]:
                form = "f"
            suffix = "f64" if form else width
            given = self._value(value, f"u{size}", loose=True, form=form)
            yield f"stores_{suffix}({self._address(target)}, {given})"
            return
        target, source = one.operands
        if space == "param":
            place = self.entry.parameters.index(source[1:-1])
            yield from self._assign(target, "i", f"arguments[{place}]", int(size), False)
            return
        call = "constants" if space == "global.nc" else "loads"
        if sign + size == "b64" and self._read[target] == {"f"}:
            yield f"f_{target[1:]} = {call}_f64({self._address(source)})"
            return
        signed = sign == "s"
        yield from self._assign(
            target, "i", f"{call}_{width}({self._address(source)})", int(size), True, signed
        )

    def _assign(self, target, form, expression, size, loose, signed=False):
        """Set a register, which may be wider than what is assigned if ``loose``."""
        width = self.entry.width(target)
        self._same(target, width, f"b{size}", loose)
        if signed and width > size:
            sign = 1 << size - 1
            expression = f"(({expression}) ^ {sign}) - {sign} & {(1 << width) - 1}"
        name = target[1:]
        yield f"{form}_{name} = {expression}"
        if width == 64:
            if form == "i" and "f" in self._read[target]:
                yield f"f_{name} = number(i_{name})"
            if form == "f" and "i" in self._read[target]:
                yield f"i_{name} = bits(f_{name})"

    # ------------------------------------------------------------------------------------------------ function

    def function(self):
        """Lines as (text, line of the PTX), and pieces of instructions that are run together."""
        starts = sorted({0, *self.entry.labels.values()})
        numbers = {start: number for number, start in enumerate(starts)}
        labels = {label: numbers[start] for label, start in self.entry.labels.items()}
        pieces, cases = [], []
        for number, start in enumerate(starts):
            end = starts[number + 1] if number + 1 < len(starts) else len(self.entry.instructions)
            cases.append(self._case(range(start, end), number, labels, pieces))
        head = "def run(hits, arguments, ctaid_x, ctaid_y, grid, tid_x, tid_y, block):"
        lines = [
            (head, 0),
            (" nctaid_x, nctaid_y = grid", 0),
            (" ntid_x, ntid_y = block", 0),
            (" place = 0", 0),
            (f" for _ in range({LONGEST}):", 0),
            *_choice(cases, 0, "  "),
            (" endless()", 0),
        ]
        return lines, pieces

    def _case(self, places, number, labels, pieces):
        """Statements from a label to the next."""
        lines, fresh = [], True
        for place in places:
            one, rule = self.entry.instructions[place], self._rules[place]
            if fresh:
                lines.append((f"hits[{len(pieces)}] += 1", one.line))
                pieces.append([])
            pieces[-1].append(one)
            fresh = one.opcode in JUMPS
            if one.opcode == "ret":
                statements = ["return"]
            elif one.opcode == "exit":  # written where the code's author was sure that nobody comes
                statements = ["unreachable()"]
            elif one.opcode == "brx.idx":
                table = tuple(labels[label] for label in self.entry.tables[one.operands[1]])
                statements = [f"place = {table}[{self._value(one.operands[0], 'u32')}]", "continue"]
            elif fresh:
                if one.opcode == "bra.uni" and one.guard:
                    raise PtxError(f"line {one.line}: a jump that is not the same for all threads")
                statements = [f"place = {labels[one.operands[0]]}", "continue"]
            else:
                statements = list(self._statements(one, rule))
            if one.guard:
                predicate, value = one.guard
                name = self._value(predicate, "pred")
                lines.append((f"if {name}:" if value else f"if not {name}:", one.line))
                statements = [" " + text for text in statements]
            lines += [(text, one.line) for text in statements]
        lines.append((f"place = {number + 1}", 0))
        return lines


def _choice(cases, first, indent):
    """Nested conditions that lead to the case of a place."""
    if len(cases) == 1:
        return [(indent + text, line) for text, line in cases[0]]
    half = len(cases) // 2
    return [
        (f"{indent}if place < {first + half}:", 0),
        *_choice(cases[:half], first, indent + " "),
        (f"{indent}else:", 0),
        *_choice(cases[half:], first + half, indent + " "),
    ]
