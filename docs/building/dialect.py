"""From the Markdown that code forges show to that of mkdocs, and formulas in plain text to readable ones."""

from __future__ import annotations

import re
from collections.abc import Callable

ITEM = re.compile(r"\s*(?:[-*]|\d+\.) ")
FENCED = r"^(?P<indent> *)(?P<fence>`{3,}|~{3,}).*?^(?P=indent)(?P=fence)[^\n]*$"
BLOCKS = re.compile(FENCED, re.DOTALL | re.MULTILINE)
CODE = re.compile(rf"{FENCED}|(?P<tick>`+)[^`].*?(?<!`)(?P=tick)(?!`)", re.DOTALL | re.MULTILINE)
"""The same, and code inside of a line."""
_INDEX = r"M|B|n|infra|univ|serv|fin|region|members|dest|parent|[ix](?![rkj])|[rkijlpqxa0-9XSER]['′rkij0-9]*"
LOWERED = re.compile(rf"(?<=[^\W_]|[\u0300-\u036f*)'])_(\{{[^{{}}\n]+\}}|(?:{_INDEX})(?![A-Za-z_{{]))")
RAISED = re.compile(r"(?<=[^\s^])\^(\{[^{}\n]+\}|−?[\w½¼.]+)")
RAISED_WITH_CODE = re.compile(r"(?<=[^\s^`])\^(`[^`\n]+`|\((?:[^()`\n]|`[^`\n]+`)+\))")


def with_blank_lines_before_lists(text: str) -> str:
    """Return the text with an empty line before every list that follows a paragraph directly."""

    def spaced(part: str) -> str:
        lines = part.split("\n")
        kept = lines[:1]
        for before, line in zip(lines, lines[1:], strict=False):
            starts = ITEM.match(line) and before.strip() and not before.startswith((" ", "#"))
            kept += ["", line] if starts and not ITEM.match(before) else [line]
        return "\n".join(kept)

    return outside(BLOCKS, spaced, text)


def with_raised_and_lowered(text: str) -> str:
    """Return the text with ``x_i`` and ``x^k`` outside of code as lowered and raised letters."""

    def set_letters(part: str) -> str:
        return _lowered(RAISED.sub(lambda found: f"<sup>{found[1].strip('{}')}</sup>", part))

    return outside(CODE, set_letters, RAISED_WITH_CODE.sub(r"<sup>\1</sup>", text))


def with_line_breaks(text: str) -> str:
    """Return the text with a line that ends a sentence or a formula also ended on the page."""
    return outside(BLOCKS, lambda part: re.sub(r"(?<=[.;:])\n(?=[^\s|#-])", "  \n", part), text)


def _lowered(text: str) -> str:
    return LOWERED.sub(lambda found: f"<sub>{_lowered(found[1].strip('{}'))}</sub>", text)


def outside(code_of: re.Pattern[str], change: Callable[[str], str], text: str) -> str:
    """Return the text with all that is not code changed."""
    parts, last = [], 0
    for code in code_of.finditer(text):
        parts += [change(text[last : code.start()]), code[0]]
        last = code.end()
    return "".join([*parts, change(text[last:])])
