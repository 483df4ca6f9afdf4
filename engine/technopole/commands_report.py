"""What ``technopole report`` does: one page about results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from technopole.commands import say


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
    from technopole.machine import readable_bytes
    from technopole.report_make import report as write

    out = options.out or options.source.with_name(f"{options.source.stem}-report.html")
    path = write(
        options.source,
        out,
        claims=options.claims,
        validation=options.validation,
        sensitivity=options.sensitivity,
        title=options.title,
        overwrite=options.overwrite,
    )
    if not options.quiet:
        say(f"report: {path} ({readable_bytes(path.stat().st_size)}, opens in any browser)")
