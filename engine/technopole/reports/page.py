"""Writing a report: one HTML file with everything in it, nothing fetched from anywhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from technopole.basics.given import path_given, yes_or_no
from technopole.errors import OutputError
from technopole.files.swap import replacing
from technopole.files.write import refuse_folder
from technopole.reports.parts import Chart, Page
from technopole.version import __version__

SUFFIXES = (".html", ".htm")
_MARK = b'<meta name="generator" content="technopole'
_MARK_WITHIN = 4096
"""Bytes at the beginning of a page in which the mark stands."""


def refuse_page(path: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Raise if a report could not be written to a path; nothing is made or changed.

    Parameters
    ----------
    path : path
        File.
    overwrite : bool
        A report that is there may be replaced.

    Raises
    ------
    OutputError
        If the suffix is another one, something is there, or the path cannot be written.
    """
    target = path_given("out", path, "the path of a page, ends with .html")
    overwrite = yes_or_no("overwrite", overwrite)
    if target.suffix not in SUFFIXES:
        raise OutputError(f"{target}: found the suffix {target.suffix!r}; allowed: {' or '.join(SUFFIXES)}")
    if os.path.lexists(target):
        if not target.is_file():
            raise OutputError(f"{target}: is there and is no file; choose another path")
        if not _is_report(target):
            raise OutputError(f"{target}: is there and is not a report of technopole; choose another path")
        if not overwrite:
            raise OutputError(f"{target}: is there already; --overwrite (overwrite=True) replaces it")
    refuse_folder(target.parent, target)


def _is_report(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return _MARK in file.read(_MARK_WITHIN)
    except OSError:
        return False


def write_page(page: Page, path: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """Write a report: to a temporary sibling, which then takes the place of the path.

    Parameters
    ----------
    page : Page
        What is on it.
    path : path
        File, .html; missing folders are made.
    overwrite : bool
        Replace a report that is there.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    OutputError
        If something is there, or the path cannot be written.
    """
    target = Path(path)
    refuse_page(target, overwrite)
    content = render(page).encode()
    with replacing(target) as unfinished:
        unfinished.write_bytes(content)
    return target


def render(page: Page) -> str:
    """Return a report as HTML.

    Parameters
    ----------
    page : Page
        What is on it.

    Returns
    -------
    str
        The whole document.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("technopole.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = [replace(section, charts=_filled(section.charts)) for section in page.sections]
    page = replace(page, sections=sections)
    return environment.get_template("report.html").render(
        page=page,
        version=__version__,
        style=_template("report.css"),
        script=_template("report.js"),
        library=library(),
        charts=_script_json({chart.key: _chart_json(chart) for chart in _charts(page)}),
    )


def library() -> str:
    """Return the part of Bokeh that draws, as JavaScript for a script element."""
    from bokeh.resources import Resources

    scripts = Resources(mode="inline", components=["bokeh"], log_level="warn").js_raw
    return "\n".join(scripts).replace("</script", "<\\/script")


def _template(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")


def _filled(charts: tuple[Chart, ...]) -> tuple[Chart, ...]:
    """Widen the last of an odd number of charts that take half the width, so that no gap is left."""
    halves = [index for index, chart in enumerate(charts) if not chart.wide]
    if len(halves) % 2 == 0:
        return charts
    last = halves[-1]
    return (*charts[:last], replace(charts[last], wide=True), *charts[last + 1 :])


def _charts(page: Page) -> Iterator[Chart]:
    for section in page.sections:
        yield from section.charts


def _chart_json(chart: Chart) -> Any:
    from bokeh.embed import json_item

    return json_item(chart.model)


def _script_json(content: Any) -> str:
    """Return JSON that can stand in a script element."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    for mark, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028")):
        text = text.replace(mark, escape)
    return text
