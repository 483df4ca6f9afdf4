"""The replicates of a run on a device, or on threads: what is used by those who run a configuration."""

from __future__ import annotations

import time

import numpy as np

from technopole.basics.machine import Threads
from technopole.config.config import Config
from technopole.device.shared import device_name
from technopole.device.together import Together, consecutive
from technopole.schema.entries import counted
from technopole.simulation.ensemble import Ensemble, Progress, Report
from technopole.world.build import Blueprint
from technopole.world.crew import POLL_SECONDS
from technopole.world.recording import Recording


class DeviceEnsemble:
    """The replicates of one run, computed on the device of this process.

    The results have the bits of `technopole.simulation.ensemble.Ensemble`.

    Parameters
    ----------
    blueprint : Blueprint
        What all worlds have in common; seed, periods and stride come from its configuration.
    recording : Recording
        Filled in place.
    threads : Threads
        Of the host, which make the initial states.
    """

    def __init__(self, blueprint: Blueprint, recording: Recording, threads: Threads) -> None:
        self._blueprint, self._recording = blueprint, recording
        self._threads = threads.number
        self._replicates: int = blueprint.config.run.replicates
        self._periods: int = blueprint.config.time.periods
        self._stop = np.zeros(1, dtype=np.int64)
        self._done = self._begun = 0

    def run(self, report: Report | None = None) -> None:
        """Compute all replicates; parameters and errors as for `technopole.simulation.ensemble.Ensemble.run`.

        Parameters
        ----------
        report : callable, optional
            Gets a `Progress` several times a second, on the calling thread, and once at the end.

        Raises
        ------
        NotFiniteError
            If a number became infinite or not a number.
        TechnopoleError
            If there is no room for another firm and ``capacity.fixed`` forbids more, or one world is too large for the
            device.
        ConfigError
            If there is no device.
        """
        config, told = self._blueprint.config, time.monotonic()

        def tell(begun: int) -> None:
            nonlocal told
            self._begun = begun
            if report is not None and time.monotonic() - told >= POLL_SECONDS:
                told = time.monotonic()
                report(self.progress())

        def done(replicates: list[int]) -> None:
            self._begun, self._done = 0, self._done + len(replicates)
            for places in consecutive(replicates):
                first = replicates[places.start]
                self._recording.make_counts_whole(slice(first, first + len(places)))

        together = Together(
            self._blueprint,
            self._blueprint.setting(config.run.seed),
            self._recording,
            self._periods,
            config.output.stride,
            self._threads,
        )
        failures = together.run(range(self._replicates), 0, self._stop, False, tell, done)
        if failures:
            raise failures[min(failures)]
        if report is not None:
            report(self.progress())

    def progress(self) -> Progress:
        """Return how far the run is."""
        periods = self._done * self._periods + self._begun
        return Progress(self._done, self._replicates, periods, self._replicates * self._periods)


def make_ensemble(blueprint: Blueprint, recording: Recording, threads: Threads) -> Ensemble | DeviceEnsemble:
    """Return the replicates of a run, to be computed as its configuration says.

    Parameters
    ----------
    blueprint : Blueprint
        What all worlds have in common.
    recording : Recording
        Filled in place.
    threads : Threads
        Of the processor.

    Returns
    -------
    Ensemble or DeviceEnsemble
        To be run.
    """
    if blueprint.config.run.backend == "cpu":
        return Ensemble(blueprint, recording, threads)
    return DeviceEnsemble(blueprint, recording, threads)


def worker_words(config: Config, threads: Threads) -> str:
    """Return what computes, for people.

    Parameters
    ----------
    config : Config
        Says which backend.
    threads : Threads
        Of the processor.

    Returns
    -------
    str
        Number of threads and why, or the name of the device.

    Raises
    ------
    ConfigError
        If the device is not there.
    """
    if config.run.backend != "cpu":
        return device_name(config.run.backend)
    return f"{counted(threads.number, 'thread')} ({threads.reason})"
