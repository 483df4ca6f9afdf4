"""What ``technopole sensitivity`` does: indices as a table, a figure per outcome, a file if asked for."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from technopole.cli.commands_output import figures_folder, refuse_store_as_folder
from technopole.cli.telling import say
from technopole.errors import ConfigError, OutputError
from technopole.schema.entries import counted

if TYPE_CHECKING:
    import xarray as xr

NOISY = 0.1
"""Share of Monte Carlo error in the variance between points above which the table warns."""
WIDE = 0.25
"""Half-width of the interval of the most important parameter, as a share of its index, above which it warns."""


@dataclass(frozen=True)
class SensitivityOptions:
    """Options of ``technopole sensitivity``."""

    store: Path
    outcomes: tuple[str, ...] = ()
    confidence: float = 0.95
    out: Path | None = None
    figures: Path | None = None
    no_figures: bool = False
    overwrite: bool = False
    quiet: bool = False


def sensitivity(options: SensitivityOptions) -> None:
    """Compute sensitivity indices, print them, write figures and file.

    Parameters
    ----------
    options : SensitivityOptions
        As given.

    Raises
    ------
    TechnopoleError
        Whatever went wrong.
    """
    from technopole.experiments.sensitivity import sensitivity as compute
    from technopole.experiments.store_results import open_results, outcome_names, sweep_of
    from technopole.files.write import refuse_target, write

    if not 0.0 < options.confidence < 1.0:
        raise ConfigError(f"--confidence: found {options.confidence:g}; allowed: above 0, below 1")
    if options.out is not None:
        refuse_target(options.out, "sensitivity", options.overwrite)
    folder = _figures_folder(options)
    ds = open_results(options.store)
    names = outcome_names(ds, sweep_of(ds), options.outcomes or None)
    if folder is not None:
        _refuse_figures(folder, names, options.overwrite)
    result = compute(ds, names, options.confidence)
    if not options.quiet:
        print_sensitivity(result)
    if options.out is not None:
        write(result, options.out, options.overwrite)
        say(f"indices: {options.out}")
    if folder is not None:
        from technopole.figures.sensitivity import draw_sensitivity

        paths = draw_sensitivity(result, folder)
        if not options.quiet:
            say(f"figures: {folder}: {', '.join(path.name for path in paths)}")


def print_sensitivity(result: xr.Dataset) -> None:
    """Print a table of indices for each outcome to standard output.

    Parameters
    ----------
    result : xarray.Dataset
        Of `technopole.experiments.sensitivity.sensitivity`.
    """
    from technopole.basics.text_table import write_table

    for outcome in result["outcome"].values.tolist():
        one = result.sel(outcome=outcome)
        print(f"\n{outcome}: {one['outcome_name'].item()}")
        print(_spread(one) + "\n")
        headings, rows = sensitivity_rows(result, outcome)
        write_table(sys.stdout, headings, rows, right=tuple(range(1, len(headings))))
        for line in _pairs(one):
            print(line)
        for line in _advice(one):
            print(line)
    print(flush=True)


def sensitivity_rows(result: xr.Dataset, outcome: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headings and rows of the table of an outcome.

    Parameters
    ----------
    result : xarray.Dataset
        Of `technopole.experiments.sensitivity.sensitivity`.
    outcome : str
        Name.

    Returns
    -------
    headings : tuple of str
        For each index its value, the half-width of its interval, and its error from chance within the model.
    rows : list of tuple of str
        The most important parameter first.
    """
    from technopole.experiments.sensitivity import ranking

    one = result.sel(outcome=outcome)
    columns = {"ST": "total", "S1": "alone"} if "ST" in one else {"mu_star": "μ*", "mu": "μ", "sigma": "σ"}
    headings = ["parameter"]
    for words in columns.values():
        headings += [words, *(["±"] if words != "σ" else []), "chance"]
    rows = []
    for j in ranking(result, outcome).tolist():
        row = [str(one["parameter"].values[j])]
        for index in columns:
            parts = (index, f"{index}_half_width", f"{index}_noise")
            value, half, noise = (float(one[part].values[j]) for part in parts)
            digits = _digits(value, half)
            row += [_number(value, digits), *([_number(half, digits)] if index != "sigma" else [])]
            row.append(_number(noise, digits))
        rows.append(tuple(row))
    return tuple(headings), rows


def _advice(one: xr.Dataset) -> list[str]:
    """Return what would make the indices better."""
    from technopole.experiments.sensitivity import main_index

    lines = []
    if float(one["noise_share"]) > NOISY:
        lines.append(
            "the points differ partly by chance: more replicates make these indices better than more points"
        )
    index = main_index(one)
    values = np.nan_to_num(np.asarray(one[index].values))
    top = int(values.argmax())
    if float(one[f"{index}_half_width"].values[top]) > WIDE * values[top]:
        lines.append("the intervals are wide: a larger design.points makes them narrower")
    return lines


def _spread(one: xr.Dataset) -> str:
    unit = one["outcome_units"].item()
    share = float(one["noise_share"])
    chance = f"; {100 * share:.1f} % of that variance is chance" if math.isfinite(share) else ""
    mean, sd = float(one["mean"]), float(one["sd"])
    least, most = int(one["replicates_least"]), int(one["replicates_most"])
    replicates = (
        f"{counted(most, 'replicate')} of each point"
        if least == most
        else f"{least:,} to {most:,} replicates"
    )
    return f"{replicates}; mean over points {mean:.4g}, standard deviation between points {sd:.4g}{_unit(unit)}{chance}"


def _pairs(one: xr.Dataset) -> list[str]:
    """Return the pairs of parameters that clearly act together."""
    if "S2" not in one:
        return []
    names = one["parameter"].values
    value, half = np.asarray(one["S2"].values), np.asarray(one["S2_half_width"].values)
    clear = [(-value[j, k], j, k) for j, k in zip(*np.triu_indices(len(names), 1), strict=True)]
    lines = [
        f"{names[j]} and {names[k]} together: {value[j, k]:.2f} ± {half[j, k]:.2f}"
        for _, j, k in sorted(clear)
        if value[j, k] > half[j, k]
    ]
    return ["", *lines] if lines else []


def _digits(value: float, half: float) -> int:
    """Return decimals that the interval justifies, from 2 to 12 for small numbers."""
    scale = half if math.isfinite(half) and half > 0.0 else abs(value)
    return (
        2 if not math.isfinite(scale) or scale == 0.0 else min(max(1 - math.floor(math.log10(scale)), 2), 12)
    )


def _number(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}" if math.isfinite(value) else "–"


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"


def _figures_folder(options: SensitivityOptions) -> Path | None:
    folder = figures_folder(options.figures, options.no_figures, options.store)
    if folder is not None:
        refuse_store_as_folder(folder, options.store, *([options.out] if options.out else []))
    return folder


def _refuse_figures(folder: Path, outcomes: tuple[str, ...], overwrite: bool) -> None:
    from technopole.figures.sensitivity import figure_path
    from technopole.files.write import refuse_folder

    paths = [figure_path(folder, outcome) for outcome in outcomes]
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise OutputError(f"{there[0]}: is there already; --overwrite replaces it")
    refuse_folder(folder, folder)
