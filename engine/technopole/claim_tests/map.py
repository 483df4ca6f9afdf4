"""Where a claim holds and where it fails: the claims again for several values of one parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from technopole.claim_tests.design import Row
from technopole.claim_tests.outcomes import Floats
from technopole.claim_tests.results import claim_statistics
from technopole.config.problems import Problems
from technopole.errors import ConfigError
from technopole.sweeps.values import POLICY, checked_value, known_key

if TYPE_CHECKING:
    import xarray as xr

    from technopole.config.config import Config

MOST_VALUES = 1000


class Over(NamedTuple):
    """A parameter and the values it takes."""

    key: str
    values: tuple[float, ...]


def parse_over(text: str, called: str = "over") -> Over:
    """Read ``PARAM=a:b:n``: n values from a to b at equal distances.

    Parameters
    ----------
    text : str
        Such as ``learning.contact=0:1:5``.
    called : str
        What messages call it.

    Raises
    ------
    ConfigError
        If it is not of this form, the parameter is unknown or a value is not allowed.
    """
    key, found, span = text.partition("=")
    parts = span.split(":")
    try:
        first, last, number = float(parts[0]), float(parts[1]), int(parts[2])
        if not found or len(parts) != 3 or not 1 <= number <= MOST_VALUES:
            raise ValueError
    except (ValueError, IndexError):
        raise ConfigError(
            f'{called}: found "{text}"; allowed: PARAM=a:b:n, such as learning.contact=0:1:5, with n from 1 to '
            f"{MOST_VALUES}"
        ) from None
    return checked_over(Over(key.strip(), tuple(np.linspace(first, last, number).tolist())), called)


def checked_over(over: Over, called: str = "over") -> Over:
    """Return the same with values in the type of the parameter.

    Raises
    ------
    ConfigError
        If the parameter is unknown or a value is not allowed.
    """
    problems = Problems(called)
    entry = known_key(over.key, "parameter", problems)
    values = []
    if entry is not None and over.key.startswith(POLICY):
        problems.add("parameter", f"{over.key} is a policy; allowed: parameters")
    elif entry is not None:
        if entry.dtype not in ("float", "int"):
            problems.add("parameter", f"{over.key} is no number; allowed: parameters that are")
        else:
            values = [checked_value(entry, value, over.key, problems) for value in over.values]
    if problems.lines:
        raise ConfigError(problems.lines)
    return Over(over.key, tuple(values))


def configurations(config: Config, over: Over, called: str = "over") -> list[Config]:
    """Return the configuration with each of the values."""
    return [config.replace({over.key: value}, {over.key: called}) for value in over.values]


def map_variables(
    over: Over, rows: tuple[Row, ...], pairs: list[tuple[Floats, Floats]], replicates: int
) -> xr.Dataset:
    """Return the statistics of each claim at each value, dims (claim, value).

    Parameters
    ----------
    over : Over
    rows : tuple of Row
    pairs : list of tuple of ndarray
        By value, what `technopole.claim_tests.results.paired_values` returns.
    replicates : int
        Of each value.
    """
    import xarray as xr

    from technopole.schema import ENTRIES

    found = [claim_statistics(rows, on, off) for on, off in pairs]
    texts = {
        "estimate": "mean effect",
        "low": "lower end of the 95 % interval of the mean effect",
        "high": "upper end of the 95 % interval of the mean effect",
        "verdict": "verdict on the claim",
    }
    data = {
        f"map_{name}": (
            ("claim", "value"),
            np.stack([one[name] for one in found], axis=1),
            {
                "long_name": f"{text}, by value of {over.key}",
                "units": "1" if name == "verdict" else "unit of the row",
            },
        )
        for name, text in texts.items()
    }
    entry = ENTRIES[over.key]
    label = ("value", np.array(over.values), {"long_name": over.key, "units": entry.unit})
    return xr.Dataset(data, {"value": label}, {"over": over.key, "map_replicates": replicates})
