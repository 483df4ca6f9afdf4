"""How long an experiment takes: a short measurement of a few of its points, before anything is stored."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from technopole.basics.machine import readable_bytes
from technopole.errors import ConfigError, TechnopoleError
from technopole.experiments.firm_growth import FirmCount, ratio_of, stored_bytes, workforce
from technopole.experiments.plan import Plan
from technopole.experiments.points import PointWorlds
from technopole.schema.entries import plain_number
from technopole.simulation.advance import advance
from technopole.world.build import Blueprint
from technopole.world.recording import Recording, counts
from technopole_kernels import layout
from technopole_kernels.types import World

PROBE_SECONDS = 2.0
"""Time that is spent on measuring, about."""
PROBE_POINTS = 3
"""Points that are measured: the first, one in the middle, the last."""
COUNT = "firms"
"""The recorded variable by which firms are counted."""
AROUND = 1.1
"""Recording, statistics and files on top of the periods themselves; see docs/PERFORMANCE.md."""


@dataclass(frozen=True)
class Estimate:
    """What an experiment takes on a core like this one; times are not a number if no point could be measured.

    Attributes
    ----------
    core_seconds : float
        All of it; with a stopping rule the most there can be.
    replicate_seconds : float
        One replicate of one point, mean over the measured points.
    unit_seconds : float
        One unit.
    points : int
        Points that were measured.
    periods : int
        Periods that were measured, all together.
    failed : dict of int to str
        Id of a point of which a replicate, or all, cannot be run → what goes wrong.
    firms : float
        Where tables of firms are stored: firms in them over those that grow with the workforce, see
        `technopole.experiments.firm_growth.FirmCount`; otherwise, and if not known, not a number.
    """

    core_seconds: float
    replicate_seconds: float
    unit_seconds: float
    points: int
    periods: int
    failed: Mapping[int, str] = field(default_factory=dict)
    firms: float = math.nan

    @property
    def known(self) -> bool:
        """Whether anything could be measured."""
        return self.points > 0

    @property
    def core_hours(self) -> float:
        """`core_seconds` in hours."""
        return self.core_seconds / 3600.0


def estimate(plan: Plan, seconds: float = PROBE_SECONDS) -> Estimate:
    """Measure some periods of some points.

    Parameters
    ----------
    plan : Plan
        What is to be run. Kernels that are not compiled yet are compiled first, which is not counted.
    seconds : float
        About so long is measured; loading the data takes its time besides.

    Returns
    -------
    Estimate
        Economies grow, so that a replicate of which only the first periods fit into the time is
        underestimated somewhat. What fails is left out, as an experiment goes on without it.
    """
    worlds = PointWorlds(plan)
    chosen = sorted({0, plan.n_points // 2, plan.n_points - 1})[:PROBE_POINTS]
    probes: list[_Measured] = []
    failed: dict[int, str] = {}
    for index in chosen:  # one after the other, so that only one world is in memory
        name = int(plan.points.ids[index])
        try:
            probe = _measured(plan, worlds, index, seconds / len(chosen), warm=bool(probes))
        except TechnopoleError as failure:
            failed[name] = str(failure)
            continue
        probes.append(probe)
        if probe.failure:
            failed[name] = probe.failure
    if not probes:
        return Estimate(math.nan, math.nan, math.nan, 0, 0, failed)
    start = float(np.mean([probe.start for probe in probes]))
    period = float(np.mean([probe.period for probe in probes]))
    sweep = plan.sweep
    own, shared = sweep.periods - sweep.burn_in, sweep.burn_in
    point = AROUND * (period * own + (0.0 if shared else start))
    burn_in = AROUND * (start + period * shared) if shared else 0.0
    replicates = plan.replicates * (plan.n_points * point + plan.n_point_blocks * burn_in)
    unit = min(plan.replicate_block, plan.replicates) * (
        min(plan.point_block, plan.n_points) * point + burn_in
    )
    periods = sum(probe.periods for probe in probes)
    firms = ratio_of(probe.firms for probe in probes)
    return Estimate(replicates, point + burn_in, unit, len(probes), periods, failed, firms)


class _Measured(NamedTuple):
    """Mean seconds of a start and of a period, how many periods were measured, what went wrong beside, and firms."""

    start: float
    period: float
    periods: int
    failure: str
    firms: tuple[float, float]


def _measured(plan: Plan, worlds: PointWorlds, point: int, seconds: float, warm: bool) -> _Measured:
    blueprint, seed = worlds.blueprint(point), worlds.seed(point)
    if not warm:
        _Probe(plan, blueprint, seed).run(1)  # loads the compiled kernels
    probe = _Probe(plan, blueprint, seed)
    probe.measure(seconds)
    return _Measured(
        probe.start_seconds, probe.period_seconds, probe.periods, probe.failure, probe.firms.means
    )


class _Probe:
    """One world of a point, run over and over until the time is up."""

    def __init__(self, plan: Plan, blueprint: Blueprint, seed: int) -> None:
        config = blueprint.config
        self._blueprint = blueprint
        self._setting = blueprint.setting(seed)
        self._until = int(config.time.periods)
        self._stride = int(config.output.stride)
        rows = max(1, self._until // self._stride)
        names = plan.sweep.recorded
        self._counts_firms = bool(plan.sweep.firm_variables)
        if self._counts_firms and COUNT not in names:
            names = (*names, COUNT)
        times = self._stride * np.arange(1, rows + 1)
        # of the plan, whose tables are counted with its own firms, also where the point has others
        expected = plan.n_firms * workforce(config.labour.growth, times)
        self.firms = FirmCount(expected, plan.sweep.first_row)
        self._recording = Recording(names, 1, rows, blueprint.n_regions, blueprint.n_sectors)
        self._world: World = blueprint.new_world()
        self._stop = np.zeros(1, dtype=np.int64)
        self._starts: list[float] = []
        self._running = 0.0
        self.periods = 0
        self.failure = ""
        """Of the first replicate that failed."""

    @property
    def start_seconds(self) -> float:
        """Mean time to make the initial state."""
        return float(np.mean(self._starts))

    @property
    def period_seconds(self) -> float:
        """Mean time of a period."""
        return self._running / self.periods

    def measure(self, seconds: float) -> None:
        """Run replicates until the time is up, whether some fail or not; at least one period."""
        timer = threading.Timer(seconds, self._stop.__setitem__, (0, 1))
        timer.daemon = True
        timer.start()
        replicate = 0
        try:
            while self._stop[0] == 0:
                try:
                    self.run(self._until, replicate)
                except TechnopoleError as failure:
                    self.failure = self.failure or str(failure)
                replicate += 1
        finally:
            timer.cancel()
        if self.periods == 0:
            self._stop[0] = 0
            self.run(1)

    def run(self, until: int, replicate: int = 0) -> None:
        """Run one replicate up to a period, or until the time is up."""
        # the time of this thread, which other programs on the machine do not lengthen
        begin = time.thread_time()
        self._blueprint.start(self._setting, self._world, replicate)
        started = time.thread_time()
        records = self._recording.records(0)
        self._world, _ = advance(
            self._blueprint, self._setting, self._world, records, until, self._stride, self._stop
        )
        self._starts.append(started - begin)
        self._running += time.thread_time() - started
        done = int(self._world.clock[layout.PERIOD])
        self.periods += done
        if self._counts_firms:
            self.firms.add(counts(self._recording, COUNT)[: done // self._stride])


def limit_problems(plan: Plan, measured: Estimate | None) -> list[str]:
    """Return what is above the limits of a sweep.

    Parameters
    ----------
    plan : Plan
        What is to be run.
    measured : Estimate or None
        Not known: the time is not looked at, and firms count as growing with the workforce.

    Returns
    -------
    list of str
        One line each; empty if all is well.
    """
    limits, source = plan.sweep.limits, plan.sweep.source
    problems = []
    if measured is not None and measured.core_hours > limits.core_hours:
        text = f"about {measured.core_hours:,.3g} core-hours; allowed: {plain_number(limits.core_hours)}"
        problems.append(f"{source}: limits.core_hours: {text}")
    size = stored_bytes(plan, math.nan if measured is None else measured.firms)
    if size > limits.bytes:
        guessed = plan.sweep.firm_variables and (measured is None or math.isnan(measured.firms))
        how = " (tables of firms growing as the workforce, which technopole plan measures)" if guessed else ""
        text = f"{readable_bytes(size)}{how}; allowed: {readable_bytes(limits.bytes)}"
        problems.append(f"{source}: limits.bytes: {text}")
    if plan.files > limits.files:
        problems.append(f"{source}: limits.files: {plan.files:,} files; allowed: {limits.files:,.0f}")
    return problems


def refuse_above_limits(plan: Plan, measured: Estimate | None) -> None:
    """Raise if a plan is above the limits of its sweep.

    Parameters
    ----------
    plan : Plan
        What is to be run.
    measured : Estimate or None
        Not known: the time is not looked at.

    Raises
    ------
    ConfigError
        One line for each limit.
    """
    problems = limit_problems(plan, measured)
    if problems:
        last = (
            "--force goes on all the same; fewer points, replicates, variables or a larger stride need less"
        )
        raise ConfigError([*problems, last])
