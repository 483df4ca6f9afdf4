"""Computing one unit of an experiment: the replicates of some points, reduced to what the store holds.

On the processor everything runs on one thread and in one world; a device computes the replicates of a batch at the same
time, but one after the other where there is a burn-in or tables of firms are wanted. Replicates are recorded a batch at
a time; a batch is reduced to the level of the output, to outcomes and to moments as a whole, so that little Python runs
per replicate and memory does not grow with the number of replicates of a unit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.device.shared import device_name
from technopole.device.together import Together
from technopole.errors import TechnopoleError
from technopole.experiments.burn_in import run_burn_in, start_from
from technopole.experiments.plan import Plan, Unit
from technopole.experiments.points import PointWorlds
from technopole.experiments.store_layout import PARTIAL, STATUS, moments_wanted
from technopole.experiments.unit_result import DONE, FAILED, UnitResult
from technopole.files.firm_output import FirmTable
from technopole.schema.levels import reduce_to_level
from technopole.schema.outcomes import compute_outcomes
from technopole.simulation.advance import advance
from technopole.statistics.moments import Tree
from technopole.world.build import Blueprint
from technopole.world.recording import Recording, recording_bytes
from technopole_kernels.types import Setting, World

BATCH_BYTES = 8 * 2**20
"""Size of the recording of a batch, about: smaller ones call NumPy so often that it costs more than caches give."""
DEVICE_BATCH_BYTES = 512 * 2**20
"""The same where a device computes a batch at a time."""

Start = Callable[[World], World]


class Stopped(Exception):
    """The unit was told to stop; nothing of it is kept."""


def compute_unit(worlds: PointWorlds, unit: Unit, stop: NDArray[np.int64]) -> UnitResult:
    """Compute a unit.

    Parameters
    ----------
    worlds : PointWorlds
        Of the plan; may be shared with other threads.
    unit : Unit
        Of the plan.
    stop : ndarray of int64, shape (1,)
        Not 0: stop before the next period.

    Returns
    -------
    UnitResult
        The same bits wherever and whenever it is computed.

    Raises
    ------
    Stopped
        If it was told to stop.
    ConfigError
        If the data are not those of the plan.
    """
    return _UnitWork(worlds, unit, stop).compute()


class _UnitWork:
    """One world, and the room for one batch."""

    def __init__(self, worlds: PointWorlds, unit: Unit, stop: NDArray[np.int64]) -> None:
        plan = worlds.plan
        self._worlds, self._plan, self._unit, self._stop = worlds, plan, unit, stop
        self._base = worlds.base
        self._on_device = self._base.config.run.backend != "cpu"
        self._world: World = self._base.new_world()
        sweep = plan.sweep
        self._rows = sweep.periods // sweep.output.stride
        self._together = len(unit.points) if sweep.burn_in else 1
        self._batch = self._batch_size()
        shape = (self._rows, len(plan.regions), len(plan.sectors))
        self._recording = Recording(sweep.recorded, self._batch * self._together, *shape)
        self._records = [self._recording.records(row) for row in range(self._batch * self._together)]
        self._result = UnitResult.empty(plan, unit)
        self._firms = FirmTable(sweep, len(plan.sectors)) if sweep.firm_variables else None
        self._failed: dict[tuple[int, int], str] = {}

    @np.errstate(all="ignore")  # what a failed replicate and a burn-in leave in the recording is anything
    def compute(self) -> UnitResult:
        """Do all of it."""
        begin = time.perf_counter()
        if self._on_device:
            device_name(self._base.config.run.backend)  # without one it is not the replicates that fail
        if self._plan.sweep.burn_in:
            self._branched(self._unit.points)
        else:
            for point in self._unit.points:
                self._one_point(point)
        ids = self._plan.points.ids
        self._result.errors = [
            (int(ids[point]), replicate, text) for (point, replicate), text in sorted(self._failed.items())
        ]
        if self._firms is not None:
            self._result.firms = self._firms.arrays()
        self._result.seconds = time.perf_counter() - begin
        return self._result

    def _batch_size(self) -> int:
        """Return the replicates recorded at a time."""
        plan = self._plan
        names, shape = plan.sweep.recorded, (self._rows, len(plan.regions), len(plan.sectors))
        one = self._together * recording_bytes(names, 1, *shape)
        most = DEVICE_BATCH_BYTES if self._on_device else BATCH_BYTES
        fitting = max(1, most // max(one, 1))
        return min(1 << (int(fitting).bit_length() - 1), len(self._unit.replicates))

    def _batches(self) -> Iterator[range]:
        whole = self._unit.replicates
        for first in range(whole.start, whole.stop, self._batch):
            yield range(first, min(first + self._batch, whole.stop))

    def _one_point(self, point: int) -> None:
        """Compute all replicates of a point, each from its own beginning."""
        trees = _Trees(self._plan)
        try:
            blueprint = self._worlds.blueprint(point)
        except TechnopoleError as failure:
            # no economy can start with these values
            for batch in self._batches():
                self._failed |= {(point, replicate): str(failure) for replicate in batch}
                self._reduce(point, batch, 0, trees)
            self._keep_moments(point, trees)
            return
        setting = blueprint.setting(self._worlds.seed(point))
        for batch in self._batches():
            if self._on_device and self._firms is None:
                self._run_together(point, batch, blueprint, setting)
            else:
                for row, replicate in enumerate(batch):
                    self._run(
                        point, replicate, row, blueprint, setting, _beginning(blueprint, setting, replicate)
                    )
            self._reduce(point, batch, 0, trees)
        self._keep_moments(point, trees)

    def _branched(self, points: range) -> None:
        """Compute the burn-in of each replicate once, and go on from it at all points."""
        trees = [_Trees(self._plan) for _ in points]
        blueprints = [self._blueprint(point) for point in points]
        for batch in self._batches():
            for row, replicate in enumerate(batch):
                self._branch(points, blueprints, replicate, row, len(batch))
            for place, point in enumerate(points):
                self._reduce(point, batch, place * len(batch), trees[place])
        for place, point in enumerate(points):
            self._keep_moments(point, trees[place])

    def _blueprint(self, point: int) -> Blueprint | str:
        try:
            return self._worlds.blueprint(point)
        except TechnopoleError as failure:
            return str(failure)

    def _branch(
        self, points: range, blueprints: Sequence[Blueprint | str], replicate: int, row: int, size: int
    ) -> None:
        try:
            burn_in = self._plan.sweep.burn_in
            self._world, branch = run_burn_in(self._base, self._world, replicate, burn_in, self._stop)
        except TechnopoleError as failure:
            self._failed |= {(point, replicate): str(failure) for point in points}
            return
        if branch is None:
            raise Stopped
        for place, point in enumerate(points):
            blueprint = blueprints[place]
            if isinstance(blueprint, str):
                self._failed[point, replicate] = blueprint
                continue

            def start(world: World, blueprint: Blueprint = blueprint) -> World:
                return start_from(branch, blueprint, world)

            setting = blueprint.setting(self._worlds.seed(point))
            self._run(point, replicate, place * size + row, blueprint, setting, start)

    def _run_together(self, point: int, batch: range, blueprint: Blueprint, setting: Setting) -> None:
        """Record replicates that are on a device at the same time; those that fail are noted."""
        output = self._plan.sweep.output
        together = Together(blueprint, setting, self._recording, self._plan.sweep.periods, output.stride)
        failures = together.run(batch, 0, self._stop, all_of_them=True)
        if self._stop[0] != 0:
            raise Stopped
        self._failed |= {(point, replicate): str(failure) for replicate, failure in failures.items()}

    def _run(
        self, point: int, replicate: int, row: int, blueprint: Blueprint, setting: Setting, start: Start
    ) -> None:
        """Record one replicate; one that fails is noted."""
        try:
            self._world = start(self._world)
            for until in self._stations():
                self._world, finished = advance(
                    blueprint,
                    setting,
                    self._world,
                    self._records[row],
                    until,
                    self._plan.sweep.output.stride,
                    self._stop,
                )
                if not finished:
                    raise Stopped
                if self._firms is not None and until in self._plan.sweep.times:
                    self._firms.take(self._world, int(self._plan.points.ids[point]), replicate, until)
        except TechnopoleError as failure:
            self._failed[point, replicate] = str(failure)
            if self._firms is not None:
                self._firms.drop(int(self._plan.points.ids[point]), replicate)

    def _stations(self) -> Sequence[int]:
        """Return the periods at which the kernels return: the end, and with tables of firms each recorded one."""
        sweep = self._plan.sweep
        return (sweep.periods,) if self._firms is None else sorted({*sweep.times.tolist(), sweep.periods})

    def _reduce(self, point: int, batch: range, row: int, trees: _Trees) -> None:
        """Turn what was recorded of a batch into outcomes, raw values and moments."""
        sweep = self._plan.sweep
        valid = np.array([(point, replicate) not in self._failed for replicate in batch])
        rows = slice(row, row + len(batch))
        recorded = _Recorded(self._recording, rows, sweep.first_row)
        for index in np.flatnonzero(~valid).tolist():
            for name in sweep.recorded:
                recorded[name][index] = 0
        self._recording.make_counts_whole(rows)
        arrays, place = self._result.arrays, point - self._unit.points.start
        cells = slice(batch.start - self._unit.replicates.start, batch.stop - self._unit.replicates.start)
        arrays[STATUS][place, cells] = np.where(valid, DONE, FAILED)
        found = compute_outcomes(
            sweep.outcomes, recorded, sweep.times, self._plan.regions, self._plan.sectors
        )
        for name, values in found.items():
            arrays[name][place, cells] = np.where(valid, values, np.nan)
        for name in sweep.variables:
            values = reduce_to_level(name, recorded, sweep.level)
            if sweep.stores_raw:
                arrays[name][place, cells] = values
                arrays[name][place, cells][~valid] = np.nan
            trees.add(name, values, valid)

    def _keep_moments(self, point: int, trees: _Trees) -> None:
        for path, moments in trees.totals():
            self._result.arrays[path][point - self._unit.points.start, 0] = moments


class _Trees:
    """Moments of all variables of one point, as its batches come."""

    def __init__(self, plan: Plan) -> None:
        self._wanted = moments_wanted(plan.sweep)
        self._trees: dict[str, Tree] = {}

    def add(self, name: str, values: NDArray[Any], valid: NDArray[np.bool_]) -> None:
        if self._wanted:
            if name not in self._trees:
                self._trees[name] = Tree(values.shape[1:])
            self._trees[name].add(values, valid)

    def totals(self) -> Iterator[tuple[str, NDArray[np.float64]]]:
        for name, tree in self._trees.items():
            yield f"{PARTIAL}/{name}", np.stack(tree.total()).astype(np.float64)


class _Recorded(Mapping[str, NDArray[Any]]):
    """Some replicates of a recording, from the first stored period on."""

    def __init__(self, recording: Recording, rows: slice, first: int) -> None:
        self._recording, self._rows, self._first = recording, rows, first

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._recording[name][self._rows, self._first :]

    def __iter__(self) -> Iterator[str]:
        return iter(self._recording.names)

    def __len__(self) -> int:
        return len(self._recording.names)


def _beginning(blueprint: Blueprint, setting: Setting, replicate: int) -> Start:
    def start(world: World) -> World:
        blueprint.start(setting, world, replicate)
        return world

    return start
