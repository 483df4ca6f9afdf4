"""From what callers give (a file or a configuration, some values to change) to the configuration of a run."""

from __future__ import annotations

import os
from typing import Any

from technopole.config import Config
from technopole.errors import ConfigError

ConfigLike = Config | str | os.PathLike[str]


def resolve_config(
    config: ConfigLike,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    periods: int | None = None,
    data: str | os.PathLike[str] | None = None,
    more: dict[str, Any] | None = None,
) -> Config:
    """Return the configuration with some values changed.

    Parameters
    ----------
    config : Config or path
        Configuration, or TOML file.
    replicates, seed, threads, periods : int, optional
        In place of ``run.replicates``, ``run.seed``, ``run.threads``, ``time.periods``.
    data : path, optional
        In place of ``data.path``; relative to the working directory.
    more : dict, optional
        Other dotted keys; the arguments above come before them.

    Returns
    -------
    Config
        Checked as a whole.

    Raises
    ------
    ConfigError
        With one line for each problem.
    """
    named = {
        "run.replicates": replicates,
        "run.seed": seed,
        "run.threads": threads,
        "time.periods": periods,
        "data.path": None if data is None else os.path.abspath(os.path.expanduser(data)),
    }
    changes = {**(more or {}), **{key: value for key, value in named.items() if value is not None}}
    if isinstance(config, Config):
        return config.replace(changes) if changes else config
    if isinstance(config, str | os.PathLike):
        return Config.from_toml(config, changes)
    raise ConfigError(
        f"found a value of type {type(config).__name__}; allowed: a Config or the path of a TOML file "
        "(Config.from_dict makes a Config of a dictionary)"
    )
