"""Worlds on a device, moved on together.

A period is a fixed sequence of launches, each over all worlds and independent items of them
(`technopole_kernels.grid.launches`). Between two looks at the clocks nothing is waited for.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from technopole.device.layout import LOOKED_AT
from technopole.device.worlds import Worlds
from technopole_kernels import layout
from technopole_kernels.status import Status

LOOK_SECONDS = 0.1
"""Time between two looks, about."""
MOST_AHEAD = 256
"""Periods between two looks at most."""


class Batch(Worlds):
    """Worlds of one setting on a device that are moved on together.

    Parameters and attributes are those of `WorldsMemory`.
    """

    _ahead = 1
    """Periods to the next look."""

    @property
    def running(self) -> NDArray[np.bool_]:
        """Worlds that have still to go on, as it was at the last look, shape (count,)."""
        running: NDArray[np.bool_] = (self.status == 0) & (self.clock[:, layout.PERIOD] < self.until)
        return running

    @property
    def stuck(self) -> NDArray[np.bool_]:
        """Worlds that cannot go on, as it was at the last look, shape (count,)."""
        stuck: NDArray[np.bool_] = (self.status == Status.NEED_CAPACITY) | (self.status == Status.NOT_FINITE)
        return stuck

    def go(self, most: int | None = None) -> None:
        """Do some periods, then look: as many as take about a tenth of a second, if there are so many.

        Parameters
        ----------
        most : int, optional
            No more than so many.
        """
        running = self.running
        if not running.any():
            return
        left = int((self.until - self.clock[:, layout.PERIOD])[running].max())
        periods = min(left, self._ahead if most is None else min(self._ahead, most))
        begin = time.perf_counter()
        worlds, works, records = self._structs
        setting = self._setting.struct
        self.device.repeat(self._launches(), setting, worlds, works, records, self.count, periods)
        self.look()
        seconds = time.perf_counter() - begin
        if seconds < 0.5 * LOOK_SECONDS and periods == self._ahead:
            self._ahead = min(2 * self._ahead, MOST_AHEAD)
        elif seconds > 2.0 * LOOK_SECONDS:
            self._ahead = max(self._ahead // 2, 1)

    def _launches(self) -> list[tuple[str, int]]:
        """Name and items of the launches of a period."""
        room, count = max(home.shape.room for home in self._homes), self._program.count_items
        period = self._program.period
        return [(name, count(items, self._regions, self._sectors, room)) for name, items in period]

    def look(self) -> None:
        """Wait until all that was launched is done, and fetch clocks and statuses."""
        self.device.synchronize()
        self.device.download(self._control, self._host[: LOOKED_AT * self.count])
        self._left |= self.stuck
