"""docs/INDICATORS.md names every indicator, and its examples give what it says."""

import ast
import re
from pathlib import Path

import numpy as np
from numpy.testing import assert_allclose

from technopole import indicators

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "INDICATORS.md").read_text(encoding="utf-8")
RUN, ARRAYS, FROZEN = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_every_indicator_has_its_row():
    rows = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    assert sorted(rows) == sorted(set(indicators.__all__) - {"GRADES"})


def test_examples_give_what_is_written():
    names: dict = {}
    exec(ARRAYS, names)
    examples = re.findall(r"\| `(ti\.[^|]*?)` → `([^`]*)` \|$", TEXT, re.MULTILINE)
    assert len(examples) == TEXT.count("→ `")
    for call, expected in examples:
        found = np.asarray(eval(call, names), dtype=float)
        assert_allclose(found, ast.literal_eval(expected), atol=5.1e-5, err_msg=call)
    exec(FROZEN, names)
    assert_allclose(names["level"].max(), 0.6271, atol=5e-5)


def test_the_run_of_the_text_works(monkeypatch):
    monkeypatch.chdir(ROOT)
    exec(RUN, {})
