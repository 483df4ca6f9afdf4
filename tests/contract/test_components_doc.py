"""The Python of docs/COMPONENTS.md runs, and prints what stands below it."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "COMPONENTS.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```\n\n((?:    [^\n]*\n)+)", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code, printed", BLOCK.findall(TEXT), ids=["bmi", "gym", "toolbox"])
def test_code_prints_what_the_page_says(code, printed, monkeypatch):
    needed = {"technopole.bmi": "bmipy", "technopole.gym": "gymnasium"}
    for module, package in needed.items():
        if module in code:
            pytest.importorskip(package, reason=f"needs {package}")
    monkeypatch.chdir(ROOT)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {})
    expected = [line[4:] for line in printed.splitlines()]
    assert out.getvalue().splitlines() == expected


def test_every_variable_group_of_the_interface_is_on_the_page():
    pytest.importorskip("bmipy", reason="needs bmipy")
    from technopole.bmi.variables import EXCHANGED, GRID_TYPES

    for place in {name.partition("__")[0] for name in EXCHANGED}:
        assert f"`{place}__" in TEXT, place
    rows = re.findall(r"^\| (\d) [a-z ,-]+ \|", TEXT, re.MULTILINE)
    assert [int(row) for row in rows] == list(GRID_TYPES)
