"""What documents show of the output of a command, held against what is printed."""

LEFT_OUT = "…"
"""Alone on a line: lines left out; at its end: the rest of the line."""


def assert_shown(shown, printed):
    """Lines of a document stand in the output, in this order, and lines are left out only where the document says so.

    Blank lines, lines under headings and the widths of columns do not count, as they depend on the rows that are there.
    """
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    lines = [line for line in lines if line.strip("- ")]
    at, gap = 0, False
    for line in shown:
        if line.strip() == LEFT_OUT:
            gap = True
            continue
        places = range(at, len(lines) if gap else min(at + 1, len(lines)))
        found = next((place for place in places if _is(line, lines[place])), None)
        assert found is not None, (line, lines[at : at + 3])
        at, gap = found + 1, False
    assert gap or at == len(lines), f"not shown and not marked as left out: {lines[at:]}"


def _is(shown, printed):
    begin = " ".join(shown.removesuffix(LEFT_OUT).split())
    return printed.startswith(begin) if shown.endswith(LEFT_OUT) else printed == begin
