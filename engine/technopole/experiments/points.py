"""What the worlds of each point of an experiment have in common, without loading the data for each."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from technopole.config.config import Config
from technopole.data.loading import data_path
from technopole.data.tables import CellRows, SectorRows
from technopole.errors import ConfigError
from technopole.experiments.plan import Plan, tables_digest
from technopole.sweeps.design import varied_config
from technopole.sweeps.values import DATA_KEYS, GEOGRAPHY_KEYS, POLICY, TABLE_KEYS
from technopole.world.build import Blueprint, make_blueprint, vary_blueprint
from technopole.world.constants import make_constants, make_params
from technopole.world.policies import policy_from_config
from technopole_kernels.types import Constants

KEPT = 8
"""Blueprints, constants and tables kept for points that come again."""

Made = TypeVar("Made")


class PointWorlds:
    """Blueprints and seeds of the points of a plan; may be used by several threads.

    Parameters
    ----------
    plan : Plan
        What is run. The data are loaded when the first blueprint is asked for.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._lock = threading.Lock()
        self._base: Blueprint | None = None
        self._sectors = _Sectors()
        self._blueprints: _Kept[Blueprint] = _Kept(KEPT)
        self._constants: _Kept[Constants] = _Kept(KEPT)
        self._tables: _Kept[Blueprint] = _Kept(KEPT)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as the plan alone."""
        return type(self), (self.plan,)

    @property
    def base(self) -> Blueprint:
        """Blueprint of the scenario with what all points share, before any point's values.

        Raises
        ------
        ConfigError
            If the data are not those that were planned with.
        """
        with self._lock:
            return self._loaded()

    def config(self, point: int) -> Config:
        """Return the configuration of a point.

        Parameters
        ----------
        point : int
            Index, not id.

        Returns
        -------
        Config
            That of the sweep with the values of the point.
        """
        return varied_config(self.plan.sweep.config, self.plan.points.changes(point))

    def blueprint(self, point: int) -> Blueprint:
        """Return what the worlds of a point have in common.

        Parameters
        ----------
        point : int
            Index, not id.

        Returns
        -------
        Blueprint
            Equal to `technopole.world.build.make_blueprint` of the configuration of the point.

        Raises
        ------
        ConfigError
            If the data are not those that were planned with, or no economy can start with the values.
        """
        with self._lock:
            return self._blueprints.get(point, lambda: self._make(point))

    def seed(self, point: int) -> int:
        """Return the seed of a point.

        Parameters
        ----------
        point : int
            Index, not id.

        Returns
        -------
        int
            That of the sweep under common random numbers; otherwise made from it and the id of the point.
        """
        seed = int(self.plan.sweep.config.run.seed)
        if self.plan.sweep.common_random_numbers:
            return seed
        return point_seed(seed, int(self.plan.points.ids[point]))

    def _loaded(self) -> Blueprint:
        if self._base is None:
            base = make_blueprint(self.plan.sweep.config)
            if tables_digest(base.tables) != self.plan.tables_digest:
                raise ConfigError(
                    f"{self.plan.sweep.source}: the data are not those of the plan; plan again, or use the same data"
                )
            self._base = base
        return self._base

    def _make(self, point: int) -> Blueprint:
        config = self.config(point)
        changes = self.plan.points.changes(point)
        shaping = tuple((key, value) for key, value in changes.items() if key in TABLE_KEYS)
        base = self._loaded()
        if shaping:
            base = self._tables.get(shaping, lambda: _with_tables(self._loaded(), config, self._sectors))
        geography = tuple((key, value) for key, value in changes.items() if key in GEOGRAPHY_KEYS)
        constants = None
        if geography:
            constants = self._constants.get((geography, shaping), lambda: make_constants(config, base.tables))
        policy = None
        if any(key.startswith(POLICY) for key in changes):
            policy = policy_from_config(config, base.tables)
        return vary_blueprint(base, config, constants, policy)


class _Sectors:
    """Rows of the sectors for any parameters, without reading large files again."""

    def __init__(self) -> None:
        self._cells: tuple[CellRows, list[str], list[str]] | None = None

    def rows(self, config: Config) -> SectorRows | None:
        """Return the rows; None where only loading everything gives them."""
        if config.data.kind == "embedded":
            from technopole.data.tables_embedded import sector_rows

            return sector_rows(config)
        if config.data.kind == "folder":
            from technopole.data.tables_folder import load_cells, load_sectors

            folder = data_path(config)
            if self._cells is None:
                self._cells = load_cells(config, folder)
            cells, _, ids = self._cells
            return load_sectors(config, folder, ids, cells)
        return None


def _with_tables(base: Blueprint, config: Config, sectors: _Sectors) -> Blueprint:
    """Return a blueprint whose tables have other values; firms are made anew only where they change."""
    rows = None if any(_differs(base.config, config, key) for key in DATA_KEYS) else sectors.rows(config)
    if rows is None:
        return make_blueprint(config)
    changes: dict[str, Any] = {"relatedness": rows.relatedness, **rows.parameters}
    tables = replace(base.tables, **changes)
    constants = make_constants(config, tables)
    return replace(base, config=config, tables=tables, constants=constants, params=make_params(config))


def _differs(one: Config, other: Config, key: str) -> bool:
    group, _, name = key.partition(".")
    return bool(getattr(getattr(one, group), name) != getattr(getattr(other, group), name))


def point_seed(seed: int, point_id: int) -> int:
    """Return the seed of a point that has random numbers of its own.

    Parameters
    ----------
    seed : int
        Of the sweep, 32 bits.
    point_id : int
        Id of the point.

    Returns
    -------
    int
        32 bits, the same on every machine.
    """
    return int(np.random.SeedSequence([seed, point_id]).generate_state(1)[0])


class _Kept(OrderedDict[Hashable, Made]):
    """The values that were used last."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:  # type: ignore[override]
        """Return a value, made if it is not there."""
        if key not in self:
            self[key] = make()
            while len(self) > self._number:
                self.popitem(last=False)
        self.move_to_end(key)
        return self[key]
