"""Commands about what the results say: claims, facts, reports, effects, sensitivity."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from technopole.cli import (
    commands_claims,
    commands_compare,
    commands_report,
    commands_sensitivity,
    commands_validate,
)
from technopole.cli.options import (
    Assignments,
    Backend,
    ConfigFile,
    Data,
    FiguresFolder,
    NoFigures,
    Outcomes,
    OverwriteFile,
    OverwriteResults,
    Periods,
    Quiet,
    Seed,
    Threads,
)
from technopole.cli.perform import perform


def claims(
    scenario: Annotated[
        Path | None,
        typer.Argument(help="Configuration or scenario, a TOML file; the states of the USA if not given."),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            "--claims",
            metavar="LIST",
            help="Only these, with commas: C1 to C12, feedback, impulse, coupling, attribution.",
        ),
    ] = None,
    over: Annotated[
        str | None,
        typer.Option(metavar="PARAM=a:b:n", help="Map where claims hold: n values of a parameter."),
    ] = None,
    replicates: Annotated[int | None, typer.Option(help="Replicates of each arm; 64 if not given.")] = None,
    attribution_replicates: Annotated[
        int | None, typer.Option(help="Of the attribution of growth; 4 at most if not given, 0: none.")
    ] = None,
    map_replicates: Annotated[
        int | None, typer.Option(help="At each value of --over; 16 at most if not given.")
    ] = None,
    seed: Seed = None,
    periods: Periods = None,
    threads: Threads = None,
    backend: Backend = None,
    assignments: Assignments = None,
    data: Data = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Results, .zarr or .nc; runs/SCENARIO-claims.zarr if not given."),
    ] = None,
    figures: FiguresFolder = None,
    no_figures: NoFigures = False,
    overwrite: OverwriteResults = False,
    quiet: Quiet = False,
) -> None:
    """Test the claims about clusters and innovation systems: runs with each mechanism on and off, verdicts."""
    options = commands_claims.ClaimsOptions(
        scenario=scenario,
        only=only,
        over=over,
        replicates=replicates,
        attribution_replicates=attribution_replicates,
        map_replicates=map_replicates,
        seed=seed,
        periods=periods,
        threads=threads,
        backend=backend,
        assignments=tuple(assignments or ()),
        data=data,
        out=out,
        figures=figures,
        no_figures=no_figures,
        overwrite=overwrite,
        quiet=quiet,
    )
    perform(lambda: commands_claims.claims(options))


def validate(
    config: ConfigFile,
    replicates: Annotated[
        int | None, typer.Option(help="Number of Monte Carlo realisations; 100 if not given.")
    ] = None,
    seed: Seed = None,
    periods: Annotated[
        int | None, typer.Option(help="Number of periods; the second half is measured.")
    ] = None,
    threads: Threads = None,
    backend: Backend = None,
    assignments: Assignments = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Public statistics: also compare with real series.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Result, .zarr or .nc; runs/SCENARIO-validation.zarr if not given."
        ),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of the figure; OUT-figures, beside the results, if not given."
        ),
    ] = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no figure.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a result and a figure that are there.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 if a stylised fact is outside its range.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Hold a scenario against stylised facts, and real series: estimates, ranges, pass or fail."""
    options = commands_validate.ValidateOptions(
        config=config,
        replicates=replicates,
        seed=seed,
        periods=periods,
        threads=threads,
        backend=backend,
        assignments=tuple(assignments or ()),
        data=data,
        out=out,
        figures=figures,
        no_figures=no_figures,
        overwrite=overwrite,
        strict=strict,
        quiet=quiet,
    )
    perform(lambda: commands_validate.validate(options))


def report(
    source: Annotated[
        Path, typer.Argument(help="Results of a run, .zarr or .nc, or store of an experiment.")
    ],
    claims: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Results of technopole claims, shown as well.")
    ] = None,
    validation: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Results of technopole validate, shown as well.")
    ] = None,
    sensitivity: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Results of technopole sensitivity --out, shown as well."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Page, .html; beside the results if not given.")
    ] = None,
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Title; that of the results if not given.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a page that is there.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write a report: one page with maps, charts and tables that opens in any browser."""
    options = commands_report.ReportOptions(
        source, out, claims, validation, sensitivity, title, overwrite, quiet
    )
    perform(lambda: commands_report.report(options))


def compare(
    store: Annotated[Path, typer.Argument(help="Store of an experiment, finished or not.")],
    outcomes: Outcomes = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE", help="Point to compare with, besides the contrasts of the sweep; repeatable."
        ),
    ] = None,
    confidence: Annotated[float, typer.Option(help="Of each interval by itself.")] = 0.95,
    half_width: Annotated[
        float | None, typer.Option(help="Wanted half-width: tells how many replicates it takes.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Also write the comparison to a file, .zarr or .nc.")
    ] = None,
    overwrite: OverwriteFile = False,
) -> None:
    """Compare points replicate by replicate: differences, effects, where the variance comes from."""
    options = commands_compare.CompareOptions(
        store, tuple(outcomes or ()), tuple(against or ()), confidence, half_width, out, overwrite
    )
    perform(lambda: commands_compare.compare(options))


def sensitivity(
    store: Annotated[Path, typer.Argument(help="Store of an experiment with a saltelli or morris design.")],
    outcomes: Outcomes = None,
    confidence: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    out: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Also write the indices to a file, .zarr or .nc.")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the figures; beside the store if not given.")
    ] = None,
    no_figures: NoFigures = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace figures and file.")] = False,
    quiet: Quiet = False,
) -> None:
    """Tell which parameters matter: Sobol or Morris indices of a finished experiment."""
    options = commands_sensitivity.SensitivityOptions(
        store, tuple(outcomes or ()), confidence, out, figures, no_figures, overwrite, quiet
    )
    perform(lambda: commands_sensitivity.sensitivity(options))
