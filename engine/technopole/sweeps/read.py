"""From the content of a sweep file to the parts of a sweep, with every problem that is found on the way."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.stored_names import name_problems
from technopole.config.config import Config
from technopole.config.problems import Problems, found, validated
from technopole.config.read import read_toml
from technopole.config.resolve import resolve_config
from technopole.errors import ConfigError
from technopole.schema import ENTRIES
from technopole.schema.outcomes import DEFAULT_OUTCOMES, Outcome, outcome_problems
from technopole.sweeps.checks import check_contrasts, check_output, check_run, check_stop
from technopole.sweeps.design_section import read_design
from technopole.sweeps.models import SECTIONS, Experiment, Limits, OutcomeTable, Output, Stop
from technopole.sweeps.sweep import Sweep, recorded_periods
from technopole.sweeps.values import flattened

if TYPE_CHECKING:
    from technopole.config.models import Section


def read_sweep(
    content: Mapping[str, Any], folder: Path, data: str | os.PathLike[str] | None, problems: Problems
) -> dict[str, Any]:
    """Return the fields of a `Sweep`.

    Parameters
    ----------
    content : mapping
        Sections, of plain values.
    folder : Path
        Relative paths count from it.
    data : path or None
        In place of ``data.path`` of the scenario.
    problems : Problems
        Empty; knows the source.

    Returns
    -------
    dict
        By name.

    Raises
    ------
    ConfigError
        With one line for each problem.
    """
    if "experiment" not in content and ("regions" in content or "scenario" in content):
        text = (
            'this is a configuration, not a sweep; a sweep has [experiment] with scenario = "…" and [design]'
        )
        raise ConfigError(f"{problems.source}: {text}")
    for key in content:
        if key not in SECTIONS:
            problems.add(
                key, f"unknown section{problems.near(key, SECTIONS)}; allowed: {', '.join(SECTIONS)}"
            )
    experiment = _section(Experiment, _without_run(content, problems), "experiment", problems)
    output = _section(Output, content, "output", problems)
    limits = _section(Limits, content, "limits", problems)
    stop = _section(Stop, content, "stop", problems) if "stop" in content else None
    config = _config(content, experiment, folder, data, problems) if experiment is not None else None
    outcomes = _outcomes(content.get("outcomes", {}), problems)
    if "outcomes" not in content and config is not None and experiment is not None and output is not None:
        outcomes = _default_outcomes(recorded_periods(config.time.periods, output.stride, experiment.burn_in))
    design = read_design(content.get("design", {}), config, folder, problems)
    contrasts, factorial = check_contrasts(content.get("contrasts", {}), design, problems)
    if output is not None:
        check_output(output, problems)
    if stop is not None:
        check_stop(stop, outcomes, content.get("experiment", {}), problems)
    if config is not None and experiment is not None and output is not None:
        config = check_run(config, experiment, output, outcomes, stop, design, problems)
    problems.raise_if_any()
    assert config is not None and experiment is not None and output is not None and design is not None
    name = experiment.name or Path(problems.source).stem
    sweep: dict[str, Any] = {
        "source": problems.source,
        "name": name,
        "title": experiment.title or config.scenario.title or name,
        "config": config,
        "design": design,
        "common_random_numbers": experiment.common_random_numbers,
        "burn_in": experiment.burn_in,
        "output": output,
        "outcomes": outcomes,
        "contrasts": contrasts,
        "factorial": factorial,
        "stop": stop,
        "limits": limits,
    }
    whole = Sweep(**sweep)
    if not whole.recorded and not whole.firm_variables:
        problems.add("outcomes", "none, and no output.variables; allowed: at least one of them")
    for line in name_problems(whole):
        problems.add("outcomes", line)
    problems.raise_if_any()
    if whole.recorded:
        sweep["config"] = config.replace({"output.variables": whole.recorded})
    return sweep


def _section(model: Any, content: Mapping[str, Any], key: str, problems: Problems) -> Any:
    section: Section | None = validated(model, content.get(key, {}), key, problems)
    return section


def _config(
    content: Mapping[str, Any],
    experiment: Experiment,
    folder: Path,
    data: str | os.PathLike[str] | None,
    problems: Problems,
) -> Config | None:
    """Return the scenario with what all points share; its own problems have its own file in front."""
    changes = _shared(content, problems)
    places = {key: f"set.{key}" for key in changes}
    own = (("run.seed", "seed"), ("run.backend", "backend"), ("time.periods", "periods"))
    for key, name in own:
        value = getattr(experiment, name)
        if value is not None:
            changes[key] = value
            places[key] = f"experiment.{name}"
    origins = {
        key: problems.overridden[place] for key, place in places.items() if place in problems.overridden
    }
    inline = content.get("config")
    if (inline is None) == (experiment.scenario is None):
        what = "missing; it is needed" if inline is None else "given beside [config]; allowed: one of them"
        problems.add("experiment.scenario", what)
        return None
    try:
        if inline is not None:
            base: Config | Path = Config.from_dict(inline, f"{problems.source}: config")
        else:
            scenario = Path(os.path.expanduser(str(experiment.scenario)))
            base = Path(os.path.normpath(folder / scenario))
            if base.is_dir() or not base.exists():
                _refuse_scenario(base, problems)
                return None
        return resolve_config(base, data=data, more=changes, more_origins=origins)
    except ConfigError as failure:
        outside = tuple(origins.values())
        problems.lines.extend(
            line if line.startswith(outside) else line.replace("(override)", "([set] of the sweep)")
            for line in failure.problems
        )
        return None


def _refuse_scenario(path: Path, problems: Problems) -> None:
    """Say why there is no scenario."""
    try:
        read_toml(path)
    except ConfigError as failure:
        for line in failure.problems:
            problems.add("experiment.scenario", line)


def _without_run(content: Mapping[str, Any], problems: Problems) -> Mapping[str, Any]:
    """Return the content without those keys of [experiment] that belong to [run] of a scenario; they are problems."""
    given = content.get("experiment")
    if not isinstance(given, Mapping):
        return content
    misplaced = [key for key in given if key not in Experiment.model_fields and f"run.{key}" in ENTRIES]
    for key in misplaced:
        problems.add(f"experiment.{key}", f"unknown key; {_place_of_run(key, content)}")
    return {**content, "experiment": {key: value for key, value in given.items() if key not in misplaced}}


def _place_of_run(name: str, content: Mapping[str, Any]) -> str:
    """Say where a sweep has what a configuration has in [run]."""
    if name in Experiment.model_fields:
        return f"allowed: experiment.{name}"
    if name == "threads":
        return "a unit is computed on one thread; --workers (workers=) says how many units at a time"
    experiment = content.get("experiment")
    scenario = experiment.get("scenario") if isinstance(experiment, Mapping) else None
    place = (
        "[config.run] of the sweep"
        if "config" in content
        else f"[run] of the scenario {scenario or ''}".rstrip()
    )
    return f"{name} is that of the scenario; allowed: {name} in {place}"


def _shared(content: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    given = content.get("set", {})
    if not isinstance(given, Mapping):
        problems.add("set", f"found {found(given)}; allowed: a table of dotted keys")
        return {}
    shared = flattened(given)
    experiment = content.get("experiment")
    if "time.periods" in shared and isinstance(experiment, Mapping) and experiment.get("periods") is not None:
        problems.add("set.time.periods", "given, and experiment.periods too; allowed: one of them")
    for key in [key for key in shared if key.partition(".")[0] in ("run", "output")]:
        known = key.startswith("run.") and key in ENTRIES
        section = "experiment" if key.partition(".")[0] == "run" else "output"
        allowed = f"allowed: the keys of [{section}] of the sweep"
        problems.add(f"set.{key}", _place_of_run(key.partition(".")[2], content) if known else allowed)
        del shared[key]
    return shared


def _outcomes(given: Any, problems: Problems) -> tuple[Outcome, ...]:
    if not isinstance(given, Mapping):
        problems.add("outcomes", f"found {found(given)}; allowed: a table of outcomes")
        return ()
    outcomes = []
    for name, table in given.items():
        if not name.isidentifier():
            problems.add(f"outcomes.{name}", "allowed: a name of letters, digits and _")
            continue
        several = [
            key
            for key in ("region", "sector")
            if isinstance(table, Mapping) and isinstance(table.get(key), list | tuple)
        ]
        for key in several:
            text = f"found {found(table[key])}; allowed: one id, as an outcome is of one {key}, or of all if absent"
            problems.add(f"outcomes.{name}.{key}", text)
        if several:
            continue
        row = validated(OutcomeTable, table, f"outcomes.{name}", problems)
        if row is not None:
            outcomes.append(Outcome(name, **row.model_dump()))
    return tuple(outcomes)


def _default_outcomes(times: NDArray[np.int64]) -> tuple[Outcome, ...]:
    """Return the outcomes of a sweep that names none, over as many periods as it records."""
    chosen = []
    stride = int(times[0]) if times.size == 1 else int(np.diff(times[:2]).sum())
    for row in DEFAULT_OUTCOMES if times.size else ():
        lengths = [row.periods, *range(row.periods - 1, 0, -1), stride]
        fitting = (replace(row, periods=length) for length in lengths)
        fits = next((one for one in fitting if not outcome_problems(one, times)), None)
        if fits is not None:
            chosen.append(fits)
    return tuple(chosen)


def written(sweep: Sweep) -> dict[str, Any]:
    """Return a sweep as plain values.

    Parameters
    ----------
    sweep : Sweep
        Any.

    Returns
    -------
    dict
        `read_sweep` makes the same of it.
    """
    experiment: dict[str, Any] = {"name": sweep.name, "title": sweep.title}
    if sweep.stop is None:
        experiment["replicates"] = sweep.replicates
    experiment["common_random_numbers"] = sweep.common_random_numbers
    experiment["burn_in"] = sweep.burn_in
    content: dict[str, Any] = {
        "experiment": experiment,
        "config": sweep.config.to_dict(),
        "design": _written_design(sweep),
        "output": sweep.output.model_dump(mode="json"),
        "outcomes": {row.name: _written_outcome(row) for row in sweep.outcomes},
        "contrasts": {name: dict(values) for name, values in sweep.contrasts.items()},
        "limits": sweep.limits.model_dump(mode="json"),
    }
    if sweep.factorial:
        content["contrasts"]["factorial"] = True
    if sweep.stop is not None:
        content["stop"] = sweep.stop.model_dump(mode="json")
    return content


def _written_outcome(row: Outcome) -> dict[str, Any]:
    fields = ("variable", "over", "periods", "region", "sector")
    return {name: getattr(row, name) for name in fields if getattr(row, name) is not None}


def _written_design(sweep: Sweep) -> dict[str, Any]:
    design = sweep.design
    kind = "zip" if design.kind in ("list", "file") and design.spreads else design.kind
    content: dict[str, Any] = {"kind": kind, "seed": design.seed}
    if kind in ("saltelli", "morris", "lhs", "sobol", "random"):
        content["points"] = design.number
    if kind == "saltelli":
        content["second_order"] = design.second_order
    if kind == "morris":
        content["levels"] = design.levels
    parameters: dict[str, dict[str, Any]] = {}
    for spread in design.spreads:
        if spread.dist == "choice":
            parameters[spread.key] = {"values": list(spread.values)}
        else:
            parameters[spread.key] = {"low": spread.low, "high": spread.high, "dist": spread.dist}
            if spread.dist == "normal":
                parameters[spread.key] |= {"mean": spread.mean, "sd": spread.sd}
    content["parameters"] = parameters
    if design.names:
        content["names"] = list(design.names)
    return content
