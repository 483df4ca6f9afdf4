"""What ``technopole run``, ``check``, ``describe`` and ``schema`` do."""

from __future__ import annotations

import json
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from technopole.cli.commands_output import deliver, file_stem, outputs_of
from technopole.cli.computing import ComputeOptions, compute, resolved
from technopole.cli.telling import compile_kernels, prepare_device, teller
from technopole.errors import ConfigError
from technopole.schema.entries import counted
from technopole.version import __version__

if TYPE_CHECKING:
    import xarray as xr

    from technopole.config.config import Config
    from technopole.simulation.simulation import Simulation


@dataclass(frozen=True)
class RunOptions(ComputeOptions):
    """Options of ``technopole run``."""

    config: Path


def run(options: RunOptions) -> None:
    """Run a configuration, write results and figures, print the key results.

    Parameters
    ----------
    options : RunOptions
        As given.

    Raises
    ------
    TechnopoleError
        Whatever went wrong; nothing half-written is left.
    """
    from technopole.config.quick_start import load_compiler_without_blas
    from technopole.figures.draw import FIGURES, draw

    config = _configuration(options)
    load_compiler_without_blas()
    from technopole.simulation.simulation import Simulation
    from technopole.startup.warmup import has_compiled_code

    name = file_stem(config.scenario.name, options.config.stem)
    outputs = outputs_of(options, "run", f"{name}.zarr", [f"{figure}.png" for figure in FIGURES])
    cold = not has_compiled_code(config.run.precision)  # before the data are loaded, which compiles a little
    simulation = Simulation(config)
    simulation.refuse_too_large()
    tell = teller(options.quiet)
    prepare_device(config, tell)
    tell(_announcement(simulation, name))
    if cold:
        tell(f"compiled in {compile_kernels(tell, config.run.precision)}")
    results = compute(simulation.run, config.run.replicates, tell, options.quiet)
    deliver(results, outputs, options, tell, print_results, draw)


def _configuration(options: RunOptions) -> Config:
    from technopole.config.assignments import parse_set

    return resolved(options.config, options, parse_set(options.assignments))


def _announcement(simulation: Simulation, name: str, worker: str | None = None) -> str:
    from technopole.data.draft import firms_in_words

    blueprint, run = simulation.blueprint, simulation.config.run
    return (
        f"technopole {__version__} · {name}: {counted(blueprint.n_regions, 'region')} × "
        f"{counted(blueprint.n_sectors, 'sector')}, {firms_in_words(simulation.config, blueprint.n_firms)} · "
        f"{counted(run.replicates, 'replicate')} × {counted(simulation.config.time.periods, 'period')} · "
        f"{worker or simulation.worker} · seed {run.seed}"
    )


def print_results(results: xr.Dataset) -> None:
    """Print the key results to standard output.

    Parameters
    ----------
    results : xarray.Dataset
        Results of a run.
    """
    from technopole.basics.text_table import mean_and_interval, write_table
    from technopole.results.numbers import LAST, sparse
    from technopole.results.summary import summarise

    rows = [(row.name, *mean_and_interval(row.mean, row.half), row.unit) for row in summarise(results)]
    if not rows:
        return
    start, end = (int(results["time"].values[place]) for place in (0, -1))
    last = counted(min(LAST, results.sizes["time"]), "recorded period")
    print(f"\nAt the end of period {end} (growth: since period {start}; rates: mean of the last {last})\n")
    write_table(sys.stdout, ("result", "mean", "95 % interval", "unit"), rows, right=(1, 2))
    caveat = sparse(results["firms"].values) if "firms" in results else ""
    note = textwrap.fill(f"Similarity and Krugman index: {caveat}.", 100)
    print(f"\n{note}\n" if caveat else "", flush=True)


def check(config: Path, data: Path | None, assignments: tuple[str, ...]) -> None:
    """Check a configuration and its data, and print what a run of it would take, then the verdict.

    Parameters
    ----------
    config : Path
        TOML file.
    data : Path or None
        In place of ``data.path``.
    assignments : tuple of str
        ``group.name=value`` each.

    Raises
    ------
    ConfigError
        With one line for each problem; also if the run does not fit into the memory.
    """
    from technopole.basics.machine import readable_bytes
    from technopole.simulation.simulation import Simulation

    simulation = Simulation(_configuration(RunOptions(config, data=data, assignments=assignments)))
    missing = ""
    try:
        worker = simulation.worker
    except ConfigError as failure:
        worker, missing = f"no device for {simulation.config.run.backend}", str(failure)
    print(_announcement(simulation, simulation.config.scenario.name or config.stem, worker))
    worlds, results = readable_bytes(simulation.worlds_bytes), readable_bytes(simulation.output_bytes)
    print(f"memory: {worlds} for worlds, {results} for results", flush=True)
    simulation.refuse_too_large()
    # the verdict is the last line, whatever it is
    print(f"{config}: valid{f', but it cannot run here: run.backend: {missing}' if missing else ''}")


def schema(variables: bool) -> None:
    """Print the JSON Schema of the configuration, or the table of variables.

    Parameters
    ----------
    variables : bool
        The table.
    """
    if variables:
        from technopole.basics.text_table import write_table
        from technopole.schema import VARIABLES

        rows = [
            (name, row.kind, ", ".join(row.dims), row.unit, row.dtype, row.long_name)
            for name, row in VARIABLES.items()
        ]
        write_table(sys.stdout, ("variable", "kind", "dimensions", "unit", "type", "meaning"), rows)
    else:
        from technopole.config.config import Config

        print(json.dumps(Config.json_schema(), indent=2, ensure_ascii=False))


def describe(config: Path, assignments: tuple[str, ...]) -> None:
    """Print all parameters of a configuration: value, unit, range, source.

    Parameters
    ----------
    config : Path
        TOML file.
    assignments : tuple of str
        ``group.name=value`` each.

    Raises
    ------
    ConfigError
        With one line for each problem.
    """
    from technopole.basics.text_table import write_table
    from technopole.config.config import describe_rows
    from technopole.config.problems import shortened

    rows = [
        (row.key, shortened(row.value, 40), row.unit, shortened(row.range, 60), row.source)
        for row in describe_rows(_configuration(RunOptions(config, assignments=assignments)))
    ]
    write_table(sys.stdout, ("parameter", "value", "unit", "range", "source"), rows)
