"""``technopole report``: what it says and writes, how it ends on bad input."""

import pytest

import technopole as tp
from reporting import Reader, claims_dataset, validation_dataset, without_library

pytest.importorskip("bokeh")
pytest.importorskip("jinja2")


@pytest.fixture
def results(technopole, two_regions, tmp_path):
    """A run in the empty folder of the test."""
    done = technopole(
        "run", two_regions, "--periods", 4, "--replicates", 2, "--no-figures", "--out", "run.zarr"
    )
    assert done.returncode == 0, done.stderr
    return "run.zarr"


def test_report_is_written_and_refused_where_one_is(technopole, results, tmp_path):
    done = technopole("report", results)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("report: run-report.html (") and "opens in any browser" in done.stderr
    page = tmp_path / "run-report.html"
    first = page.read_bytes()
    assert 1_000_000 < len(first) < 5_000_000

    refused = technopole("report", results)
    assert refused.returncode == 2 and refused.stdout == ""
    assert refused.stderr.strip().splitlines() == [
        "error: run-report.html: is there already; --overwrite replaces it"
    ]
    assert page.read_bytes() == first

    for name, ds in (("claims.zarr", claims_dataset()), ("validation.zarr", validation_dataset())):
        tp.write(ds, tmp_path / name)
    more = ("--claims", "claims.zarr", "--validation", "validation.zarr", "--title", "Mine", "--quiet")
    done = technopole("report", results, *more, "--out", "pages/mine.html")
    assert done.returncode == 0 and done.stderr == ""
    headings = Reader(
        without_library((tmp_path / "pages" / "mine.html").read_text(encoding="utf-8"))
    ).headings
    assert headings[0] == ("h1", "Mine")
    assert {("h2", "1 of 3 claims hold in this model"), ("h2", "3 of 4 facts are met")} <= set(headings)


def test_bad_input_is_one_message_and_code_2(technopole, results, tmp_path):
    for arguments, words in (
        (("nothing.zarr",), "nothing.zarr: there is nothing"),
        ((results, "--out", "page.pdf"), "found the suffix '.pdf'; allowed: .html or .htm"),
        (
            (results, "--claims", results),
            "found results of technopole run; allowed: results of technopole claims",
        ),
        ((results, "--validation", "gone.nc"), "gone.nc: there is nothing"),
    ):
        done = technopole("report", *arguments)
        assert done.returncode == 2 and done.stdout == "", arguments
        assert words in done.stderr and len(done.stderr.strip().splitlines()) == 1
        assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*.html"))
