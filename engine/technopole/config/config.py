"""The configuration of a run: read, checked as a whole, immutable.

config = Config.from_toml("configs/base.toml").replace({"learning.technology": 0.2})
config.learning.technology
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model

from technopole.config.checks import check_economy, check_parameters, check_policy_times, check_synthetic
from technopole.config.data_paths import path_in, refuse_unread_path, resolve_path
from technopole.config.models import (
    GROUP_MODELS,
    TABLE_MODELS,
    Cell,
    Distance,
    Policy,
    Region,
    Section,
    Sector,
    Suppliers,
)
from technopole.config.problems import Problems, found, validated
from technopole.config.read import normalised, origins_of, overlaid, read_toml, refuse_keys
from technopole.config.tables import Economy, read_tables
from technopole.config.write import base_toml, describe_rows, to_toml
from technopole.errors import ConfigError

__all__ = [
    "Cell",
    "Config",
    "ConfigError",
    "Distance",
    "Policy",
    "Region",
    "Sector",
    "Suppliers",
    "base_toml",
    "describe_rows",
]

NO_EFFECT = (("run", "threads"), ("run", "backend"), ("run", "block"))
"""Keys that cannot change a result; the digest leaves them out."""

if TYPE_CHECKING:

    class _Sections(Section):
        def __getattr__(self, name: str) -> Any: ...

else:
    _Sections = create_model(
        "_Sections",
        __base__=Section,
        __module__=__name__,
        **{
            group: (model, Field(default_factory=model, description=f"Section [{group}]."))
            for group, model in GROUP_MODELS.items()
        },
    )


class Config(_Sections):
    """A valid configuration.

    The sections of the schema are attributes (``config.learning.technology``), the lists of tables too.
    Nothing can be changed; `replace` makes a new one.

    Parameters
    ----------
    content : mapping, optional
        Sections and lists of tables; what is absent has its default.
    source : str
        What messages call the origin.

    Raises
    ------
    ConfigError
        With one line for each problem.
    """

    regions: tuple[Region, ...] = Field((), description="Regions, [[regions]].")
    sectors: tuple[Sector, ...] = Field((), description="Sectors, [[sectors]].")
    cells: tuple[Cell, ...] = Field((), description="If given, the firms of the whole economy, [[cells]].")
    suppliers: tuple[Suppliers, ...] = Field(
        (), description="Where sectors buy, [[suppliers]]; absent: from themselves."
    )
    distances: tuple[Distance, ...] = Field((), description="Distances in place of positions, [[distances]].")
    policies: tuple[Policy, ...] = Field((), description="Policies and shocks, [[policies]].")

    def __init__(
        self, content: Mapping[str, Any] | None = None, source: str = "configuration", /, **more: Any
    ):
        if content is not None and not isinstance(content, Mapping):
            raise ConfigError(f"{source}: found {found(content)}; allowed: a table of sections")
        super().__init__(**_checked({**(content or {}), **more}, Problems(source)))

    @classmethod
    def from_toml(
        cls,
        path: str | os.PathLike[str],
        overrides: Mapping[str, Any] | None = None,
        origins: Mapping[str, str] | None = None,
    ) -> Config:
        """Read a file.

        Parameters
        ----------
        path : path
            TOML; a relative ``data.path`` in it counts from its folder.
        overrides : mapping, optional
            Dotted key → value, applied before the checks; see `technopole.config.assignments.parse_set`.
        origins : mapping of str to str, optional
            Dotted key of an override → what messages call its origin, such as ``--seed``.

        Returns
        -------
        Config
            Checked.

        Raises
        ------
        ConfigError
            With one line for each problem: file, key, what was found, what is allowed.
        """
        if not isinstance(path, str | os.PathLike):
            raise ConfigError(
                f"found {found(path)}; allowed: the path of a TOML file (from_dict takes a dictionary)"
            )
        content = read_toml(path)
        written = path_in(content)
        resolve_path(content, Path(path).parent)
        changes = {} if overrides is None else overrides
        built = cls._built(content, os.fspath(path), changes, origins)
        if written and "data.path" not in changes:  # who reads the file answers for one given from outside
            source = os.fspath(path)
            refuse_unread_path(
                built.data.kind, f"{source}: data.path", written, source, "none, or that of a folder"
            )
        return built

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], source: str = "configuration") -> Config:
        """Make a configuration from dictionaries.

        Parameters
        ----------
        content : mapping
            Sections and lists of tables, as in the file.
        source : str
            What messages call the origin.

        Returns
        -------
        Config
            Checked.

        Raises
        ------
        ConfigError
            With one line for each problem.
        """
        return cls._built(content, source, {})

    @classmethod
    def _built(
        cls, content: Any, source: str, overrides: Mapping[str, Any], origins: Mapping[str, str] | None = None
    ) -> Config:
        if not isinstance(content, Mapping):
            raise ConfigError(f"{source}: found {found(content)}; allowed: a table of sections")
        if "experiment" in content and "design" in content:
            raise ConfigError(
                f"{source}: this is a sweep, not a configuration; technopole experiment runs it"
            )
        refuse_keys(overrides, origins or {}, f"{source} (override)", TABLE_MODELS)
        known = origins_of(content, overrides, origins or {}, f"{source} (override)")
        problems = Problems(source, known)
        # the sections are models already, so nothing is left to validate
        return cls.model_construct(**_checked(overlaid(content, overrides), problems))

    def replace(self, changes: Mapping[str, Any], origins: Mapping[str, str] | None = None) -> Config:
        """Return a configuration that differs in some keys.

        Parameters
        ----------
        changes : mapping
            Dotted key → value, such as ``{"learning.technology": 0.2}``; a list of tables is replaced as a
            whole.
        origins : mapping of str to str, optional
            As in `from_toml`.

        Returns
        -------
        Config
            Checked as a whole.

        Raises
        ------
        ConfigError
            With one line for each problem.
        """
        return self._built(self.to_dict(), "configuration", changes, origins)

    def to_dict(self) -> dict[str, Any]:
        """Return the whole configuration, defaults included.

        Returns
        -------
        dict
            Plain values; `from_dict` makes the same configuration of it.
        """
        content = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {name: part for name, part in content.items() if part or name not in TABLE_MODELS}

    def to_toml(self) -> str:
        """Return the whole configuration as TOML.

        Returns
        -------
        str
            `from_toml` of a file with this text makes the same configuration.
        """
        return to_toml(self.to_dict())

    def digest(self) -> str:
        """Return a hash of all that can change a result.

        Returns
        -------
        str
            SHA-256 of the canonical JSON of `to_dict` without ``run.threads``, ``run.backend`` and
            ``run.block``, in 64 hexadecimal digits.
        """
        content = self.to_dict()
        for section, key in NO_EFFECT:
            del content[section][key]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema of the file, for editors.

        Returns
        -------
        dict
            JSON Schema, draft 2020-12.
        """
        schema = cls.model_json_schema(by_alias=True)
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _checked(content: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """Return all sections as models, or raise all that is wrong with them."""
    try:
        content = normalised(content)
    except ConfigError as failure:
        raise ConfigError([f"{problems.source}: {line}" for line in failure.problems]) from None
    for key in content:
        group, dot, inner = key.partition(".")
        if dot and group in GROUP_MODELS:
            nested = f'allowed: sections, here {{"{group}": {{"{inner}": …}}}}; Config.replace takes keys with dots'
            problems.add(key, f"unknown key; {nested}")
        elif key not in GROUP_MODELS and key not in TABLE_MODELS:
            problems.unknown(key, [*GROUP_MODELS, *TABLE_MODELS])
    sections = {}
    for name, model in GROUP_MODELS.items():
        section = validated(model, content.get(name, {}), name, problems)
        if section is not None:
            sections[name] = section
    check_parameters(sections, problems)
    tables = {name: read_tables(name, content.get(name, ()), problems) for name in TABLE_MODELS}
    if "time" in sections:
        time: Any = sections["time"]
        check_policy_times(tables["policies"], time.periods, problems)
    if "data" in sections:
        kind: Any = sections["data"]
        check_economy(kind.kind, kind.path, Economy(**tables), dict(content), problems)
        check_synthetic(sections, Economy(**tables), problems)
    problems.raise_if_any()
    lists = {name: tuple(row.model for row in rows) for name, rows in tables.items()}
    return {**sections, **lists}
