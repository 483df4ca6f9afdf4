"""A run from configuration to results."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from technopole.basics.machine import Threads, available_memory, choose_threads, readable_bytes
from technopole.config.config import Config
from technopole.config.resolve import ConfigLike, resolve_config
from technopole.data.draft import smaller_economy
from technopole.device.together import HOST_BYTES
from technopole.errors import ConfigError
from technopole.results.output import make_dataset
from technopole.schema.entries import counted
from technopole.simulation.device_ensemble import make_ensemble, worker_words
from technopole.simulation.ensemble import Report, refuse_report
from technopole.world.build import Blueprint, make_blueprint
from technopole.world.recording import Recording, recording_bytes

if TYPE_CHECKING:
    import xarray as xr


class Simulation:
    """A run that is ready to start: its data are loaded.

    Parameters
    ----------
    config : Config
        Configuration.

    Attributes
    ----------
    config : Config
        Configuration.
    blueprint : Blueprint
        Tables, and all that the worlds have in common.
    threads : Threads
        How many, and why.

    Raises
    ------
    ConfigError
        If the data are missing or contradict each other, or one world would not fit into memory.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.blueprint: Blueprint = make_blueprint(config)
        self.threads: Threads = choose_threads(
            config.run.threads, config.run.replicates, self.blueprint.n_firms
        )

    @property
    def worker(self) -> str:
        """What computes: threads and why so many, or the name of the device.

        Raises
        ------
        ConfigError
            If the device is not there.
        """
        return worker_words(self.config, self.threads)

    @property
    def times(self) -> int:
        """Number of recorded periods."""
        return int(self.config.time.periods // self.config.output.stride)

    @property
    def worlds_bytes(self) -> int:
        """Memory of the worlds that are computed at the same time, in bytes, as large as they will about grow."""
        blueprint = self.blueprint
        one = blueprint.world_bytes(blueprint.final_capacity)
        if self.config.run.backend == "cpu":
            return self.threads.worlds * one
        # a device has memory of its own; on the host initial states are made
        return one + min(int(self.config.run.replicates) * one, max(HOST_BYTES, one))

    @property
    def output_bytes(self) -> int:
        """Memory of the results in bytes."""
        return recording_bytes(
            self.config.output.variables,
            self.config.run.replicates,
            self.times,
            self.blueprint.n_regions,
            self.blueprint.n_sectors,
        )

    def refuse_too_large(self) -> None:
        """Raise if the run does not fit into memory.

        Raises
        ------
        ConfigError
            With the figures and the keys that make it smaller.
        """
        available = available_memory()
        needed = self.worlds_bytes + self.output_bytes
        if available is None or needed <= available:
            return
        run, blueprint = self.config.run, self.blueprint
        grown = blueprint.final_capacity > 2 * blueprint.capacity
        growth = (
            f", growing by {100 * self.config.labour.growth:g} % a period (labour.growth)" if grown else ""
        )
        raise ConfigError(
            f"the run needs about {readable_bytes(needed)} of memory and {readable_bytes(available)} are "
            f"available: {readable_bytes(self.output_bytes)} for results ({counted(run.replicates, 'replicate')} × "
            f"{counted(self.times, 'recorded period')} × {counted(blueprint.n_regions, 'region')} × "
            f"{counted(blueprint.n_sectors, 'sector')}), {readable_bytes(self.worlds_bytes)} for worlds "
            f"({self.threads.worlds} at a time × {counted(blueprint.n_firms, 'firm')}{growth}); smaller values of "
            f"run.replicates, time.periods{', labour.growth' if grown else ''} or run.threads, "
            f"{smaller_economy(self.config)}, a larger output.stride or fewer output.variables need less"
        )

    def run(self, report: Report | None = None) -> xr.Dataset:
        """Compute all replicates.

        Parameters
        ----------
        report : callable, optional
            Gets a `technopole.simulation.ensemble.Progress` several times a second, on the calling thread.

        Returns
        -------
        xarray.Dataset
            See `technopole.results.output.make_dataset`.

        Raises
        ------
        ConfigError
            If the run does not fit into memory.
        NotFiniteError
            If a number became infinite or not a number; says replicate, period, region, sector, variable.
        TechnopoleError
            If there is no room for another firm and ``capacity.fixed`` forbids more.
        """
        self.refuse_too_large()
        recording = Recording(
            self.config.output.variables,
            self.config.run.replicates,
            self.times,
            self.blueprint.n_regions,
            self.blueprint.n_sectors,
        )
        make_ensemble(self.blueprint, recording, self.threads).run(report)
        return make_dataset(self.config, self.blueprint.tables, recording)


def run(
    config: ConfigLike,
    replicates: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    periods: int | None = None,
    progress: Report | None = None,
    data: str | os.PathLike[str] | None = None,
    backend: str | None = None,
) -> xr.Dataset:
    """Run a configuration.

    The results depend on configuration, data and seed only: they are the same to the last bit for any number
    of threads, and a replicate is the same alone or among others.

    Parameters
    ----------
    config : Config or path
        Configuration, or TOML file.
    replicates, seed, threads, periods : int, optional
        In place of ``run.replicates``, ``run.seed``, ``run.threads`` (0: all available), ``time.periods``; whole
        numbers of any kind, 3.0 as well.
    progress : callable, optional
        Gets a `technopole.simulation.ensemble.Progress` several times a second, on the calling thread.
    data : path, optional
        In place of ``data.path``.
    backend : str, optional
        In place of ``run.backend``: ``cpu`` or ``cuda``, with the same results.

    Returns
    -------
    xarray.Dataset
        Dimensions replicate, time, region, sector, size_class, as far as the variables have them; units, long
        names, and in the attributes configuration, seed and versions.

    Raises
    ------
    ConfigError
        If the configuration, the data or an argument cannot be used, or the run does not fit into memory.
    NotFiniteError
        If a number became infinite or not a number; says replicate, period, region, sector, variable.
    TechnopoleError
        If there is no room for another firm and ``capacity.fixed`` forbids more.
    KeyboardInterrupt
        On Ctrl-C, about a second later.
    """
    refuse_report(progress)
    resolved = resolve_config(
        config,
        replicates=replicates,
        seed=seed,
        threads=threads,
        backend=backend,
        periods=periods,
        data=data,
    )
    return Simulation(resolved).run(progress)
