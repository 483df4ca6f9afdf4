"""Units of work of the claims: one arm of one replicate each, measured as soon as it is computed.

A unit returns numbers only, so that memory grows with the threads and not with replicates or arms. What it returns
depends on configuration, seed and replicate alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations
from typing import Any, NamedTuple

import numpy as np

from technopole.claim_tests.design import (
    BASE,
    FEEDBACK,
    MECHANISMS,
    NO_HIGH_TECH,
    NO_INNOVATION,
    SHARES,
    SWITCHES,
    Selection,
)
from technopole.claim_tests.indices import Frozen, coordination, freeze, indices, mean_over_regions
from technopole.claim_tests.interventions import (
    GAP_PERIODS,
    PULSE_PERIODS,
    PUSH_PERIODS,
    PUSHES,
    Middle,
    Series,
    branch,
    gap_outcomes,
    lag_outcomes,
    middle_of,
    open_gap,
    push_responses,
    send_pulse,
)
from technopole.claim_tests.measure import (
    COHORTS,
    LAST,
    MEASURES,
    WITHIN,
    Cohorts,
    Sight,
    high_tech_sales,
    innovation_rate,
    productivity_growth,
)
from technopole.claim_tests.outcomes import Floats
from technopole.claim_tests.world import Bench, Walk, switched
from technopole.results.numbers import weighted_mean
from technopole.world.build import Blueprint

RESPONSES = (
    ("productivity growth", "% per year"),
    ("innovation rate", "per 100 firms and year"),
    ("cluster index", "1"),
    ("RIS index", "1"),
    ("coupling coordination", "1"),
    ("cluster index, mean worker", "1"),
    ("RIS index, mean worker", "1"),
)
"""Outcomes of the 2×2 experiment and their units; means over regions, each counting the same, or its workers."""
FREEZE = "freeze"
"""Kind of the unit that makes the weights of the indices; all others come after it."""

Found = dict[str, Any]


class Unit(NamedTuple):
    """What a thread computes at a time."""

    kind: str
    """``freeze``, ``base``, ``arm``, ``feedback`` or ``subset``."""
    name: str
    """Of the arm; of a subset the numbers of the mechanisms that are on, with commas."""
    replicate: int
    periods: int
    """Periods that it takes."""


class Study:
    """One configuration under study: its arms, and how each is computed and measured.

    Parameters
    ----------
    blueprint : Blueprint
        As configured.
    selection : Selection
        What is asked for.
    replicates : int
        Of the claims and the 2×2 experiment.
    few : int
        Of the attribution, whose subsets are many; 0: none.
    """

    def __init__(self, blueprint: Blueprint, selection: Selection, replicates: int, few: int) -> None:
        self.blueprint, self.selection = blueprint, selection
        self.replicates, self.few = replicates, min(few, replicates)
        self.seed: int = blueprint.config.run.seed
        self.periods: int = blueprint.config.time.periods
        self.years = float(blueprint.config.time.period_years)
        self.middle = middle_of(self.periods)
        self.frozen: Frozen | None = None
        self._rows = {row.id: row for row in selection.rows}
        self._high_tech = np.asarray(blueprint.tables.high_tech, dtype=bool)

    @property
    def needs_weights(self) -> bool:
        """Whether something asked for is made of the indices."""
        return bool(self.selection.parts & {"feedback", "impulse", "coupling"})

    @property
    def subsets(self) -> tuple[tuple[int, ...], ...]:
        """Subsets of the groups of mechanisms that are on, but the full one: that is the run as configured."""
        if "attribution" not in self.selection.parts or not self.few:
            return ()
        count = range(len(MECHANISMS))
        return tuple(chain.from_iterable(combinations(count, size) for size in count))

    def units(self) -> Iterator[Unit]:
        """Yield all units but that of the weights, replicate by replicate."""
        for replicate in range(self.replicates):
            yield Unit("base", BASE, replicate, self._base_periods())
            for arm in self.selection.arms:
                yield Unit("arm", arm, replicate, self.periods)
            if "feedback" in self.selection.parts:
                for arm in FEEDBACK:
                    yield Unit("feedback", arm, replicate, self.periods)
            if replicate < self.few:
                for subset in self.subsets:
                    yield Unit("subset", ",".join(map(str, subset)), replicate, self.periods)

    def compute(self, unit: Unit, bench: Bench) -> Found:
        """Compute a unit.

        Parameters
        ----------
        unit : Unit
        bench : Bench
            Of the thread.

        Returns
        -------
        dict
            Numbers by what they are; see the methods.
        """
        if unit.kind == FREEZE:
            self._run(bench, self.blueprint, unit.replicate, ())
            self.frozen = freeze(bench)
            return {}
        if unit.kind == "base":
            return self._base(bench, unit.replicate)
        if unit.kind == "arm":
            return self._arm(bench, unit.name, unit.replicate)
        if unit.kind == "feedback":
            sight = self._run(bench, switched(self.blueprint, FEEDBACK[unit.name]), unit.replicate, ())
            return {"feedback": {unit.name: self._responses(sight)}}
        on = {int(number) for number in unit.name.split(",") if number}
        off = [name for number, name in enumerate(MECHANISMS) if number not in on]
        parameters = {key: value for name in off for key, value in MECHANISMS[name].items()}
        silent = np.ones_like(self._high_tech) if "innovation" in off else None
        sight = self._run(bench, switched(self.blueprint, parameters, silent), unit.replicate, ())
        return {"growth": {unit.name: 100.0 * productivity_growth(sight)}}

    def _run(self, bench: Bench, arm: Blueprint, replicate: int, cohorts: tuple[str, ...]) -> Sight:
        walk = Walk(bench, arm, self.seed, replicate)
        walk.start()
        return Cohorts(walk, cohorts).sight()

    def _cohorts(self, rows: list[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(COHORTS[row] for row in rows if row in COHORTS))

    def _arm(self, bench: Bench, name: str, replicate: int) -> Found:
        if name == NO_INNOVATION:
            arm = switched(self.blueprint, {}, np.ones_like(self._high_tech))
            sight = self._run(bench, arm, replicate, ())
            return {"none": {row: MEASURES[row](sight) for row in SHARES}}
        rows = [row.id for row in self.selection.rows if row.arm == name and row.id in MEASURES]
        if name == NO_HIGH_TECH:
            arm = switched(self.blueprint, {}, self._high_tech)
        else:
            arm = switched(self.blueprint, SWITCHES[name])
        sight = self._run(bench, arm, replicate, self._cohorts(rows))
        return {"off": {row: MEASURES[row](sight) for row in rows}}

    # ---------------------------------------------------------------------------------- the run as configured

    def _base_periods(self) -> int:
        """Periods of the run as configured and of what begins in its middle."""
        left, parts = self.periods - self.middle, self.selection.parts
        more = 3 * min(GAP_PERIODS, left) * ("C2" in self._rows)
        more += min(PULSE_PERIODS, left) * ("C5" in self._rows)
        more += len(PUSHES) * min(PUSH_PERIODS, left) * ("impulse" in parts)
        return self.periods + more

    def _base(self, bench: Bench, replicate: int) -> Found:
        """Run as configured, then what begins in the middle of it."""
        walk = Walk(bench, self.blueprint, self.seed, replicate)
        walk.start()
        cohorts = Cohorts(walk, self._cohorts(list(self._rows)))
        middle: Middle | None = None
        control: Series | None = None
        if {"C2", "C5"} & set(self._rows) or "impulse" in self.selection.parts:
            walk.go(self.middle)
            middle = Middle.of(walk)
            if {"C2", "C5"} & set(self._rows):
                control = Series(walk, middle)
                walk.go(min(self.middle + max(GAP_PERIODS, PULSE_PERIODS), self.periods), control.watch)
            del walk.origins["middle"]
        found = self._seen(cohorts.sight())
        if middle is not None:
            if "impulse" in self.selection.parts:
                assert self.frozen is not None
                found["impulse"] = push_responses(
                    bench, self.blueprint, self.seed, replicate, middle, self.frozen
                )
            if control is not None:
                self._begin_in_the_middle(bench, replicate, middle, control, found)
        return found

    def _seen(self, sight: Sight) -> Found:
        """Measure the run as configured."""
        rows = list(self._rows)
        found: Found = {"on": {}, "off": {}}
        for row in rows:
            if row in MEASURES:
                found["on"][row] = MEASURES[row](sight)
            elif row in WITHIN:
                found["on"][row], found["off"][row] = WITHIN[row](sight)
        if set(SHARES) & set(rows):
            found["high_tech_sales"] = high_tech_sales(sight)
        if self.subsets:
            everything = ",".join(str(number) for number in range(len(MECHANISMS)))
            found["growth"] = {everything: 100.0 * productivity_growth(sight)}
        if self.needs_weights:
            if "feedback" in self.selection.parts:
                found["feedback"] = {"both": self._responses(sight)}
            if "coupling" in self.selection.parts:
                assert self.frozen is not None
                found["coupling"] = coordination(*indices(sight.bench, self.frozen))
        return found

    def _responses(self, sight: Sight) -> Floats:
        """Return the outcomes of the 2×2 experiment, in the order of `RESPONSES`."""
        assert self.frozen is not None
        cluster, ris = indices(sight.bench, self.frozen, max(self.periods - LAST, 0))
        workers = sight.regions("workforce")[-LAST:]
        return np.array(
            [
                100.0 * productivity_growth(sight),
                innovation_rate(sight),
                mean_over_regions(cluster).mean(),
                mean_over_regions(ris).mean(),
                coordination(cluster, ris).mean(),
                weighted_mean(cluster, workers, axis=1).mean(),
                weighted_mean(ris, workers, axis=1).mean(),
            ]
        )

    def _begin_in_the_middle(
        self, bench: Bench, replicate: int, middle: Middle, control: Series, found: Found
    ) -> None:
        """Measure C2 and C5."""
        if "C5" in self._rows:
            pulse = self._branch(bench, self.blueprint, replicate, middle, "pulse", PULSE_PERIODS)
            found["on"]["C5"], found["off"]["C5"] = lag_outcomes(control, pulse, self.years)
        if "C2" in self._rows:
            apart = switched(self.blueprint, SWITCHES["no_contact"])
            with_links = gap_outcomes(
                control,
                self._branch(bench, self.blueprint, replicate, middle, "gap", GAP_PERIODS),
                self.years,
            )
            without = gap_outcomes(
                self._branch(bench, apart, replicate, middle, "", GAP_PERIODS),
                self._branch(bench, apart, replicate, middle, "gap", GAP_PERIODS),
                self.years,
            )
            for place, row in enumerate(("C2", "C2.left")):
                found["on"][row], found["off"][row] = with_links[place], without[place]

    def _branch(
        self, bench: Bench, arm: Blueprint, replicate: int, middle: Middle, what: str, periods: int
    ) -> Series:
        """Go on from the middle, with a gap or a pulse or without anything, and return what is seen on the way."""
        walk = branch(bench, arm, self.seed, replicate, middle)
        if what == "gap":
            open_gap(walk, middle)
        elif what == "pulse":
            send_pulse(walk)
        series = Series(walk, middle)
        walk.go(min(middle.period + periods, self.periods), series.watch)
        return series
