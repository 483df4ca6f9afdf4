"""Initial states, made on threads of the host while a device computes."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from technopole.device.worlds import Worlds
from technopole.world.build import Blueprint
from technopole_kernels.types import Setting


class InitialStates:
    """Room on the host for the initial states of as many worlds as a device has.

    Parameters
    ----------
    blueprint : Blueprint
        What all worlds have in common.
    setting : Setting
        Of the blueprint, with a seed.
    worlds : Worlds
        On the device.
    threads : int
        How many make them.
    """

    def __init__(self, blueprint: Blueprint, setting: Setting, worlds: Worlds, threads: int) -> None:
        self._blueprint, self._setting, self._worlds = blueprint, setting, worlds
        self._states = worlds.staging()
        self._clocks = np.zeros((worlds.count, 4), dtype=np.int64)
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="technopole")
        self._making: list[Future[None]] = []
        self._replicates: list[int] = []
        self._enough = False

    def make(self, replicates: list[int]) -> None:
        """Begin to make initial states; what was there has been sent.

        Parameters
        ----------
        replicates : list of int
            Their numbers, at most as many as there are worlds.
        """
        self._replicates = replicates
        self._making = [self._pool.submit(self._make_some, first) for first in range(self._threads)]

    def _make_some(self, first: int) -> None:
        for place in range(first, len(self._replicates), self._threads):
            if self._enough:
                return
            world = self._worlds.staged(self._states[place], self._clocks[place])
            self._blueprint.start(self._setting, world, self._replicates[place])

    def send(self) -> None:
        """Wait until they are made, and send them; `Worlds.send_control` has to follow."""
        for making in self._making:
            making.result()
        number = len(self._replicates)
        self._worlds.clock[:number] = self._clocks[:number]
        self._worlds.send(0, self._states[:number])

    def close(self) -> None:
        """Let the threads end."""
        self._enough = True
        self._pool.shutdown()
