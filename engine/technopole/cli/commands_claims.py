"""What ``technopole claims`` does: the claims of the founding essay as tables, figures and a file."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from technopole.cli.commands_output import RUNS, figures_folder, file_stem, refuse_outputs, remove_stale
from technopole.cli.telling import Tell, prepare_device, say
from technopole.errors import Abandoned
from technopole.schema.entries import counted
from technopole.version import __version__

if TYPE_CHECKING:
    import xarray as xr

    from technopole.claim_tests.experiment import Claims


MANY = (
    "Each interval stands by itself: were no mechanism to do anything, about every second table of twelve claims\n"
    "would still show an effect of one of them."
)


@dataclass(frozen=True)
class ClaimsOptions:
    """Options of ``technopole claims``."""

    scenario: Path | None = None
    only: str | None = None
    over: str | None = None
    replicates: int | None = None
    attribution_replicates: int | None = None
    map_replicates: int | None = None
    seed: int | None = None
    periods: int | None = None
    threads: int | None = None
    backend: str | None = None
    assignments: tuple[str, ...] = ()
    data: Path | None = None
    out: Path | None = None
    figures: Path | None = None
    no_figures: bool = False
    overwrite: bool = False
    quiet: bool = False


def claims(options: ClaimsOptions) -> None:
    """Test the claims, print what was found, write results and figures.

    Parameters
    ----------
    options : ClaimsOptions
        As given.

    Raises
    ------
    TechnopoleError
        Whatever went wrong; nothing half-written is left.
    """
    from technopole.figures.claims import FIGURES
    from technopole.files.write import write
    from technopole.startup.warmup import has_compiled_code

    tell = (lambda text: None) if options.quiet else say
    cold = not has_compiled_code()
    experiment, file = _prepared(options)
    name = file_stem(experiment.config.scenario.name, file.stem)
    out = options.out or RUNS / f"{name}-claims.zarr"
    folder = figures_folder(options.figures, options.no_figures, out)
    files = [f"{figure}.png" for figure in FIGURES]
    refuse_outputs(out, "claims", folder, files, options.overwrite)
    if options.scenario is None:
        tell(f"no scenario given: {file}")
    prepare_device(experiment.config, tell)
    tell(_announcement(experiment, name))
    if cold:
        _compile(tell, experiment.config.run.precision)
    results = _compute(experiment, tell, options.quiet)
    write(results, out, options.overwrite)
    try:
        if not options.quiet:
            print_claims(results)
        tell(f"results: {out}")
        if folder is not None:
            from technopole.figures.claims import draw_claims

            paths = draw_claims(results, folder)
            remove_stale(folder, files, paths)
            tell(f"figures: {folder}: {', '.join(path.name for path in paths)}")
    except KeyboardInterrupt:
        raise Abandoned(f"results are in {out}, figures are missing") from None


def _prepared(options: ClaimsOptions) -> tuple[Claims, Path]:
    """Return the experiment, with all options checked, and the file of its scenario."""
    from technopole.claim_tests.experiment import Claims, refuse_few_periods
    from technopole.config.assignments import overlapping, parse_set
    from technopole.config.default_scenario import default_scenario
    from technopole.config.resolve import resolve_config

    file = options.scenario or default_scenario()
    assigned = parse_set(options.assignments)
    config = resolve_config(
        file,
        replicates=options.replicates,
        seed=options.seed,
        threads=options.threads,
        backend=options.backend,
        periods=options.periods,
        data=options.data,
        more=assigned,
        options=True,
    )
    set_by_hand = overlapping("run.replicates", assigned) is not None
    if options.periods is not None:
        refuse_few_periods(config, "--periods")
    experiment = Claims(
        config,
        replicates=config.run.replicates if set_by_hand else options.replicates,
        over=options.over,
        only=options.only,
        attribution_replicates=options.attribution_replicates,
        map_replicates=options.map_replicates,
        options=True,
    )
    return experiment, file


def _announcement(experiment: Claims, name: str) -> str:
    from technopole.data.draft import firms_in_words
    from technopole.simulation.device_ensemble import worker_words

    study, work = experiment.study, experiment.work
    blueprint, run = study.blueprint, experiment.config.run
    asked = [f"{counted(len({row.claim for row in study.selection.rows}), 'claim')}"] * bool(
        study.selection.rows
    )
    asked += sorted(study.selection.parts)
    text = (
        f"technopole {__version__} · claims of {name}: {counted(blueprint.n_regions, 'region')} × "
        f"{counted(blueprint.n_sectors, 'sector')}, {firms_in_words(experiment.config, blueprint.n_firms)} · "
        f"{', '.join(asked)} · "
        f"{counted(run.replicates, 'replicate')}"
    )
    if study.subsets:
        text += f" ({study.few} of the attribution)"
    if experiment.over is not None:
        text += (
            f" · {experiment.over.key} at {counted(len(experiment.mapped), 'value')} × "
            f"{counted(experiment.mapped[0].replicates, 'replicate')}"
        )
    runs = round(work.periods / study.periods)
    return (
        f"{text} · as much as {counted(runs, 'run')} of {counted(study.periods, 'period')} · "
        f"{worker_words(experiment.config, work.threads)} · seed {run.seed}"
    )


def _compile(tell: Tell, precision: str) -> None:
    from technopole.simulation.progress import duration
    from technopole.startup.warmup import COMPILE_SECONDS, compile_in_background

    tell(f"compiling the kernels for this processor (about {COMPILE_SECONDS} s, once) …")
    tell(f"compiled in {duration(compile_in_background(precision))}")


def _compute(experiment: Claims, tell: Tell, quiet: bool) -> xr.Dataset:
    from technopole.simulation.progress import duration, watching

    begin = time.perf_counter()
    with watching(sys.stderr, quiet) as watch:
        try:
            results = experiment.run(watch)
        except KeyboardInterrupt:
            done = watch.last.replicates_done if watch.last is not None else 0
            wanted = counted(experiment.work.replicates, "replicate")
            raise Abandoned(f"{done:,} of {wanted} finished; nothing was written") from None
    tell(f"computed in {duration(time.perf_counter() - begin)}")
    return results


def print_claims(results: xr.Dataset) -> None:
    """Print the tables of the claims to standard output.

    Parameters
    ----------
    results : xarray.Dataset
        Of `technopole.claim_tests.experiment.claims`.
    """
    from technopole.basics.text_table import write_table
    from technopole.claim_tests.text import tables

    for table in tables(results):
        print(f"\n{table.title}\n")
        write_table(sys.stdout, table.headings, table.rows, right=table.right)
    if results.sizes.get("claim", 0) > 1:
        print(f"\n{MANY}")
    sys.stdout.flush()
