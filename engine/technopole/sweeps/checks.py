"""Checks between the sections of a sweep: what none can see alone."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from technopole.config.config import Config
from technopole.config.problems import Problems, found
from technopole.errors import FOR_INTERVALS, ConfigError
from technopole.schema import RECORDS, STATE
from technopole.schema.outcomes import Outcome, outcome_problems
from technopole.sweeps.models import Experiment, Output, Stop
from technopole.sweeps.points import NAME
from technopole.sweeps.spreads import Design
from technopole.sweeps.sweep import REPLICATES, recorded_periods
from technopole.sweeps.values import checked_value, flattened, starts_only

if TYPE_CHECKING:
    from technopole.sweeps.sweep import Sweep


def check_output(output: Output, problems: Problems) -> None:
    """Check the names and lists of ``[output]``.

    Parameters
    ----------
    output : Output
        The section.
    problems : Problems
        Gets what is wrong.
    """
    firms = [name for name, row in STATE.items() if row.level == "firm"]
    known = [*RECORDS, *firms] if output.level == "firm" else list(RECORDS)
    for index, name in enumerate(output.variables):
        if name in known:
            continue
        hint = problems.near(name, known) or "; technopole schema --variables lists them"
        if name in firms:
            hint = '; it is a variable of firms, which level = "firm" stores'
        problems.add(f"output.variables[{index}]", f"found {found(name)}, which is not recorded{hint}")
    for key in ("variables", "statistics", "quantiles"):
        values = getattr(output, key)
        if len(set(values)) < len(values):
            problems.add(f"output.{key}", "found a value twice; allowed: each once")
    if list(output.quantiles) != sorted(output.quantiles):
        problems.add("output.quantiles", "found values out of order; allowed: from the lowest to the highest")


def refuse_missing_library(sweep: Sweep) -> None:
    """Raise if a sweep takes a library that is not installed, which would come out when all is computed.

    Parameters
    ----------
    sweep : Sweep
        Otherwise checked.

    Raises
    ------
    ConfigError
        With what takes it and how to do without.
    """
    if importlib.util.find_spec("scipy") is not None:
        return
    lines = []
    wanted = [f'"{word}"' for word in ("interval", "quantiles") if word in sweep.output.statistics]
    if wanted:
        verb = "needs" if len(wanted) == 1 else "need"
        lines.append(
            f"{sweep.source}: output.statistics: {' and '.join(wanted)} {verb} {FOR_INTERVALS}; "
            "the other statistics do without"
        )
    if sweep.stop is not None:
        lines.append(f"{sweep.source}: stop: the intervals that are looked at need {FOR_INTERVALS}")
    if lines:
        raise ConfigError(lines)


def refuse_unstored(sweep: Sweep) -> None:
    """Raise if a sweep that is to be run asks for output of which nothing would be stored.

    Parameters
    ----------
    sweep : Sweep
        Otherwise checked. What a store holds already is read all the same.

    Raises
    ------
    ConfigError
        With one line for each key.
    """
    output, lines = sweep.output, []
    if output.level == "firm" and not sweep.firm_variables:
        firms = ", ".join(name for name, row in STATE.items() if row.level == "firm")
        lines.append(
            f'output.variables: found none of firms, of which level = "firm" makes tables; allowed: one of {firms}, '
            "and others besides"
        )
    if output.quantiles != Output.model_fields["quantiles"].default and "quantiles" not in output.statistics:
        lines.append(
            'output.quantiles: given, but output.statistics does not name "quantiles"; allowed: both'
        )
    if sweep.variables and not output.statistics and not output.raw:
        lines.append("output.statistics: found none, and raw = false; allowed: one of them, or no variables")
    if lines:
        raise ConfigError([f"{sweep.source}: {line}" for line in lines])


def check_stop(
    stop: Stop, outcomes: Sequence[Outcome], experiment: Mapping[str, Any], problems: Problems
) -> None:
    """Check the stopping rule.

    Parameters
    ----------
    stop : Stop
        The section.
    outcomes : sequence of Outcome
        Those of the sweep.
    experiment : mapping
        ``[experiment]`` as it stands in the file.
    problems : Problems
        Gets what is wrong.
    """
    names = [outcome.name for outcome in outcomes]
    if stop.outcome not in names:
        hint = problems.near(stop.outcome, names) or f"; allowed: {', '.join(names)}"
        problems.add("stop.outcome", f"found {found(stop.outcome)}, which is no outcome{hint}")
    if stop.maximum < stop.minimum:
        text = f"found {stop.maximum}; allowed: at least minimum, which is {stop.minimum}"
        problems.add("stop.maximum", text)
    elif (stop.maximum - stop.minimum) % stop.round:
        text = f"found {stop.maximum}; allowed: minimum {stop.minimum} and whole rounds of {stop.round}"
        problems.add("stop.maximum", text)
    if isinstance(experiment, Mapping) and experiment.get("replicates") is not None:
        problems.add("experiment.replicates", "given beside [stop]; allowed: stop.minimum and stop.maximum")


def check_run(
    config: Config,
    experiment: Experiment,
    output: Output,
    outcomes: Sequence[Outcome],
    stop: Stop | None,
    design: Design | None,
    problems: Problems,
) -> Config:
    """Check the parts against each other.

    Parameters
    ----------
    config : Config
        The scenario with what all points share.
    experiment, output, outcomes, stop, design
        The sections.
    problems : Problems
        Gets what is wrong.

    Returns
    -------
    Config
        With replicates and stride of the sweep.
    """
    periods = config.time.periods
    if experiment.burn_in >= periods:
        text = f"found {experiment.burn_in}; allowed: fewer than the periods, of which there are {periods}"
        problems.add("experiment.burn_in", text)
    if experiment.burn_in and not experiment.common_random_numbers:
        text = "points that share a burn-in share its random numbers; allowed: true, or burn_in = 0"
        problems.add("experiment.common_random_numbers", text)
    if experiment.burn_in and design is not None:
        for key in filter(starts_only, design.keys):
            text = f"{key} shapes the start, before the burn-in; allowed: parameters of later periods"
            problems.add(f"design.parameters.{key}", text)
    stride = output.stride
    times = recorded_periods(periods, stride, experiment.burn_in)
    if not times.size:
        text = f"found {stride}; allowed: one that leaves a period after the burn-in and up to {periods}"
        problems.add("output.stride", text)
        return config
    names = _ids(config)
    for outcome in outcomes:
        for line in outcome_problems(outcome, times, *names):
            key, _, text = line.partition(": ")
            problems.add(f"outcomes.{outcome.name}.{key}", text)
    number = stop.maximum if stop is not None else experiment.replicates or REPLICATES
    try:
        return config.replace({"run.replicates": number, "output.stride": stride})
    except ConfigError as failure:
        problems.lines.extend(failure.problems)
        return config


def _ids(config: Config) -> tuple[list[str] | None, list[str] | None]:
    """Return the ids of regions and sectors where the configuration itself holds all of them."""
    if config.data.kind != "embedded":
        return None, None
    return [region.id for region in config.regions], [sector.id for sector in config.sectors]


def check_contrasts(
    given: Any, design: Design | None, problems: Problems
) -> tuple[dict[str, dict[str, Any]], bool]:
    """Check the contrasts.

    Parameters
    ----------
    given : object
        ``[contrasts]`` as it stands in the file.
    design : Design or None
        The design.
    problems : Problems
        Gets what is wrong.

    Returns
    -------
    contrasts : dict of str to dict
        Name → values that select a point.
    factorial : bool
        The effects of a grid of two values each are wanted.
    """
    if not isinstance(given, Mapping):
        problems.add("contrasts", f"found {found(given)}; allowed: a table of points")
        return {}, False
    if design is None:
        return {}, False  # a design that cannot be read is a problem already
    if any(given.values()) and not design.keys:
        problems.add(
            "contrasts", "given, but there is one point: the design varies nothing; allowed: beside [design]"
        )
        return {}, False
    contrasts: dict[str, dict[str, Any]] = {}
    for name, values in given.items():
        if name == "factorial":
            _check_factorial(values, design, problems)
        elif not isinstance(values, Mapping):
            text = f"found {found(values)}; allowed: the values of a point, dotted key → value"
            problems.add(f"contrasts.{name}", text)
        else:
            contrasts[name] = _selection(name, flattened(values), design, problems)
    return contrasts, bool(given.get("factorial", False))


def _selection(name: str, values: Mapping[str, Any], design: Design, problems: Problems) -> dict[str, Any]:
    from technopole.sweeps.values import VARIED

    selected = {}
    for key, value in values.items():
        place = f"contrasts.{name}.{key}"
        if key == NAME and design.names:
            if value not in design.names:
                hint = problems.near(str(value), design.names) or f"; allowed: {', '.join(design.names)}"
                problems.add(place, f"no point is called {value!r:.80}{hint}")
            selected[key] = value
        elif key not in design.keys:
            hint = problems.near(key, design.keys) or f"; allowed: {', '.join(design.keys)}"
            problems.add(place, f"the design does not vary it{hint}")
        else:
            selected[key] = checked_value(VARIED[key], value, place, problems)
    return selected


def _check_factorial(value: Any, design: Design, problems: Problems) -> None:
    if not isinstance(value, bool):
        problems.add("contrasts.factorial", f"found {found(value)}; allowed: true or false")
    elif value and not (design.kind == "grid" and all(len(s.values) == 2 for s in design.spreads)):
        problems.add("contrasts.factorial", "allowed: only for a grid of parameters with two values each")
