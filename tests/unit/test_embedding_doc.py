"""Every block of code in docs/EMBEDDING.md runs, in order."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "EMBEDDING.md"


def blocks():
    """Return (line, code) of the blocks."""
    text = DOCUMENT.read_text(encoding="utf-8")
    found = re.finditer(r"^```python\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    return [(text[: match.start(1)].count("\n"), match.group(1)) for match in found]


def test_every_block_of_the_document_runs(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    names = {"__name__": "embedding"}
    code = blocks()
    assert len(code) >= 12
    for line, text in code:
        try:
            exec(compile("\n" * line + text, os.fspath(DOCUMENT), "exec"), names)
        except Exception as failure:
            pytest.fail(f"{DOCUMENT.name}, block at line {line}: {type(failure).__name__}: {failure}")
    printed = capsys.readouterr().out
    assert 'did you mean "valley"' in printed and "and the model is at period 9" in printed


def test_what_the_document_names_is_there():
    text = DOCUMENT.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:examples|tests)/[\w/.]+)`", text):
        assert (ROOT / path).exists(), path
