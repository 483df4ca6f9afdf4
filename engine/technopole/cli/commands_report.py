"""What ``technopole report`` does: one page about results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from technopole.cli.common import say


@dataclass(frozen=True)
class ReportOptions:
    """Options of ``technopole report``."""

    source: Path
    out: Path | None = None
    claims: Path | None = None
    validation: Path | None = None
    sensitivity: Path | None = None
    title: str | None = None
    overwrite: bool = False
    quiet: bool = False


def report(options: ReportOptions) -> None:
    """Write a report.

    Parameters
    ----------
    options : ReportOptions
        As given.

    Raises
    ------
    TechnopoleError
        Whatever went wrong; nothing half-written is left.
    """
    from technopole.basics.machine import readable_bytes
    from technopole.reports.make import make_page, require_libraries
    from technopole.reports.page import refuse_page, write_page

    out = options.out or options.source.with_name(f"{options.source.stem}-report.html")
    require_libraries()
    refuse_page(out, options.overwrite)
    page = make_page(options.source, options.claims, options.validation, options.sensitivity, options.title)
    if not options.quiet:
        for warning in page.warnings:
            say(f"warning: {warning}")
    path = write_page(page, out, options.overwrite)
    if not options.quiet:
        say(f"report: {path} ({readable_bytes(path.stat().st_size)}, opens in any browser)")
