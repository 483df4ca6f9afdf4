"""What ``technopole validate`` does: facts of a scenario against their ranges, as a table, a file and a picture."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from technopole.cli.commands_output import deliver, file_stem, outputs_of
from technopole.cli.computing import ComputeOptions, compute
from technopole.cli.telling import compile_kernels, prepare_device, teller
from technopole.errors import TechnopoleError
from technopole.facts.validation_words import fact_row, facts_in, failed, origins_line, verdict_line
from technopole.schema.entries import counted
from technopole.version import __version__

if TYPE_CHECKING:
    import xarray as xr

    from technopole.facts.validation import Validation

WITHOUT_DATA = (
    "no --data: a folder of public statistics (docs/DATA.md) would add a comparison with real series: entry and exit "
    "by state, flows of jobs, dispersion of income, sizes of establishments, innovation by state, size and sector"
)


@dataclass(frozen=True)
class ValidateOptions(ComputeOptions):
    """Options of ``technopole validate``."""

    config: Path
    strict: bool = False


def validate(options: ValidateOptions) -> None:
    """Hold a scenario against the facts, print the table, write the result and a picture.

    Parameters
    ----------
    options : ValidateOptions
        As given.

    Raises
    ------
    TechnopoleError
        Whatever went wrong; nothing half-written is left. With ``strict`` also if a fact of the model is outside
        its range, after all is written.
    """
    from technopole.config.assignments import overlapping, parse_set
    from technopole.facts.validation import REPLICATES, Validation, resolve_validation
    from technopole.figures.draw import Drawn
    from technopole.figures.validation import FILES, draw_validation
    from technopole.startup.warmup import has_compiled_code
    from technopole.world.build import make_blueprint

    assigned = parse_set(options.assignments)
    replicates = options.replicates
    if replicates is None and overlapping("run.replicates", assigned) is None:
        replicates = REPLICATES
    config, folder = resolve_validation(
        options.config,
        replicates,
        options.seed,
        options.threads,
        options.periods,
        options.data,
        assigned,
        options=True,
        backend=options.backend,
    )
    name = config.scenario.name or options.config.stem
    default = f"{file_stem(name, options.config.stem)}-validation.zarr"
    outputs = outputs_of(options, "validation", default, FILES.values())
    tell = teller(options.quiet)
    cold = not has_compiled_code(config.run.precision)  # before the data are loaded, which compiles a little
    validation = Validation(make_blueprint(config), folder)
    prepare_device(config, tell)
    tell(_announcement(validation, name))
    if cold:
        tell(f"compiled in {compile_kernels(tell, config.run.precision)}")
    result = compute(validation.run, config.run.replicates, tell, options.quiet)

    def show(result: xr.Dataset) -> None:
        print_validation(result)
        for line in [*_remarks(validation, options.data), origins_line(result)]:
            print(line)
        print(verdict_line(result), flush=True)

    deliver(result, outputs, options, tell, show, lambda ds, folder: Drawn(draw_validation(ds, folder)))
    outside = failed(result)
    if options.strict and outside:
        raise TechnopoleError(f"--strict: outside of the range: {', '.join(outside)}")


def _announcement(validation: Validation, name: str) -> str:
    from technopole.data.draft import firms_in_words
    from technopole.simulation.device_ensemble import worker_words

    blueprint, threads = validation.blueprint, validation.threads
    run, periods = blueprint.config.run, blueprint.config.time.periods
    return (
        f"technopole {__version__} · validation of {name}: "
        f"{firms_in_words(blueprint.config, blueprint.n_firms)} · "
        f"{counted(run.replicates, 'replicate')} × {counted(periods, 'period')}, measured on the second half · "
        f"{worker_words(blueprint.config, threads)} · seed {run.seed}"
    )


def print_validation(result: xr.Dataset) -> None:
    """Print the tables of a validation to standard output.

    Parameters
    ----------
    result : xarray.Dataset
        Of `technopole.validate`.
    """
    from technopole.basics.text_table import write_table

    heading = f"mean over {result.attrs['replicates']} replicates, {result.attrs['measured']}"
    headings = ("fact", "mean", "95 % interval", "range", "", "source")
    for group, words in (("model", "Stylised facts"), ("data", "Real series")):
        rows = [fact_row(one) for one in facts_in(result, group) if int(one["replicates_used"])]
        if rows:
            print(f"\n{words}: {heading}\n")
            write_table(sys.stdout, headings, rows, right=(1, 2))
    silent = [one for one in facts_in(result) if not int(one["replicates_used"])]
    if silent:
        print("\nNot measurable in this scenario: too few firms, regions or sectors\n")
        rows = [(str(one["title"].item()), str(one["needs"].item())) for one in silent]
        write_table(sys.stdout, ("fact", "needs"), rows)
    print()


def _remarks(validation: Validation, data: Path | None) -> list[str]:
    """Return what is to be said about the real series."""
    real = validation.real
    if real is None:
        return [WITHOUT_DATA]
    if not real.kind:
        return [
            f"{data or 'the data'}: its series are about states and metropolitan areas of the United States, not about "
            "the regions of this scenario: nothing to compare"
        ]
    if real.missing:
        return [f"not in {data or 'the data'}, so not compared: {', '.join(sorted(set(real.missing)))}"]
    return []
