"""A report: one page that shows what was run and what came out, for people who would rather look than read.

>>> report("runs/us-states.zarr", "report.html")  # doctest: +SKIP
"""

from __future__ import annotations

import importlib.util
import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from technopole.errors import TO_REPORT, DataError, TechnopoleError
from technopole.files.damage import naming_damage

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from technopole.reports.parts import Page
    from technopole.reports.sources import Kind

    Source = str | os.PathLike[str] | xr.Dataset


def report(
    source: Source,
    out: str | os.PathLike[str],
    claims: Source | None = None,
    validation: Source | None = None,
    sensitivity: Source | None = None,
    title: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a report of results: one HTML file that needs nothing else.

    Parameters
    ----------
    source : path or xarray.Dataset
        Results of a run, or the store of an experiment.
    out : path
        File, .html.
    claims, validation, sensitivity : path or xarray.Dataset, optional
        Results of ``technopole claims``, ``validate``, ``sensitivity --out``, shown on the same page. The sensitivity
        of an experiment made for it is computed if it is not given.
    title : str, optional
        In place of that of the results.
    overwrite : bool
        Replace a file that is there.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    TechnopoleError
        If Bokeh or Jinja2 is not installed.
    DataError
        If something cannot be read, is of another kind, or of another economy than the source. Other values of
        its configuration are told at the top of the page.
    OutputError
        If the file is there, or cannot be written.
    """
    require_libraries()
    from technopole.reports.page import refuse_page, write_page

    refuse_page(out, overwrite)
    return write_page(make_page(source, claims, validation, sensitivity, title), out, overwrite)


def require_libraries() -> None:
    """Raise if a library that reports need is not installed.

    Raises
    ------
    TechnopoleError
        Says how to install it.
    """
    if any(importlib.util.find_spec(name) is None for name in ("bokeh", "jinja2")):
        raise TechnopoleError(TO_REPORT)


def make_page(
    source: Source,
    claims: Source | None = None,
    validation: Source | None = None,
    sensitivity: Source | None = None,
    title: str | None = None,
) -> Page:
    """Return what is on the page of a report.

    Parameters
    ----------
    source, claims, validation, sensitivity, title
        As for `report`.

    Returns
    -------
    Page
        Not written yet.

    Raises
    ------
    DataError
        If something cannot be read or is of another kind.
    """
    with ExitStack() as reading:
        for one in (source, claims, validation, sensitivity):
            reading.enter_context(naming_damage(one))
        return _page(source, claims, validation, sensitivity, title)


def _page(
    source: Source,
    claims: Source | None,
    validation: Source | None,
    sensitivity: Source | None,
    title: str | None,
) -> Page:
    from technopole.reports.sources import open_as

    ds, kind = open_as(source, "run", "experiment")
    more = (
        None if claims is None else open_as(claims, "claims")[0],
        None if validation is None else open_as(validation, "validation")[0],
        None if sensitivity is None else open_as(sensitivity, "sensitivity")[0],
    )
    doubts = _doubts(ds, kind, more)
    page = _run_page(ds) if kind == "run" else _experiment_page(ds, more[2] is None)
    page.warnings.extend(doubts)
    _add_others(page, *more)
    if not page.sections:
        raise DataError(f"{source}: holds no variable that a report could show")
    if kind == "run":
        _add_findings(page)
    return replace(page, title=title) if title else page


FINDINGS = ("productivity", "map-productivity", "sector-mix", "map-system", "structural-similarity")
"""Charts of a run whose headings stand at its top."""
OUTCOMES = ("claims", "validation")
"""Sections whose titles stand there as well."""


def _add_findings(page: Page) -> None:
    """Put what the charts show in a list at the top."""
    headings = {chart.key: chart.heading for section in page.sections for chart in section.charts}
    titles = {section.key: section.title for section in page.sections}
    findings = [(headings[key], f"figure-{key}") for key in FINDINGS if key in headings]
    findings += [(titles[key], key) for key in OUTCOMES if key in titles]
    page.sections[0] = replace(page.sections[0], findings=tuple(findings))


PARTS = (("claims", "--claims"), ("validations", "--validation"), ("sensitivity indices", "--sensitivity"))
"""Names of what else can be on the page, and the options that take them."""


def _doubts(ds: xr.Dataset, kind: Kind, more: Sequence[xr.Dataset | None]) -> list[str]:
    """Return what readers must know about parts of other configurations.

    Raises
    ------
    DataError
        If a part is of another economy.
    """
    if all(part is None for part in more):
        return []
    from technopole.reports.match import Names, compare, configuration_of, flat

    if kind == "run":
        main, varied = configuration_of(ds), set()
    else:
        from technopole.experiments.store_results import sweep_of

        sweep = sweep_of(ds)
        main, varied = flat(sweep.config.to_dict()), set(sweep.design.keys)
    texts = [
        compare(main, configuration_of(part), Names(name, option, kind), varied)
        for part, (name, option) in zip(more, PARTS, strict=True)
        if part is not None
    ]
    return [text for text in texts if text]


def _run_page(ds: xr.Dataset) -> Page:
    from technopole.reports.distributions import distributions
    from technopole.reports.glance import glance, what_was_run
    from technopole.reports.indicators import indicators
    from technopole.reports.parts import Page
    from technopole.reports.places import places
    from technopole.reports.provenance import provenance
    from technopole.reports.sectors import sectors
    from technopole.reports.trends import trends

    made = (places(ds), trends(ds), sectors(ds), distributions(ds), indicators(ds))
    attrs = ds.attrs
    return Page(
        title=str(attrs.get("title") or attrs.get("scenario") or "Results of a run"),
        kind="Report of a simulation",
        lead=what_was_run(ds),
        description=str(attrs.get("description", "")),
        source=str(attrs.get("references", "")),
        provenance=provenance(ds),
        sections=[glance(ds), *(section for section in made if section is not None)],
    )


def _experiment_page(ds: xr.Dataset, with_sensitivity: bool) -> Page:
    from technopole.reports.contrasts import contrasts
    from technopole.reports.experiment import glance, open_experiment, warnings_of, what_was_run
    from technopole.reports.parts import Page
    from technopole.reports.provenance import provenance
    from technopole.reports.variants import variants_map, variants_over_time

    experiment = open_experiment(ds)
    made = (contrasts(experiment), variants_map(experiment), variants_over_time(experiment))
    page = Page(
        title=str(ds.attrs.get("title") or experiment.sweep.name or "Results of an experiment"),
        kind="Report of an experiment",
        lead=what_was_run(experiment),
        description=str(experiment.sweep.config.scenario.description),
        source=str(experiment.sweep.config.scenario.source),
        provenance=provenance(ds),
        sections=[glance(experiment), *(section for section in made if section is not None)],
        warnings=warnings_of(experiment),
    )
    if with_sensitivity:
        _add_sensitivity(page, ds)
    return page


def _add_sensitivity(page: Page, ds: xr.Dataset) -> None:
    """Add the indices of an experiment that was made for them, or say why they are not there."""
    from technopole.experiments.sensitivity import KINDS

    if ds.attrs.get("design") not in KINDS:
        return
    from technopole.experiments.sensitivity import sensitivity
    from technopole.reports.sensitivity import sensitivity_section

    try:
        page.sections.append(sensitivity_section(sensitivity(ds)))
    except TechnopoleError as reason:
        page.warnings.append(f"The sensitivity indices are missing: {reason}")


def _add_others(
    page: Page, claims: xr.Dataset | None, validation: xr.Dataset | None, sensitivity: xr.Dataset | None
) -> None:
    if claims is not None:
        from technopole.reports.claims import claims_section
        from technopole.reports.feedback import feedback_sections

        first = claims_section(claims)
        page.sections.extend([*([first] if first else []), *feedback_sections(claims)])
    if validation is not None:
        from technopole.reports.validation import validation_section

        page.sections.append(validation_section(validation))
    if sensitivity is not None:
        from technopole.reports.sensitivity import sensitivity_section

        page.sections.append(sensitivity_section(sensitivity))
