"""Reading machine code: the functions of an assembly listing and their loops."""

import re

LABEL = re.compile(r"(\.L\w+):")
FUNCTION = re.compile(r"([A-Za-z_$][\w.$]*):")
JUMP = re.compile(r"(j\w+)\s+(\.L\w+)")
WIDE = re.compile(r"v(add|sub|mul|div)pd\s.*%?[yz]mm|vpmuludq\s.*%?[yz]mm")
"""Arithmetic on four or more doubles, or four or more 64-bit products, at once."""


def functions(listing):
    """Lines of every function of a listing in x86 assembly, by symbol."""
    found = {}
    current = None
    for line in listing.splitlines():
        start = FUNCTION.match(line)
        if start:
            current = found.setdefault(start.group(1), [])
        elif current is not None:
            current.append(line.strip())
    return found


def _blocks(lines):
    """Basic blocks as (label, instructions)."""
    blocks = [("entry", [])]
    for line in lines:
        label = LABEL.match(line)
        if label:
            blocks.append((label.group(1), []))
        elif line and not line.startswith((".", "#")):
            blocks[-1][1].append(line)
            if re.match(r"(j\w+|ret\w*)\b", line):
                blocks.append((f"after {len(blocks)}", []))
    return blocks


def _successors(blocks):
    place = {label: number for number, (label, _) in enumerate(blocks)}
    following = []
    for number, (_, code) in enumerate(blocks):
        last = code[-1] if code else ""
        jump = JUMP.match(last)
        targets = {place[jump.group(2)]} if jump and jump.group(2) in place else set()
        ends = last.startswith(("ret", "jmp"))
        if not ends and number + 1 < len(blocks):
            targets.add(number + 1)
        following.append(targets)
    return following


def _reverse_postorder(following):
    order, seen, stack = [], {0}, [(0, iter(following[0]))]
    while stack:
        block, targets = stack[-1]
        new = next((target for target in targets if target not in seen), None)
        if new is None:
            order.append(block)
            stack.pop()
        else:
            seen.add(new)
            stack.append((new, iter(following[new])))
    return order[::-1]


def _dominators(order, preceding):
    """Return the immediate dominator of every block (Cooper, Harvey and Kennedy 2001)."""
    rank = {block: number for number, block in enumerate(order)}
    above = {0: 0}
    changed = True
    while changed:
        changed = False
        for block in order[1:]:
            known = [one for one in preceding[block] if one in above]
            best = known[0]
            for one in known[1:]:
                while one != best:
                    if rank[one] > rank[best]:
                        one = above[one]
                    else:
                        best = above[best]
            if above.get(block) != best:
                above[block] = best
                changed = True
    return above


def loops(lines):
    """Instructions of every natural loop of a function."""
    blocks = _blocks(lines)
    following = _successors(blocks)
    order = _reverse_postorder(following)
    preceding = {block: [] for block in order}
    for block in order:
        for target in following[block]:
            preceding[target].append(block)
    above = _dominators(order, preceding)

    def dominates(head, block):
        while block not in (head, 0):
            block = above[block]
        return block == head

    bodies = {}
    for block in order:
        for head in following[block]:
            if dominates(head, block):
                body, waiting = bodies.setdefault(head, {head}), [block]
                while waiting:
                    one = waiting.pop()
                    if one not in body:
                        body.add(one)
                        waiting.extend(preceding[one])
    return [[line for number in sorted(body) for line in blocks[number][1]] for body in bodies.values()]


def has_call(loop):
    """Whether a loop calls another function."""
    return any(line.startswith("call") for line in loop)


def has_wide_arithmetic(loop):
    """Whether a loop computes with vectors of at least 256 bits."""
    return any(WIDE.match(line) for line in loop)
