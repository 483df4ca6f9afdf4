"""How the text of a document becomes that of a page."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def loaded(name):
    spec = importlib.util.spec_from_file_location(
        f"building_{name}", ROOT / "docs" / "building" / f"{name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


dialect, navigation, repository = loaded("dialect"), loaded("navigation"), loaded("repository")


def test_a_list_gets_room_but_not_inside_of_code_or_lists():
    text = "Of these:\n- one\n- two\n  more\n- three\n\n```text\nno:\n- list\n```\n"
    assert dialect.with_blank_lines_before_lists(text) == text.replace("these:\n", "these:\n\n")


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("x_i + pool_rk", "x<sub>i</sub> + pool<sub>rk</sub>"),
        ("x_i' = y", "x<sub>i</sub>' = y"),
        ("n_r'k' x̄_r'k'", "n<sub>r'k'</sub> x̄<sub>r'k'</sub>"),
        ("RD*_i, w'_r", "RD*<sub>i</sub>, w'<sub>r</sub>"),
        ("Σ_{r' ≠ r, n_r'k > 0} p", "Σ<sub>r' ≠ r, n<sub>r'k</sub> > 0</sub> p"),
        ("(B/b̄)^κ and e^{V_rk}", "(B/b̄)<sup>κ</sup> and e<sup>V<sub>rk</sub></sup>"),
        ("u^(1/`a.b_c`)", "u<sup>(1/`a.b_c`)</sup>"),
        ("L^`a.b_k`·2", "L<sup>`a.b_k`</sup>·2"),
        ("`n_r` and STARTUP_COUNT", "`n_r` and STARTUP_COUNT"),
        ("```\nx_i\n```", "```\nx_i\n```"),
    ],
)
def test_letters_are_lowered_and_raised_outside_of_code(plain, shown):
    assert dialect.with_raised_and_lowered(plain) == shown


def test_nothing_of_the_model_is_lost():
    text = (ROOT / "docs" / "MODEL.md").read_text(encoding="utf-8")
    changed = dialect.with_raised_and_lowered(text)
    for tag in ("<sub>", "</sub>", "<sup>", "</sup>"):
        assert changed.count(tag) > 10
        changed = changed.replace(tag, "")
    marks = str.maketrans("", "", "_^{}")
    assert changed.translate(marks) == text.translate(marks)


def test_links_into_the_repository_lead_to_pages():
    text = "[a](docs/MODEL.md#x) [b](CONTRIBUTING.md) [c](kernels/technopole_kernels/period.py) [d](https://x.org) [e](#y)"
    assert repository.led_to_pages(text, "index.md", ROOT) == (
        "[a](MODEL.md#x) [b](CONTRIBUTING.md) [c](source/kernels/technopole_kernels/period.py.md) "
        "[d](https://x.org) [e](#y)"
    )
    assert list(repository.source_pages(ROOT, {"index.md": text})) == [
        "source/kernels/technopole_kernels/period.py.md"
    ]


def test_names_of_pages_become_links():
    pages = {"MODEL.md", "DATA.md", "CHANGELOG.md"}
    text = "see `docs/DATA.md` and (docs/MODEL.md), not [x](docs/MODEL.md), GONE.md"
    assert repository.with_links_at_mentions(text, "api/run.md", pages) == (
        "see [`docs/DATA.md`](../DATA.md) and ([docs/MODEL.md](../MODEL.md)), not [x](docs/MODEL.md), GONE.md"
    )


def test_every_page_has_its_place():
    pages = {
        "index.md": "# technopole",
        "NEW.md": "# New: things",
        "replications/old.md": "# Old",
        "api/run.md": "# Run",
    }
    found = navigation.entries(pages)
    assert found == [
        {"Start": [{"What technopole is": "index.md"}]},
        {"Replications": [{"Old": "replications/old.md"}]},
        {"Python": [{"Run": "api/run.md"}]},
        {"More": [{"New": "NEW.md"}]},
    ]
