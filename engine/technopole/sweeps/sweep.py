"""A sweep: which points of a scenario are run, how often, and what is kept of them.

sweep = Sweep.from_toml("configs/sweeps/feedback.toml")
sweep.config        # the scenario with what all points share
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.config.config import Config
from technopole.config.problems import Problems, found
from technopole.config.read import normalised, overlaid, read_toml
from technopole.errors import ConfigError
from technopole.schema import RECORDS
from technopole.schema.levels import needed
from technopole.schema.outcomes import Outcome, needed_by_outcomes
from technopole.sweeps.from_python import checked_overrides, from_python, overrides_from_python
from technopole.sweeps.models import SECTIONS, Limits, Output, Stop
from technopole.sweeps.spreads import Design
from technopole.sweeps.values import flattened

REPLICATES = 32
"""Replicates of each point unless the sweep says otherwise."""


@dataclass(frozen=True)
class Sweep:
    """An experiment, checked; can be pickled.

    Attributes
    ----------
    source : str
        File, or what else it came from.
    name, title : str
        For files, and for figures and metadata.
    config : Config
        The scenario with what all points share: ``[set]``, seed, periods, replicates, stride, and in
        ``output.variables`` all that must be recorded.
    design : Design
        How the points are made.
    common_random_numbers : bool
        All points use the same random numbers.
    burn_in : int
        The first periods, run with `config` as it is and not recorded.
    output : Output
        What the store holds of the trajectories.
    outcomes : tuple of Outcome
        Scalars of each replicate.
    contrasts : dict of str to dict
        Name → values that select one point, against which every other is held.
    factorial : bool
        Main effects and interactions of a grid with two values of each parameter are wanted.
    stop : Stop or None
        Sequential rule.
    limits : Limits
        Above these a plan is refused unless forced.
    """

    source: str
    name: str
    title: str
    config: Config
    design: Design
    common_random_numbers: bool
    burn_in: int
    output: Output
    outcomes: tuple[Outcome, ...]
    contrasts: Mapping[str, Mapping[str, Any]]
    factorial: bool
    stop: Stop | None
    limits: Limits

    @classmethod
    def from_toml(
        cls,
        path: str | os.PathLike[str],
        overrides: Mapping[str, Any] | None = None,
        data: str | os.PathLike[str] | None = None,
        origins: Mapping[str, str] | None = None,
    ) -> Sweep:
        """Read a file.

        Parameters
        ----------
        path : path
            TOML; relative paths in it count from its folder.
        overrides : mapping, optional
            Dotted key → value, applied before the checks: keys of the sweep (``experiment.replicates``), or
            of the configuration, which then hold at all points as if they stood in ``[set]``.
        data : path, optional
            In place of ``data.path`` of the scenario.
        origins : mapping of str to str, optional
            Dotted key of an override → what messages call its origin, such as ``--replicates``.

        Returns
        -------
        Sweep
            Checked.

        Raises
        ------
        ConfigError
            With one line for each problem: file, key, what was found, what is allowed.
        """
        content = read_toml(path)
        # those of the command line, which have origins, are TOML as the file is
        changes = overrides if origins is not None else overrides_from_python(overrides)
        return cls._built(content, Path(path).parent, os.fspath(path), changes, data, origins)

    @classmethod
    def from_dict(
        cls,
        content: Mapping[str, Any],
        folder: str | os.PathLike[str] = ".",
        source: str = "sweep",
        overrides: Mapping[str, Any] | None = None,
        data: str | os.PathLike[str] | None = None,
    ) -> Sweep:
        """Make a sweep of dictionaries.

        Parameters
        ----------
        content : mapping
            Sections, as in the file. A section ``config`` with a whole configuration may stand in place of
            ``experiment.scenario``. What Python has for the values of TOML will do: arrays of one dimension, Series
            and Index of pandas and ranges as lists, paths as text, numbers of NumPy, and whole floats (3.0) where a
            whole number is wanted.
        folder : path
            Relative paths count from it.
        source : str
            What messages call the origin.
        overrides : mapping, optional
            Dotted key → value, as for `from_toml`.
        data : path, optional
            In place of ``data.path`` of the scenario.

        Returns
        -------
        Sweep
            Checked.

        Raises
        ------
        ConfigError
            With one line for each problem.
        """
        return cls._built(from_python(content), Path(folder), source, overrides_from_python(overrides), data)

    @classmethod
    def _built(
        cls,
        content: Any,
        folder: Path,
        source: str,
        overrides: Mapping[str, Any] | None,
        data: str | os.PathLike[str] | None,
        origins: Mapping[str, str] | None = None,
    ) -> Sweep:
        from technopole.sweeps.read import read_sweep

        if not isinstance(content, Mapping):
            raise ConfigError(f"{source}: found {found(content)}; allowed: a table of sections")
        overrides = checked_overrides(overrides, source)
        own = {key: value for key, value in overrides.items() if key.partition(".")[0] in SECTIONS}
        shared = {key: value for key, value in overrides.items() if key not in own}
        content = overlaid(content, own)
        if shared:
            given = content.get("set", {})
            content["set"] = {**(flattened(given) if isinstance(given, Mapping) else {}), **shared}
        outside = {**{key: key for key in own}, **{key: f"set.{key}" for key in shared}}
        called = origins or {}
        problems = Problems(
            source, {place: called.get(key, f"{source} (override)") for key, place in outside.items()}
        )
        try:
            content = normalised(content)
        except ConfigError as failure:
            raise ConfigError([f"{source}: {line}" for line in failure.problems]) from None
        return cls(**read_sweep(content, folder, data, problems))

    @property
    def replicates(self) -> int:
        """Replicates of each point; with a stopping rule the most there can be."""
        return int(self.config.run.replicates)

    @property
    def periods(self) -> int:
        """Periods of a replicate, those of the burn-in among them."""
        return int(self.config.time.periods)

    @property
    def times(self) -> NDArray[np.int64]:
        """Recorded periods: multiples of the stride after the burn-in, shape (time,)."""
        return recorded_periods(self.periods, self.output.stride, self.burn_in)

    @property
    def first_row(self) -> int:
        """Rows that a recording of the whole run has before the first recorded period after the burn-in."""
        return self.burn_in // self.output.stride

    @property
    def level(self) -> str:
        """Level of `variables`: that of the output, but ``cell`` beside tables of firms."""
        return "cell" if self.output.level == "firm" else self.output.level

    @property
    def variables(self) -> tuple[str, ...]:
        """Recorded variables that are stored at `level`."""
        firms = self.firm_variables
        return tuple(name for name in self.output.variables if name in RECORDS and name not in firms)

    @property
    def firm_variables(self) -> tuple[str, ...]:
        """State variables of firms that go into the tables of firms."""
        from technopole.schema import STATE

        if self.output.level != "firm":
            return ()
        return tuple(name for name in self.output.variables if name in STATE and STATE[name].level == "firm")

    @property
    def recorded(self) -> tuple[str, ...]:
        """All that the kernels must record: `variables`, their weights, what outcomes need."""
        wanted = {*needed(self.variables, self.level), *needed_by_outcomes(self.outcomes)}
        return tuple(name for name in RECORDS if name in wanted)

    @property
    def stores_raw(self) -> bool:
        """Whether every replicate of the variables is stored: asked for, or needed for quantiles."""
        return self.output.raw or "quantiles" in self.output.statistics

    def to_dict(self) -> dict[str, Any]:
        """Return the whole sweep, defaults included.

        Returns
        -------
        dict
            Plain values that JSON can hold; `from_dict` makes the same sweep of it. The scenario stands in
            ``config``, the points of ``list`` and ``file`` as columns of kind ``zip``.
        """
        from technopole.sweeps.read import written

        return written(self)

    def digest(self) -> str:
        """Return a hash of all in the sweep that can change a result.

        Returns
        -------
        str
            SHA-256 of the canonical JSON of `to_dict` without limits, names (also of points), titles, threads, backend
            and the place of the data, in 64 hexadecimal digits.
        """
        return hash_of(self.essence())

    def essence(self) -> dict[str, Any]:
        """Return the part of `to_dict` that can change a result.

        Returns
        -------
        dict
            Plain values that JSON can hold.
        """
        content = self.to_dict()
        del content["limits"]
        for key in ("name", "title"):
            content["experiment"].pop(key)
        content["design"].pop("names", None)
        for section, keys in (("run", ("threads", "backend", "block")), ("data", ("path",))):
            for key in keys:
                content["config"][section].pop(key)
        del content["config"]["scenario"]
        return content


def recorded_periods(periods: int, stride: int, burn_in: int) -> NDArray[np.int64]:
    """Return the multiples of a stride after a burn-in and up to the last period, shape (time,)."""
    return np.arange(burn_in // stride + 1, periods // stride + 1, dtype=np.int64) * stride


def hash_of(content: Any) -> str:
    """Return the SHA-256 of the canonical JSON of a value, in 64 hexadecimal digits."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
