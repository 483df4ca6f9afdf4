"""What ``technopole plan`` does, and how commands read a sweep."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from technopole.cli.telling import compile_if_needed, prepare_device, say
from technopole.schema.entries import counted

if TYPE_CHECKING:
    from technopole.experiments.plan import Plan
    from technopole.experiments.probe import Estimate
    from technopole.sweeps.spreads import Spread
    from technopole.sweeps.sweep import Sweep

VALUES_SHOWN = 6
"""Values of a parameter shown in the table."""


@dataclass(frozen=True)
class SweepOptions:
    """How commands are given a sweep.

    Attributes
    ----------
    path : Path
        TOML file.
    assignments : tuple of str
        ``group.name=value`` each: keys of the sweep or of the configuration.
    data : Path or None
        In place of ``data.path``.
    replicates : int or None
        In place of ``experiment.replicates``.
    backend : str or None
        In place of ``experiment.backend``.
    """

    path: Path
    assignments: tuple[str, ...] = ()
    data: Path | None = None
    replicates: int | None = None
    backend: str | None = None


def read_sweep(options: SweepOptions) -> Sweep:
    """Read a sweep with the options of the command line.

    Parameters
    ----------
    options : SweepOptions
        As given.

    Returns
    -------
    Sweep
        Checked.

    Raises
    ------
    ConfigError
        With one line for each problem.
    """
    from technopole.config.assignments import parse_set, refuse_both
    from technopole.sweeps.sweep import Sweep

    overrides = parse_set(options.assignments)
    given = {key: getattr(options, key) is not None for key in ("replicates", "backend")}
    refuse_both(
        overrides,
        {
            f"{place}.{key}": f"--{key}"
            for key, is_given in given.items()
            if is_given
            for place in ("experiment", "run")
        }
        | ({"data.path": "--data"} if options.data is not None else {}),
    )
    origins = dict.fromkeys(overrides, "--set (override)")
    for name in ("replicates", "backend"):
        value, key = getattr(options, name), f"experiment.{name}"
        if value is not None:
            overrides[key], origins[key] = value, f"--{name}"
    return Sweep.from_toml(options.path, overrides, options.data, origins)


def plan(options: SweepOptions, force: bool = False, as_json: bool = False) -> None:
    """Print what an experiment takes, warn of points that fail, and refuse what is above its limits.

    Parameters
    ----------
    options : SweepOptions
        The sweep.
    force : bool
        Refuse nothing.
    as_json : bool
        For programs.

    Raises
    ------
    ConfigError
        If the sweep, its points or the data cannot be used, or it is above its limits.
    """
    from technopole.experiments.plan import make_plan
    from technopole.experiments.probe import estimate, refuse_above_limits

    planned = make_plan(read_sweep(options))
    if not force and not planned.sweep.firm_variables:  # how large tables of firms become is measured first
        refuse_above_limits(planned, None)
    prepare_device(planned.sweep.config, say)
    compile_if_needed(say, planned.sweep.config.run.precision)
    measured = estimate(planned)
    if as_json:
        print(json.dumps(plan_numbers(planned, measured), indent=2, ensure_ascii=False))
    else:
        print_plan(planned, measured)
    for point, text in measured.failed.items():
        say(f"warning: point {point}: a trial failed: {text}")
    if measured.failed:
        say("an experiment goes on without replicates that fail, and ends with exit code 3")
    if not force:
        refuse_above_limits(planned, measured)


def schema() -> None:
    """Print the JSON Schema of sweep files."""
    from technopole.sweeps.json_schema import sweep_schema

    print(json.dumps(sweep_schema(), indent=2, ensure_ascii=False))


def plan_numbers(plan: Plan, measured: Estimate | None) -> dict[str, Any]:
    """Return the numbers of a plan.

    Parameters
    ----------
    plan : Plan
        Any.
    measured : Estimate or None
        Times that are not known are left out.

    Returns
    -------
    dict
        Plain values that JSON can hold.
    """
    from technopole.experiments.firm_growth import stored_bytes

    numbers: dict[str, Any] = {
        "name": plan.sweep.name,
        "digest": plan.digest,
        "points": plan.n_points,
        "replicates": plan.replicates,
        "periods": plan.sweep.periods,
        "units": plan.n_units,
        "rounds": plan.rounds,
        "points_per_unit": plan.point_block,
        "replicates_per_unit": plan.replicate_block,
        "files": plan.files,
        "bytes": stored_bytes(plan, math.nan if measured is None else measured.firms),
    }
    if measured is not None and measured.failed:
        numbers["failed_points"] = {str(point): text for point, text in measured.failed.items()}
    if measured is not None and measured.known:
        numbers["core_hours"] = measured.core_hours
        numbers["seconds_per_replicate"] = measured.replicate_seconds
        numbers["seconds_per_unit"] = measured.unit_seconds
    return numbers


def print_plan(plan: Plan, measured: Estimate) -> None:
    """Print a plan as tables for people.

    Parameters
    ----------
    plan : Plan
        Any.
    measured : Estimate
        Of it.
    """
    from technopole.basics.machine import readable_bytes
    from technopole.basics.text_table import write_table
    from technopole.data.draft import firms_in_words
    from technopole.experiments.firm_growth import stored_bytes
    from technopole.simulation.progress import duration

    sweep = plan.sweep
    print(f"{sweep.name}: {sweep.title}\n")
    if sweep.design.spreads:
        rows = [(spread.key, _words(spread), _unit(spread)) for spread in sweep.design.spreads]
        write_table(sys.stdout, ("parameter", "values", "unit"), rows)
        print()
    most = "at most " if sweep.stop is not None else ""
    start = f"{sweep.burn_in} of them a burn-in, " if sweep.burn_in else ""
    of_firms = f", {_growth_in_words(measured)}" if sweep.firm_variables else ""
    unit = plan.unit(0)
    alike = "the same" if sweep.common_random_numbers else "different"
    rows = [
        ("points", f"{plan.n_points:,}", sweep.design.kind),
        ("replicates", f"{most}{plan.replicates:,}", f"of each point, with {alike} random numbers"),
        ("firms", *_number_and_share(firms_in_words(sweep.config, plan.n_firms))),
        ("periods", f"{sweep.periods:,}", f"{start}{sweep.times.size:,} recorded"),
        (
            "units",
            f"{most}{plan.n_units:,}",
            f"{counted(len(unit.points), 'point')} × {counted(len(unit.replicates), 'replicate')}"
            + (f", about {duration(measured.unit_seconds)} each" if measured.known else ""),
        ),
        ("size", readable_bytes(stored_bytes(plan, measured.firms)), f"before compression{of_firms}"),
        ("files", f"{plan.files:,}", "and one journal for each process"),
        ("core-hours", *_core_hours(measured, most)),
    ]
    if sweep.stop is not None:
        text = f"until {sweep.stop.outcome} is known to ± {sweep.stop.half_width:g}"
        rows.insert(2, ("rounds", f"{most}{plan.rounds:,}", text))
    write_table(sys.stdout, ("plan", "", ""), rows, right=(1,))
    print(f"\nhash {plan.digest[:16]}", flush=True)


def _growth_in_words(measured: Estimate) -> str:
    """Say what the size of tables of firms goes by."""
    if math.isnan(measured.firms):
        return "tables of firms growing as the workforce (not measured)"
    return "tables of firms as measured, later periods growing as the workforce"


def _number_and_share(firms: str) -> tuple[str, str]:
    """Part what `firms_in_words` says for the columns of a plan."""
    number, _, words = firms.partition(" ")
    share = words.partition(", ")[2]
    return number, f"at the start{', ' * bool(share)}{share}"


def _core_hours(measured: Estimate, most: str) -> tuple[str, str]:
    from technopole.simulation.progress import duration

    if not measured.known:
        return "not known", "none of the points that were tried can be run"
    return (
        f"{most}{measured.core_hours:,.3g}",
        f"{duration(measured.core_seconds)} on one core like this; measured: "
        f"{measured.replicate_seconds:.3g} s per replicate",
    )


def _words(spread: Spread) -> str:
    from technopole.config.write import literal

    if spread.values:
        several: Mapping[Any, None] = dict.fromkeys(spread.values)
        shown = ", ".join(literal(value) for value in list(several)[:VALUES_SHOWN])
        return f"{shown}, … ({len(several):,})" if len(several) > VALUES_SHOWN else shown
    words = f"{spread.low:g} to {spread.high:g}"
    normal = f", mean {spread.mean:g}, sd {spread.sd:g}" if spread.dist == "normal" else ""
    return words if spread.dist == "uniform" else f"{words} ({spread.dist}{normal})"


def _unit(spread: Spread) -> str:
    from technopole.sweeps.values import VARIED

    return VARIED[spread.key].unit
