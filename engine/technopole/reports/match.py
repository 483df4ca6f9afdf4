"""Whether what stands on one page was computed of one economy: other economies are refused, other values are told."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from technopole.errors import DataError

if TYPE_CHECKING:
    import xarray as xr

Flat = dict[str, Any]
"""Dotted key → value; a list of tables as a whole."""

ECONOMY = ("data.kind", "synthetic.regions", "synthetic.sectors", "regions", "sectors")
"""Where these differ the economies do; of lists the ids count."""
IGNORED_SECTIONS = ("scenario", "output")
"""Words about the scenario, and what was recorded of it."""
IGNORED_KEYS = ("time.periods", "run.replicates", "run.seed", "run.threads", "run.backend", "run.block")
"""How long, how often and on what was computed; parts of one page may differ in it."""
NAME = "scenario.name"
SHOWN = 5
"""Keys named by a warning."""


class Names(NamedTuple):
    """What messages call a part and the results on whose page it is to stand."""

    part: str
    option: str
    whole: str


def configuration_of(ds: xr.Dataset) -> Flat | None:
    """Return the configuration that results were computed with.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of any kind but the store of an experiment.

    Returns
    -------
    dict or None
        By dotted key; None if the results do not hold it, as after work of one's own on them.
    """
    try:
        return flat(tomllib.loads(str(ds.attrs["config"])))
    except (KeyError, tomllib.TOMLDecodeError):
        return None


def flat(content: Mapping[str, Any]) -> Flat:
    """Return a configuration by dotted keys."""
    found: Flat = {}
    for section, part in content.items():
        if isinstance(part, Mapping):
            found.update({f"{section}.{key}": value for key, value in part.items()})
        else:
            found[section] = part
    return found


def compare(main: Flat | None, part: Flat | None, names: Names, varied: Collection[str] = ()) -> str:
    """Compare the configuration of a part with that of the results on whose page it is to stand.

    Parameters
    ----------
    main, part : dict or None
        Configurations by dotted key, of the results and of the part.
    names : Names
        For messages.
    varied : collection of str
        Keys that an experiment varies; they are not compared.

    Returns
    -------
    str
        What readers of the page must know; empty if there is nothing.

    Raises
    ------
    DataError
        If they are of different economies.
    """
    if main is None or part is None:
        silent = names.whole if main is None else names.part
        return (
            f"No configuration is recorded with the {silent}: it could not be checked whether the {names.part} on "
            f"this page have that of the {names.whole}."
        )
    _refuse_other_economy(main, part, names)
    differing = _differing(main, part, varied)
    if not differing:
        return ""
    listed = [f"{key} ({_value(part, key)}, not {_value(main, key)})" for key in differing[:SHOWN]]
    more = f" and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
    return (
        f"The {names.part} on this page are of another configuration than the {names.whole}, and may not hold for "
        f"it: {', '.join(listed)}{more}."
    )


def _refuse_other_economy(main: Flat, part: Flat, names: Names) -> None:
    for key in ECONOMY:
        ours, theirs = _identities(main.get(key)), _identities(part.get(key))
        if set(ours) != set(theirs):
            scenarios = tuple(str(content.get(NAME) or "unnamed") for content in (part, main))
            raise DataError(
                f"{names.option}: of another economy than the {names.whole} (scenario {scenarios[0]}, not "
                f"{scenarios[1]}): {key}: found {_listed(theirs, ours)}, the {names.whole}: "
                f"{_listed(ours, theirs)}; allowed: results of the same economy"
            )


def _identities(value: Any) -> list[str]:
    """Return what tells economies apart: a word as it is, the ids of a list of tables."""
    if isinstance(value, list):
        return [str(row.get("id")) for row in value]
    return [] if value is None else [str(value)]


def _listed(ids: list[str], others: list[str]) -> str:
    """Return those that the others lack, first, and how many there are."""
    known = set(others)
    only = [one for one in ids if one not in known] or ids
    if not ids:
        return "none"
    more = f", … ({len(ids)} in all)" if len(only) > SHOWN else ""
    return f"{', '.join(only[:SHOWN])}{more}"


def _differing(main: Flat, part: Flat, varied: Collection[str]) -> list[str]:
    # a policy that is varied is a row of the list of policies
    skipped = {
        *IGNORED_KEYS,
        *varied,
        *(key.partition(".")[0] for key in varied if key.startswith("policies.")),
    }
    keys = dict.fromkeys((NAME, *main, *part))
    compared = (key for key in keys if key == NAME or key.partition(".")[0] not in IGNORED_SECTIONS)
    return [key for key in compared if key not in skipped and main.get(key) != part.get(key)]


def _value(content: Flat, key: str) -> str:
    value = content.get(key)
    if isinstance(value, list):
        tables = any(isinstance(row, Mapping) for row in value)
        return f"{len(value)} of other content" if tables else ", ".join(map(str, value))
    return "absent" if value is None else str(value) or "unnamed"
