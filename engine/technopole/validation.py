"""Validation: many worlds of a scenario, each fact with its interval, held against the range it should lie in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.ensemble import Report
from technopole.errors import ConfigError
from technopole.resolve import ConfigLike, resolve_config

if TYPE_CHECKING:
    import xarray as xr

    from technopole.build import Blueprint
    from technopole.config import Config
    from technopole.facts_measure import Measured
    from technopole.facts_table import Fact
    from technopole.validation_data import RealData
    from technopole.validation_series import Series

Floats = NDArray[np.float64]

REPLICATES = 100
LEAST_PERIODS = 12
"""The facts are measured on the second half of the years, and some look five years ahead."""
CURVES = {
    "size_share": ("size_class", "share of the firms in the class of sizes", "1"),
    "growth_density": ("growth", "density of log growth of survivors about the mean of year and sector", "1"),
    "hazard_by_age": ("age", "share of firms that leave within a year", "year-1"),
    "hazard_by_size": ("size_class", "share of firms that leave within a year", "year-1"),
}
"""Distributions kept for pictures: dimension, name, unit."""


def validate(
    config: ConfigLike,
    replicates: int = REPLICATES,
    seed: int | None = None,
    threads: int | None = None,
    periods: int | None = None,
    data: str | os.PathLike[str] | None = None,
    progress: Report | None = None,
) -> xr.Dataset:
    """Hold a scenario against the stylised facts, and against real series if there are some.

    Each replicate is followed firm by firm; the facts are measured on the second half of its periods. A fact
    *passes* if its mean over the replicates lies in its range. The results do not depend on the number of threads.

    Parameters
    ----------
    config : Config or path
        Configuration, or TOML file.
    replicates : int
        Number of worlds, at least 2.
    seed, threads, periods : int, optional
        In place of ``run.seed``, ``run.threads`` (0: all available), ``time.periods``.
    data : path, optional
        Folder of public statistics (docs/DATA.md): also compares with real series. For scenarios that are made
        from data it is in place of ``data.path``.
    progress : callable, optional
        Gets a `technopole.ensemble.Progress` several times a second, on the calling thread.

    Returns
    -------
    xarray.Dataset
        Over ``fact``: ``estimate`` (mean over replicates) with its 95 % interval ``low`` and ``high``,
        ``range_low``, ``range_high``, ``passed``, ``straddles`` (the interval holds a border of the range),
        ``replicates_used`` (0: not measurable in this scenario, see ``needs``), ``value`` (fact, replicate);
        coordinates ``title``, ``unit``, ``source``, ``group`` (model or data), ``origin``, ``verified``,
        ``sign`` (only the sign matters), ``needs``. Besides, distributions with their real counterparts if known.

    Raises
    ------
    ConfigError
        If the configuration, the data or an argument cannot be used.
    TechnopoleError
        If a world cannot go on.
    KeyboardInterrupt
        On Ctrl-C, about a second later.
    """
    from technopole.build import make_blueprint

    resolved, folder = resolve_validation(config, replicates, seed, threads, periods, data)
    blueprint = make_blueprint(resolved)
    return Validation(blueprint, folder).run(progress)


def resolve_validation(
    config: ConfigLike,
    replicates: int = REPLICATES,
    seed: int | None = None,
    threads: int | None = None,
    periods: int | None = None,
    data: str | os.PathLike[str] | None = None,
    more: dict[str, Any] | None = None,
    options: bool = False,
) -> tuple[Config, Path | None]:
    """Return the configuration to be validated, and the folder of real series.

    Parameters
    ----------
    config, replicates, seed, threads, periods, data
        As for `validate`.
    more : dict, optional
        Other dotted keys to change.
    options : bool
        Whether the arguments are options of the command line, for messages.

    Returns
    -------
    config : Config
        Checked.
    folder : Path or None
        Where the real series are.

    Raises
    ------
    ConfigError
        With one line for each problem.
    """
    plain = resolve_config(config, more=more, options=options)
    of_scenario = plain.data.kind != "embedded"
    resolved = resolve_config(
        config,
        replicates=replicates,
        seed=seed,
        threads=threads,
        periods=periods,
        data=data if of_scenario else None,
        more=more,
        options=options,
    )
    mark = "--" if options else ""
    if resolved.run.replicates < 2:
        raise ConfigError(
            f"{mark}replicates: found {resolved.run.replicates}; allowed: 2 or more, for an interval (100 or more "
            "to judge a model)"
        )
    if resolved.time.periods < LEAST_PERIODS:
        raise ConfigError(
            f"{mark}periods: found {resolved.time.periods}; allowed: {LEAST_PERIODS} or more (the facts are "
            "measured on the second half)"
        )
    if of_scenario:
        from technopole.data import data_path

        folder = data_path(resolved)
        return resolved, folder if folder.is_dir() else None
    return resolved, None if data is None else Path(os.path.expanduser(data))


class Validation:
    """A validation that is ready to start: data are loaded, ranges are known.

    Parameters
    ----------
    blueprint : Blueprint
        Of the configuration.
    folder : Path, optional
        Public statistics.

    Attributes
    ----------
    facts : dict of str to Fact
        What is measured.
    series : dict of str to Series
        What is compared with data; empty without.
    real : RealData or None
        The data.

    Raises
    ------
    DataError
        If the data cannot be used.
    """

    def __init__(self, blueprint: Blueprint, folder: Path | None = None) -> None:
        from technopole.facts_table import facts_of
        from technopole.machine import Threads, choose_threads

        self.blueprint = blueprint
        self.facts: dict[str, Fact] = facts_of(blueprint.config.scenario.name)
        self.real: RealData | None = None
        self.series: dict[str, Series] = {}
        if folder is not None:
            from technopole.validation_data import RealData
            from technopole.validation_series import series_of

            tables = blueprint.tables
            self.real = RealData(folder, list(tables.region_ids), list(tables.sector_ids))
            self.series = series_of(self.real)
        config = blueprint.config
        chosen = choose_threads(config.run.threads, config.run.replicates, blueprint.n_firms)
        self.threads = Threads(chosen.worlds, chosen.reason)

    def run(self, report: Report | None = None) -> xr.Dataset:
        """Follow all replicates and judge the facts.

        Parameters
        ----------
        report : callable, optional
            Gets a `technopole.ensemble.Progress` several times a second, on the calling thread.

        Returns
        -------
        xarray.Dataset
            See `validate`.

        Raises
        ------
        TechnopoleError
            If a world cannot go on.
        KeyboardInterrupt
            On Ctrl-C, after the other threads have stopped.
        """
        from technopole.validation_run import measure_all

        return self._dataset(measure_all(self.blueprint, self.threads.number, report))

    def _dataset(self, worlds: list[Measured]) -> xr.Dataset:
        import xarray as xr

        names = [*self.facts, *self.series]
        rows: list[Fact | Series] = [*self.facts.values(), *self.series.values()]
        values = np.array([self._values(worlds, name) for name in names])
        estimate, low, high, used = intervals(values)
        bottom, top = (np.array([getattr(row, side) for row in rows]) for side in ("low", "high"))
        with np.errstate(invalid="ignore"):
            passed = (estimate >= bottom) & (estimate <= top)
            straddles = ((low < bottom) & (bottom < high)) | ((low < top) & (top < high))
        ds = xr.Dataset(
            {
                "estimate": ("fact", estimate, {"long_name": "mean over replicates"}),
                "low": ("fact", low, {"long_name": "lower end of the 95 % interval of the mean"}),
                "high": ("fact", high, {"long_name": "upper end of the 95 % interval of the mean"}),
                "range_low": ("fact", bottom, {"long_name": "lower end of the range"}),
                "range_high": ("fact", top, {"long_name": "upper end of the range"}),
                "passed": ("fact", passed, {"long_name": "the mean lies in the range"}),
                "straddles": ("fact", straddles, {"long_name": "the interval holds a border of the range"}),
                "replicates_used": ("fact", used, {"long_name": "replicates in which it could be measured"}),
                "value": (("fact", "replicate"), values, {"long_name": "the fact in each replicate"}),
            },
            self._labels(names, rows, values.shape[1]),
            self._attributes(),
        )
        self._add_curves(ds, worlds)
        return ds

    def _values(self, worlds: list[Measured], name: str) -> list[float]:
        if name in self.facts:
            return [world.facts.get(name, np.nan) for world in worlds]
        statistic = self.series[name].statistic
        return [statistic(world.tables) for world in worlds]

    def _labels(self, names: list[str], rows: list[Any], replicates: int) -> dict[str, Any]:
        group = ["model"] * len(self.facts) + ["data"] * len(self.series)
        return {
            "fact": ("fact", _text(names)),
            "title": ("fact", _text(row.title for row in rows)),
            "unit": ("fact", _text(row.unit for row in rows)),
            "source": ("fact", _text(row.source for row in rows)),
            "group": ("fact", _text(group)),
            "origin": ("fact", _text(getattr(row, "origin", "data") for row in rows)),
            "verified": ("fact", np.array([getattr(row, "verified", True) for row in rows])),
            "sign": ("fact", np.array([getattr(row, "sign", False) for row in rows])),
            "needs": ("fact", _text(getattr(row, "needs", "more firms") for row in rows)),
            "replicate": ("replicate", np.arange(replicates)),
        }

    def _attributes(self) -> dict[str, Any]:
        from technopole.output import run_attributes

        config = self.blueprint.config
        return {
            **run_attributes(config),
            "kind": "validation",
            "replicates": config.run.replicates,
            "rule": "a fact passes if its mean over the replicates lies in its range",
            "measured": f"periods {config.time.periods // 2 + 1} to {config.time.periods}",
            "data": "" if self.real is None else self.real.kind or "about other regions",
        }

    def _add_curves(self, ds: xr.Dataset, worlds: list[Measured]) -> None:
        from technopole.facts_sizes import GROWTH_EDGES
        from technopole.facts_statistics import SIZE_CLASSES
        from technopole.facts_turnover import AGES

        ds.coords["size_class"] = ("size_class", SIZE_CLASSES, {"units": "worker", "long_name": "lower edge"})
        ds.coords["growth"] = ("growth", 0.5 * (GROWTH_EDGES[1:] + GROWTH_EDGES[:-1]))
        ds.coords["age"] = ("age", np.arange(AGES), {"units": "year", "comment": "the last: and above"})
        for name, (dim, words, unit) in CURVES.items():
            values = np.array([world.tables[name] for world in worlds]).T
            for suffix, part in zip(("", "_low", "_high"), intervals(values)[:3], strict=True):
                ds[name + suffix] = (dim, part, {"long_name": words, "units": unit})
        sizes = None if self.real is None else self.real.sizes()
        if sizes is not None:
            share = sizes.sum(axis=1) / sizes.sum()
            ds["size_share_real"] = (
                "size_class",
                share,
                {"long_name": "the same in County Business Patterns"},
            )


def intervals(values: Floats) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """Return means over the last axis with 95 % intervals, and how many values there are.

    Parameters
    ----------
    values : ndarray, (..., replicate)
        NaN: not measured.

    Returns
    -------
    mean, low, high : ndarray, (...)
        NaN without values; the interval also with one.
    used : ndarray of int64, (...)
        Values that are not NaN.
    """
    from technopole.figures_numbers import student_975

    known = np.isfinite(values)
    used = known.sum(axis=-1)
    count = np.where(used > 0, used, np.nan)
    mean = np.where(known, values, 0.0).sum(axis=-1) / count
    squares = (np.where(known, values - mean[..., None], 0.0) ** 2).sum(axis=-1)
    several = np.where(used > 1, count, np.nan)
    half = student_975(np.maximum(used - 1, 1)) * np.sqrt(squares / (several - 1.0) / several)
    return mean, mean - half, mean + half, used.astype(np.int64)


def _text(values: Iterable[str]) -> NDArray[Any]:
    words = list(values)
    array = np.empty(len(words), dtype=object)
    array[:] = words
    return array
