"""Validation: many worlds of a scenario, each fact with its interval, held against the range it should lie in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from technopole.config.resolve import ConfigLike, resolve_config
from technopole.errors import ConfigError
from technopole.schema.entries import counted

if TYPE_CHECKING:
    import xarray as xr

    from technopole.config.config import Config
    from technopole.facts.entry import Fact
    from technopole.facts.validation_data import RealData
    from technopole.facts.validation_series import Series
    from technopole.simulation.ensemble import Report
    from technopole.world.build import Blueprint

REPLICATES = 100
LEAST_PERIODS = 12
"""The facts are measured on the second half of the years, and some look five years ahead."""
BYTES_OF_YEAR, BYTES_OF_RATE = 400, 40
"""Measured: of each firm while a year is looked at; of each growth rate when the shape of all is fitted."""


def validate(
    config: ConfigLike,
    replicates: int = REPLICATES,
    seed: int | None = None,
    threads: int | None = None,
    periods: int | None = None,
    data: str | os.PathLike[str] | None = None,
    progress: Report | None = None,
    backend: str | None = None,
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
        Gets a `technopole.simulation.ensemble.Progress` several times a second, on the calling thread.
    backend : str, optional
        In place of ``run.backend``.

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
        On Ctrl-C, when the worlds in hand are at the end of a period, or measured.
    """
    from technopole.world.build import make_blueprint

    resolved, folder = resolve_validation(config, replicates, seed, threads, periods, data, backend=backend)
    blueprint = make_blueprint(resolved)
    return Validation(blueprint, folder).run(progress)


def resolve_validation(
    config: ConfigLike,
    replicates: int | None = REPLICATES,
    seed: int | None = None,
    threads: int | None = None,
    periods: int | None = None,
    data: str | os.PathLike[str] | None = None,
    more: dict[str, Any] | None = None,
    options: bool = False,
    backend: str | None = None,
) -> tuple[Config, Path | None]:
    """Return the configuration to be validated, and the folder of real series.

    Parameters
    ----------
    config, replicates, seed, threads, periods, data
        As for `validate`; without `replicates` those of the configuration.
    more : dict, optional
        Other dotted keys to change.
    options : bool
        Whether the arguments are options of the command line, for messages.
    backend : str, optional
        In place of ``run.backend``.

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
        backend=backend,
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
        called = "time.periods" if periods is None else f"{mark}periods"
        raise ConfigError(
            f"{called}: found {resolved.time.periods}; allowed: {LEAST_PERIODS} or more (the facts are "
            "measured on the second half)"
        )
    if resolved.time.period_years != 1.0:
        raise ConfigError(
            f"time.period_years: found {resolved.time.period_years:g}; allowed: 1 (facts and real series are "
            "about years, and a year is a period there)"
        )
    if of_scenario:
        from technopole.data.loading import data_path

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
        from technopole.basics.machine import Threads, choose_threads
        from technopole.facts.table import facts_of

        self.blueprint = blueprint
        self.facts: dict[str, Fact] = facts_of(blueprint.config.scenario.name)
        self.real: RealData | None = None
        self.series: dict[str, Series] = {}
        if folder is not None:
            from technopole.facts.validation_data import RealData
            from technopole.facts.validation_series import series_of

            tables = blueprint.tables
            self.real = RealData(folder, list(tables.region_ids), list(tables.sector_ids))
            self.series = series_of(self.real)
        config = blueprint.config
        chosen = choose_threads(config.run.threads, config.run.replicates, blueprint.n_firms)
        self.threads = Threads(chosen.worlds, chosen.reason)

    @property
    def bytes(self) -> int:
        """Memory in bytes that the worlds and what is kept of them about take."""
        blueprint, periods = self.blueprint, self.blueprint.config.time.periods
        world = blueprint.world_bytes(blueprint.final_capacity)
        firms = blueprint.final_capacity
        each = world + firms * (BYTES_OF_YEAR + BYTES_OF_RATE * (periods - periods // 2))
        return int(self.threads.number * each)

    def refuse_too_large(self) -> None:
        """Raise if the worlds do not fit into memory.

        Raises
        ------
        ConfigError
            With the figures and what makes it smaller.
        """
        from technopole.basics.machine import available_memory, readable_bytes
        from technopole.data.draft import smaller_economy

        available, firms = available_memory(), self.blueprint.n_firms
        if available is not None and self.bytes > available:
            raise ConfigError(
                f"the validation needs about {readable_bytes(self.bytes)} of memory and {readable_bytes(available)} "
                f"are available ({counted(self.threads.number, 'world')} at a time × {firms:,} firms); fewer threads, "
                f"fewer periods or {smaller_economy(self.blueprint.config)} need less"
            )

    def run(self, report: Report | None = None) -> xr.Dataset:
        """Follow all replicates and judge the facts.

        Parameters
        ----------
        report : callable, optional
            Gets a `technopole.simulation.ensemble.Progress` several times a second, on the calling thread.

        Returns
        -------
        xarray.Dataset
            See `validate`.

        Raises
        ------
        ConfigError
            If the worlds do not fit into memory.
        TechnopoleError
            If a world cannot go on.
        KeyboardInterrupt
            On Ctrl-C, after the other threads have stopped.
        """
        from technopole.facts.validation_dataset import make_dataset
        from technopole.facts.validation_run import measure_all

        self.refuse_too_large()
        worlds = measure_all(self.blueprint, self.threads.number, report)
        return make_dataset(self.blueprint.config, self.facts, self.series, worlds, self.real)
