"""What ``technopole claims`` does: the claims of the founding essay as tables, figures and a file."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from technopole.cli.commands_output import deliver, file_stem, outputs_of
from technopole.cli.computing import ComputeOptions, compute, resolved
from technopole.cli.telling import compile_kernels, prepare_device, teller
from technopole.schema import SETTINGS
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
class ClaimsOptions(ComputeOptions):
    """Options of ``technopole claims``."""

    scenario: Path | None = None
    only: str | None = None
    over: str | None = None
    attribution_replicates: int | None = None
    map_replicates: int | None = None


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
    from technopole.figures.claims import FIGURES, draw_claims
    from technopole.figures.draw import Drawn
    from technopole.startup.warmup import has_compiled_code

    tell = teller(options.quiet)
    precisions = SETTINGS["run.precision"].choices or ()
    cold = {precision for precision in precisions if not has_compiled_code(precision)}
    experiment, file = _prepared(options)
    name = file_stem(experiment.config.scenario.name, file.stem)
    outputs = outputs_of(options, "claims", f"{name}-claims.zarr", [f"{figure}.png" for figure in FIGURES])
    if options.scenario is None:
        tell(f"no scenario given: {file}")
    prepare_device(experiment.config, tell)
    tell(_announcement(experiment, name))
    if experiment.config.run.precision in cold:
        tell(f"compiled in {compile_kernels(tell, experiment.config.run.precision)}")
    results = compute(experiment.run, experiment.work.replicates, tell, options.quiet)
    deliver(results, outputs, options, tell, print_claims, lambda ds, folder: Drawn(draw_claims(ds, folder)))


def _prepared(options: ClaimsOptions) -> tuple[Claims, Path]:
    """Return the experiment, with all options checked, and the file of its scenario."""
    from technopole.claim_tests.experiment import Claims, refuse_few_periods
    from technopole.config.assignments import overlapping, parse_set
    from technopole.config.default_scenario import default_scenario

    file = options.scenario or default_scenario()
    assigned = parse_set(options.assignments)
    config = resolved(file, options, assigned)
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
