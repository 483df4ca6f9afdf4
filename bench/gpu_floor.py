"""How many bytes of a firm each launch of a period moves at least: counted by trying, on the emulated device.

A row of a world is changed before a launch; if anything else comes out of it, the launch reads that row. What differs
after a launch, or is made the same again, was written. Lists of places, which would lead elsewhere, are not changed but
counted by hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from economy import make_config
from technopole.device.batch import Batch
from technopole.device.emulated import EmulatedDevice
from technopole.device.opening import period_program
from technopole.world.build import make_blueprint
from technopole.world.recording import Recording
from technopole_kernels.grid.launches import PERIOD, count_items
from technopole_kernels.types import TILE

PER_FIRM = ("firms", "next", "identity", "age", "tie", "load")
BY_HAND = {"research": 4, "decide": 4 + 4, "list_fates": 4 + 4, "move": 4}
"""Bytes of a firm in fates, and in places among those who stay: words of 4 bytes, written and read."""
OF_ENTRANTS = ("place_children", "found", "endow")
"""Launches that go over entrants only, which are few."""
PERIODS = 3
"""Done before, so that there are ties, ages and research."""


class Traffic:
    """One world on the emulated device, stopped in the middle of a period."""

    def __init__(self) -> None:
        self._blueprint = make_blueprint(make_config(6, 4, 2_000))
        self._setting = self._blueprint.setting(3)
        self._world = self._blueprint.new_world(4 * self._blueprint.n_firms)
        self._blueprint.start(self._setting, self._world, 0)
        records = Recording(("firms",), 1, 64, 6, 4).records(0)
        self._device = EmulatedDevice(period_program())
        self._batch = Batch(self._device, self._setting, self._world, records, 1)
        self._batch.put(0, self._world)
        self._batch.until[:], self._batch.stride[:] = 64, 1
        self._batch.send_control()
        for _ in range(PERIODS):
            self._batch.go(1)
        self._home = self._batch._homes[0]
        self.firms = int(self._read("offsets")[-1])

    def close(self) -> None:
        """Give the memory back."""
        self._batch.close()

    def _read(self, name: str) -> np.ndarray:
        values = np.empty_like(getattr(self._world, name))
        self._device.download(self._home.address(name), values)
        return values

    def _memory(self) -> dict[int, np.ndarray]:
        """All that is on the device."""
        return {address: block.copy() for address, (block, _) in self._device._blocks.items()}

    def _put_back(self, memory: dict[int, np.ndarray]) -> None:
        for address, content in memory.items():
            self._device._blocks[address][0][:] = content

    def _do(self, launch: Any) -> None:
        batch, world = self._batch, self._world
        shape = world.regions.shape[1], world.sectors.shape[1], world.firms.shape[1]
        items = count_items(launch.items, *shape)
        self._device.launch(launch.name, batch._setting.struct, *batch._structs, 1, items)

    def rows(self) -> dict[str, dict[str, list[str]]]:
        """Rows of firms that each launch of the next period reads and writes, by launch; those without any left out."""
        found = {}
        for launch in PERIOD:
            before = self._memory()
            self._do(launch)
            after, plain = self._memory(), {name: self._read(name) for name in PER_FIRM}
            self._put_back(before)
            start = {name: self._read(name) for name in PER_FIRM}
            rows: dict[str, list[str]] = {"read": [], "written": []}
            for name in PER_FIRM:
                for row in range(start[name].shape[0]):
                    self._try(launch, name, row, before, after, start, plain, rows)
            self._put_back(after)
            if rows["read"] or rows["written"] or launch.name in BY_HAND:
                found[launch.name] = rows
        return found

    def _try(
        self,
        launch: Any,
        name: str,
        row: int,
        before: dict[int, np.ndarray],
        after: dict[int, np.ndarray],
        start: dict[str, np.ndarray],
        plain: dict[str, np.ndarray],
        rows: dict[str, list[str]],
    ) -> None:
        changed = start[name].copy()
        _change(name, changed[row][: self.firms])
        self._device.upload(self._home.address(name), changed)
        self._do(launch)
        other = self._read(name)
        if not _same(other[row], changed[row]) or not _same(plain[name][row], start[name][row]):
            rows["written"].append(f"{name}[{row}]")
        # what else differs: the row itself is made what it would be without the change
        other[row] = plain[name][row]
        self._device.upload(self._home.address(name), other)
        if any(not _same(self._device._blocks[address][0], content) for address, content in after.items()):
            rows["read"].append(f"{name}[{row}]")
        self._put_back(before)

    def bytes_of(self, rows: dict[str, list[str]], launch: str) -> float:
        """Bytes of a firm that a launch moves."""
        named = [*rows["read"], *rows["written"]]
        return BY_HAND.get(launch, 0) + sum(
            getattr(self._world, name.partition("[")[0]).itemsize for name in named
        )


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.tobytes() == other.tobytes()


def _change(name: str, row: np.ndarray) -> None:
    """Change a row a little, in place: to other values that it could have."""
    if row.dtype.kind == "f":
        row[:] = row * 1.03125 + 1e-3 * (row != 0.0)
    elif name == "tie":
        row ^= 1
    elif name == "identity":
        row ^= np.uint64(0x5555)
    else:
        row += 1


def count_bytes() -> dict[str, Any]:
    """Count; for the file of results.

    Launches over entrants are left out of the sum; so are sums of segments and cells, which are far fewer than firms.
    """
    traffic = Traffic()
    found = traffic.rows()
    moved = {name: traffic.bytes_of(rows, name) for name, rows in found.items()}
    traffic.close()
    of_all = {name: number for name, number in moved.items() if name not in OF_ENTRANTS}
    return {
        "rows": found,
        "bytes_by_launch": moved,
        "bytes": sum(of_all.values()),
        "firms_of_a_tile": TILE,
    }


if __name__ == "__main__":
    counted = count_bytes()
    for launch, number in counted["bytes_by_launch"].items():
        print(f"{launch:16} {number:6.0f} bytes   {', '.join(counted['rows'][launch]['read'])}")
    print(f"{'all firms':16} {counted['bytes']:6.0f} bytes of a firm and period")
