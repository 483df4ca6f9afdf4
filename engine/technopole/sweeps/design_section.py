"""The section ``[design]`` of a sweep: kinds, values, ranges; lists of points stand in `listed_points`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from technopole.config.config import Config
from technopole.config.problems import Problems, found, validated
from technopole.schema.entries import Parameter, plain_number
from technopole.sweeps.listed_points import check_names, listed
from technopole.sweeps.models import KINDS, POWERS_OF_TWO, SAMPLED
from technopole.sweeps.models import Design as DesignSection
from technopole.sweeps.models import Spread as SpreadTable
from technopole.sweeps.spreads import Design, Spread
from technopole.sweeps.values import POLICY, checked_value, flattened, known_key, within

MOST_POINTS = 10_000_000
"""Points that a design may have: more are a mistake."""


def read_design(given: Any, config: Config | None, folder: Path, problems: Problems) -> Design | None:
    """Return the design of a sweep.

    Parameters
    ----------
    given : object
        ``[design]`` as it stands in the file.
    config : Config or None
        The scenario, whose values fill the gaps of a list of points; None if it has problems of its own.
    folder : Path
        A relative ``file`` counts from it.
    problems : Problems
        Gets what is wrong.

    Returns
    -------
    Design or None
        None if anything is wrong with its form.
    """
    if not isinstance(given, Mapping):
        problems.add("design", f"found {found(given)}; allowed: a table")
        return None
    before = len(problems.lines)
    for key in [key for key in given if key not in _KEYS]:
        text = f"unknown key{problems.near(key, _KEYS)}; allowed: {', '.join(_KEYS)}"
        problems.add(f"design.{key}", text)
    rest = {key: value for key, value in given.items() if key in DesignSection.model_fields}
    if "kind" not in given and not _lists_points(given):
        text = f"missing; allowed: {', '.join(KINDS)}; grid takes all combinations of the values"
        problems.add("design.kind", text)
        return None
    section = validated(DesignSection, rest, "design", problems)
    kind = given.get("kind", "list")
    if kind not in KINDS:
        return None
    _refuse_other_keys(kind, given, problems)
    names: tuple[Any, ...] = given.get("names") or ()
    if kind in ("list", "file"):
        spreads, names = listed(kind, given, config, folder, problems)
        number = len(spreads[0].values) if spreads else 1
    else:
        spreads = _spreads(kind, given.get("parameters"), problems)
        number = _number(kind, given, spreads, problems)
    check_names(names, number, _PLACES.get(kind, "design.names"), problems)
    _check_policies(spreads, config, problems)
    if section is not None and kind == "morris" and section.levels % 2:
        problems.add("design.levels", f"found {section.levels}; allowed: an even number")
    if section is None or len(problems.lines) > before:
        return None
    return Design(kind, tuple(spreads), number, section.seed, section.second_order, section.levels, names)


def _lists_points(given: Mapping[str, Any]) -> bool:
    """Tell whether a design holds nothing but points, so that its kind goes without saying."""
    others = [key for key in given if key not in ("points", "seed") and given[key] != {}]
    return not others and isinstance(given.get("points", ()), tuple)


_PLACES = {"list": "design.points", "file": "design.file"}
"""Kind → where the names of its points stand, if not in ``names``."""
_KEYS = (*DesignSection.model_fields, "parameters", "points")
_OWN_KEYS = {
    "points": ("list", *SAMPLED),
    "parameters": ("grid", "zip", *SAMPLED),
    "file": ("file",),
    "names": ("zip",),
    "second_order": ("saltelli",),
    "levels": ("morris",),
    "seed": SAMPLED,
}


def _refuse_other_keys(kind: str, given: Mapping[str, Any], problems: Problems) -> None:
    for key, kinds in _OWN_KEYS.items():
        # a written sweep always holds the seed
        if (
            key in given
            and kind not in kinds
            and not (key == "parameters" and not given[key])
            and key != "seed"
        ):
            problems.add(
                f"design.{key}", f'given; allowed: only for the kinds {", ".join(kinds)}, not "{kind}"'
            )


# ------------------------------------------------------------------------------------- values and ranges


def _check_policies(spreads: Sequence[Spread], config: Config | None, problems: Problems) -> None:
    """Check that a policy of a design is one of the configuration, and only one."""
    for key in (spread.key for spread in spreads if spread.key.startswith(POLICY)):
        name = key.removeprefix(POLICY)
        number = sum(policy.instrument == name for policy in config.policies) if config is not None else 1
        if number != 1:
            text = f"found {number} of [[policies]] with this instrument; allowed: one, whose value is varied"
            problems.add(f"design.parameters.{key}", text)


def _spreads(kind: str, given: Any, problems: Problems) -> list[Spread]:
    if not isinstance(given, Mapping) or not given:
        what = "missing" if given is None else f"found {found(given)}" if given else "found an empty table"
        problems.add(
            "design.parameters",
            f'{what}; allowed for the kind "{kind}": a table, parameter → its values or range',
        )
        return []
    spreads = []
    for key, value in flattened(given).items():
        place = f"design.parameters.{key}"
        entry = known_key(key, place, problems)
        table = {"values": value} if isinstance(value, tuple) else value
        if not isinstance(table, Mapping):
            problems.add(
                place, f"found {found(value)}; allowed: a list of values, or a table with low and high"
            )
            continue
        row = validated(SpreadTable, table, place, problems)
        if entry is None or row is None:
            continue
        spread = _values(entry, row, place, problems) if row.values is not None else None
        if kind == "grid" and spread is not None and len(set(spread.values)) < len(spread.values):
            problems.add(f"{place}.values", "found a value twice; allowed: each once")
        if row.values is None and kind in SAMPLED:
            spread = _range(entry, row, place, problems)
        elif row.values is None:
            problems.add(f"{place}.values", f'missing; the kind "{kind}" needs the values themselves')
        if spread is not None:
            spreads.append(spread)
    return spreads


def _values(entry: Parameter, row: SpreadTable, place: str, problems: Problems) -> Spread | None:
    for name in ("low", "high", "mean", "sd"):
        if getattr(row, name) is not None:
            problems.add(f"{place}.{name}", "given beside values; allowed: values, or a range")
    if row.dist not in (None, "choice"):
        problems.add(f"{place}.dist", f'found "{row.dist}" beside values; allowed: "choice"')
    before = len(problems.lines)
    values = [
        checked_value(entry, value, f"{place}.values[{index}]", problems)
        for index, value in enumerate(row.values or ())
    ]
    return Spread(entry.key, tuple(values)) if len(problems.lines) == before else None


def _range(entry: Parameter, row: SpreadTable, place: str, problems: Problems) -> Spread | None:
    if entry.dtype not in ("float", "int"):
        problems.add(f"{place}.values", f"missing; allowed for {entry.key}: {entry.allowed}")
        return None
    if row.low is None or row.high is None:
        missing = "low" if row.low is None else "high"
        low, high = (plain_number(end) for end in entry.search_range)
        problems.add(f"{place}.{missing}", f"missing; a sensible range of {entry.key} is {low} to {high}")
        return None
    before = len(problems.lines)
    for name, value in (("low", row.low), ("high", row.high)):
        if not within(entry, value):
            text = f"found {plain_number(value)}; allowed for {entry.key}: {entry.allowed}"
            problems.add(f"{place}.{name}", text)
    if row.low >= row.high:
        text = f"found {plain_number(row.low)}; allowed: below high, which is {plain_number(row.high)}"
        problems.add(f"{place}.low", text)
    dist = row.dist or ("integer" if entry.dtype == "int" else "uniform")
    _check_distribution(entry, row, dist, place, problems)
    if len(problems.lines) > before:
        return None
    mean = (row.low + row.high) / 2.0 if row.mean is None else row.mean
    return Spread(entry.key, (), row.low, row.high, dist, mean, 1.0 if row.sd is None else row.sd)


def _check_distribution(
    entry: Parameter, row: SpreadTable, dist: str, place: str, problems: Problems
) -> None:
    low, high = row.low or 0.0, row.high or 0.0
    if dist == "choice":
        problems.add(f"{place}.values", 'missing; dist = "choice" chooses among values')
    if entry.dtype == "int" and dist not in ("integer", "choice"):
        problems.add(f"{place}.dist", f'found "{dist}"; allowed for whole numbers: "integer"')
    if dist == "integer" and not (float(low).is_integer() and float(high).is_integer()):
        problems.add(f"{place}.low", 'dist = "integer" needs whole numbers as low and high')
    if dist == "loguniform" and low <= 0.0:
        problems.add(f"{place}.low", f'found {plain_number(low)}; dist = "loguniform" needs it above 0')
    if dist == "normal":
        if row.sd is None:
            problems.add(f"{place}.sd", 'missing; dist = "normal" needs it')
        elif row.mean is not None and not low - 6 * row.sd < row.mean < high + 6 * row.sd:
            text = f"found {plain_number(row.mean)}; allowed: within 6 sd of low and high"
            problems.add(f"{place}.mean", text)
    else:
        for name in ("mean", "sd"):
            if getattr(row, name) is not None:
                problems.add(f"{place}.{name}", f'given; allowed: only for dist = "normal", not "{dist}"')


def _number(kind: str, given: Mapping[str, Any], spreads: Sequence[Spread], problems: Problems) -> int:
    """Return the number in the design: of points, of base samples, of trajectories."""
    if kind == "grid":
        number = math.prod(len(spread.values) for spread in spreads)
        if number > MOST_POINTS:
            problems.add("design.parameters", f"found {number:,} points; allowed: at most {MOST_POINTS:,}")
        return number
    if kind == "zip":
        lengths = {spread.key: len(spread.values) for spread in spreads}
        if len(set(lengths.values())) > 1:
            words = ", ".join(f"{length} of {key}" for key, length in lengths.items())
            problems.add("design.parameters", f"found {words}; allowed: lists of the same length")
        return next(iter(lengths.values()), 0)
    noun = {"saltelli": "base samples", "morris": "trajectories"}.get(kind, "points")
    wanted = given.get("points")
    if not isinstance(wanted, int) or isinstance(wanted, bool) or not 1 <= wanted <= MOST_POINTS:
        what = "missing" if wanted is None else f"found {found(wanted)}"
        problems.add("design.points", f"{what}; allowed: the number of {noun}, from 1 to {MOST_POINTS:,}")
        return 1
    if kind in POWERS_OF_TWO and wanted & (wanted - 1):
        below, above = 1 << (wanted.bit_length() - 1), 1 << wanted.bit_length()
        text = f"found {wanted}; allowed: a power of two, such as {below} or {above}"
        problems.add("design.points", text)
    return wanted
