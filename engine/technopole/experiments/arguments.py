"""Arguments of an experiment that are refused, in words, before anything is made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import NoneType
from typing import Any

from technopole.basics.given import whole_number, yes_or_no
from technopole.config.config import Config
from technopole.errors import ConfigError
from technopole.simulation.ensemble import refuse_report
from technopole.sweeps.sweep import Sweep


def refuse_arguments(sweep: Any, to: Any, workers: Any, shard: Any, progress: Any, **switches: Any) -> None:
    """Raise if an argument is of another kind than it should be.

    Parameters
    ----------
    sweep, to, workers, shard, progress : object
        As for `technopole.experiments.run.experiment`.
    **switches : object
        Name → what should be True or False.

    Raises
    ------
    ConfigError
        With the name of the argument, what was found and what is allowed.
    """
    for name, value, kinds, words in (
        (
            "sweep",
            sweep,
            (Sweep, str, os.PathLike),
            "a Sweep (Sweep.from_dict makes one) or the path of a TOML file",
        ),
        ("to", to, (str, os.PathLike), "the path of a store, ends with .zarr"),
        ("shard", shard, (str, NoneType), 'text I/N, part I of N, counted from 0, such as "0/8"'),
    ):
        if not isinstance(value, kinds):
            kind = f"a {type(value).__name__}" if isinstance(value, Config | Mapping) else f"{value!r:.60}"
            raise ConfigError(f"{name}: found {kind}; allowed: {words}")
    if workers is not None:
        whole_number("workers", workers, 1)
    for name, value in switches.items():
        yes_or_no(name, value)
    refuse_report(progress)


def refuse_beside_sweep(**arguments: Any) -> None:
    """Raise if an argument is given that only the reading of a file can heed.

    Parameters
    ----------
    **arguments : object
        Name → value; None, or an empty mapping, is as if it were not given.

    Raises
    ------
    ConfigError
        With the names of those that are given: a Sweep is made already and would not be changed by them.
    """
    given = [
        name
        for name, value in arguments.items()
        if value is not None and not (isinstance(value, Mapping) and not value)
    ]
    if given:
        raise ConfigError(
            f"{', '.join(given)}: given beside a Sweep, which is made already and stays as it is; allowed: beside the "
            "path of a TOML file (Sweep.from_toml and Sweep.from_dict take overrides and data)"
        )
