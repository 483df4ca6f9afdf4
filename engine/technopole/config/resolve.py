"""From what callers give (a file or a configuration, some values to change) to the configuration of a run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from technopole.basics.given import path_given, whole_as_int
from technopole.config.assignments import refuse_both
from technopole.config.config import Config
from technopole.config.data_paths import refuse_unread_path
from technopole.errors import ConfigError

ConfigLike = Config | str | os.PathLike[str]


def resolve_config(
    config: ConfigLike,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    backend: str | None = None,
    periods: int | None = None,
    data: str | os.PathLike[str] | None = None,
    more: dict[str, Any] | None = None,
    options: bool = False,
    more_origins: Mapping[str, str] | None = None,
) -> Config:
    """Return the configuration with some values changed.

    Parameters
    ----------
    config : Config or path
        Configuration, or TOML file.
    replicates, seed, threads, periods : int, optional
        In place of ``run.replicates``, ``run.seed``, ``run.threads``, ``time.periods``; 3.0 counts as 3.
    backend : str, optional
        In place of ``run.backend``.
    data : path, optional
        In place of ``data.path``; relative to the working directory.
    more : dict, optional
        Other dotted keys; the arguments above come before them (options of the command line: both are refused).
    options : bool
        Whether the arguments are options of the command line, for messages.
    more_origins : mapping of str to str, optional
        Key of `more` → what messages call its origin.

    Returns
    -------
    Config
        Checked as a whole.

    Raises
    ------
    ConfigError
        With one line for each problem; also if `data` is given and the scenario has no use for it.
    """
    if data is not None:
        path_given(_origin("data.path", options), data, "the path of a folder or file of data")
    named = {
        "run.replicates": whole_as_int(replicates),
        "run.seed": whole_as_int(seed),
        "run.threads": whole_as_int(threads),
        "run.backend": backend,
        "time.periods": whole_as_int(periods),
        "data.path": None if data is None else os.path.abspath(os.path.expanduser(data)),
    }
    changes = {**(more or {}), **{key: value for key, value in named.items() if value is not None}}
    origins = {key: _origin(key, options) for key, value in named.items() if value is not None}
    if options:
        refuse_both(more or {}, origins)
        origins = {**dict.fromkeys(more or {}, "--set (override)"), **origins}
    origins = {**(more_origins or {}), **origins}
    if isinstance(config, Config):
        resolved = config.replace(changes, origins) if changes else config
        source = "the configuration"
    elif isinstance(config, str | os.PathLike):
        resolved = Config.from_toml(config, changes, origins)
        source = os.fspath(config)
    else:
        raise ConfigError(
            f"found a value of type {type(config).__name__}; allowed: a Config or the path of a TOML file "
            "(Config.from_dict makes a Config of a dictionary)"
        )
    path = changes.get("data.path")
    if data is not None:
        place, path = _origin("data.path", options), os.fspath(data)
    else:
        place = f"{origins.get('data.path', f'{source} (override)')}: data.path"
    if path and isinstance(path, str):
        refuse_unread_path(resolved.data.kind, place, path, source, "a folder")
    return resolved


def _origin(key: str, options: bool) -> str:
    """Name of the option or argument that sets a key."""
    name = "data" if key == "data.path" else key.partition(".")[2]
    return f"--{name}" if options else f"argument {name}"
