"""Small economies, and worlds of the kernels that run them: shared by all tests of the model.

Only two kernels are called from Python, ``initialise`` and ``drive``, so that few things are compiled.
"""

import copy
import functools
from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, Phase, settings

from technopole.config.config import Config
from technopole.world.build import (
    STOCKS,
    Blueprint,
    enlarge_world,
    make_blueprint,
    new_problem,
)
from technopole.world.constants import make_constants
from technopole_kernels import layout
from technopole_kernels.drive import WHOLE, drive
from technopole_kernels.initial import name_firms
from technopole_kernels.record import CELL_VARIABLES, REGION_VARIABLES, SECTOR_VARIABLES, Records
from technopole_kernels.status import Status

FIRM_ROWS = ("organisation", "technology", "sourcing", "quality", "research", "custom", "share", "cash")
REGION_ROWS = ("workforce", "wage", "trust", *STOCKS)

QUICK = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
"""Profile of the property tests: the same examples at every run; to shrink one takes minutes and shows little."""


def nested(parameters):
    """Sections from dotted keys."""
    content = {}
    for key, value in parameters.items():
        group, _, name = key.partition(".")
        content.setdefault(group, {})[name] = value
    return content


def economy(regions=2, sectors=2, firms=10, spacing=100.0, high_tech=None, policies=(), **tables):
    """Content of a configuration: regions on a line, sectors, and ``firms`` in each cell.

    Parameters
    ----------
    regions, sectors : int
    firms : int or array_like (R, S)
    spacing : float
        Distance between neighbours.
    high_tech : sequence of bool, optional
        By sector; every other one if absent.
    policies : sequence of dict
    tables : dict
        More lists, such as ``suppliers`` or ``distances``, and changes to all sectors as ``sector``.
    """
    number = np.broadcast_to(np.asarray(firms), (regions, sectors))
    shared = tables.pop("sector", {})
    return {
        "regions": [{"id": f"r{r}", "x": r * spacing, "y": 0.0} for r in range(regions)],
        "sectors": [
            {"id": f"s{k}", "high_tech": bool(high_tech[k] if high_tech is not None else k % 2), **shared}
            for k in range(sectors)
        ],
        "cells": [
            {"region": f"r{r}", "sector": f"s{k}", "firms": int(max(number[r, k], 1))}
            for r in range(regions)
            for k in range(sectors)
        ],
        "policies": list(policies),
        **tables,
    }


def plan(content, parameters=None, firms=None, employment=None, stocks=None, suppliers=None):
    """Blueprint of a configuration, with other initial firms or stocks if given.

    Parameters
    ----------
    content : dict
        Lists of tables, as `economy` makes them; or a `Config`.
    parameters : dict, optional
        Dotted key → value.
    firms : array_like of int (R, S), optional
        Firms by cell; unlike in a configuration, regions and sectors may be empty.
    employment : float or array_like (n,), optional
        Workers of each firm.
    stocks : dict of array_like (R,), optional
        Initial institutions.
    suppliers : array_like (S, S), optional
        Shares; unlike in a configuration, a sector may have none.
    """
    given = parameters or {}
    if isinstance(content, Config):
        config = content.replace(given)
    else:
        config = Config.from_dict({**content, **nested(given)})
    blueprint = make_blueprint(config)
    tables = blueprint.tables
    if firms is not None:
        offsets = np.concatenate([[0], np.cumsum(np.asarray(firms).ravel())]).astype(np.int64)
        employment = 20.0 if employment is None else employment
        tables = replace(tables, offsets=offsets)
    if employment is not None:
        workers = np.broadcast_to(np.asarray(employment, dtype=np.float64), (int(tables.offsets[-1]),))
        tables = replace(tables, employment=workers.copy())
    if stocks is not None:
        chosen = {name: np.asarray(stocks.get(name, tables.stocks[name]), dtype=float) for name in STOCKS}
        tables = replace(tables, stocks=chosen)
    if suppliers is not None:
        tables = replace(tables, suppliers=np.array(suppliers, dtype=np.float64))
    if tables is blueprint.tables:
        return blueprint
    identity = np.empty(int(tables.offsets[-1]), dtype=np.uint64)
    name_firms(tables.offsets, identity)
    return Blueprint(
        config,
        tables,
        make_constants(config, tables),
        blueprint.params,
        blueprint.policy,
        identity,
        np.ascontiguousarray([tables.stocks[name] for name in STOCKS]),
    )


def make_records(blueprint, rows):
    """Room for `rows` periods of every recorded variable."""
    cells = blueprint.n_regions * blueprint.n_sectors
    return Records(
        cell_variables=np.arange(len(CELL_VARIABLES)),
        region_variables=np.arange(len(REGION_VARIABLES)),
        sector_variables=np.arange(len(SECTOR_VARIABLES)),
        cells=np.zeros((rows, len(CELL_VARIABLES), cells)),
        regions=np.zeros((rows, len(REGION_VARIABLES), blueprint.n_regions)),
        sectors=np.zeros((rows, len(SECTOR_VARIABLES), blueprint.n_sectors)),
        sizes=np.zeros((rows, layout.SIZE_CLASSES), dtype=np.int64),
    )


class Run:
    """One world on its way, enlarged when it needs room.

    Parameters
    ----------
    blueprint : Blueprint
    seed, replicate : int
    capacity : int, optional
        Firm slots at the start; the blueprint's if absent.
    world : World, optional
        A used world to start in.
    """

    def __init__(self, blueprint, seed=1, replicate=0, capacity=None, world=None):
        self.blueprint = blueprint
        self.setting = blueprint.setting(seed)
        self.world = blueprint.new_world(capacity) if world is None else world
        self.enlarged = 0
        self.records = make_records(blueprint, 0)
        blueprint.start(self.setting, self.world, replicate)

    def advance(self, periods=1, record=False):
        """Run so many periods; with ``record``, room is made for all periods from the first."""
        until = self.period + periods
        if record:
            self.records = self._longer_records(until)
        stride = 1 if record else until + 1
        problem, stop = new_problem(), np.zeros(1, dtype=np.int64)
        while True:
            status = Status(
                drive(self.setting, self.world, problem, self.records, until, stride, stop, WHOLE, 0, 0)
            )
            if status != Status.NEED_CAPACITY:
                break
            self.world = enlarge_world(self.world, int(problem.where[0]))
            self.enlarged += 1
        assert status == Status.DONE, f"{status.name} at {problem.where}"
        return self

    def _longer_records(self, rows):
        longer = make_records(self.blueprint, rows)
        for name in ("cells", "regions", "sectors", "sizes"):
            done = min(len(getattr(self.records, name)), rows)
            getattr(longer, name)[:done] = getattr(self.records, name)[:done]
        return longer

    @property
    def period(self):
        """Periods done."""
        return int(self.world.clock[layout.PERIOD])

    @property
    def n_firms(self):
        """Living firms."""
        return int(self.world.offsets[-1])

    @property
    def counts(self):
        """Living firms by cell (R, S)."""
        return np.diff(self.world.offsets).reshape(self.blueprint.n_regions, self.blueprint.n_sectors)

    def firm(self, name):
        """Values of the living firms (n,), a view."""
        return self.world.firms[FIRM_ROWS.index(name), : self.n_firms]

    def region(self, name):
        """Values of the regions (R,), a view."""
        return self.world.regions[REGION_ROWS.index(name)]

    def cell_of_firm(self):
        """Cell of every living firm (n,)."""
        return np.repeat(np.arange(self.world.offsets.size - 1), np.diff(self.world.offsets))

    def recorded(self, name):
        """All recorded values of a variable: (T, R, S), (T, R), (T, S) or (T, 41)."""
        if name == "size_distribution":
            return self.records.sizes
        for names, values in (
            (CELL_VARIABLES, self.records.cells),
            (REGION_VARIABLES, self.records.regions),
            (SECTOR_VARIABLES, self.records.sectors),
        ):
            # a name of two kinds of variables does not occur
            if name in names:
                found = values[:, names.index(name)]
                shape = (len(found), self.blueprint.n_regions, self.blueprint.n_sectors)
                return found.reshape(shape) if names is CELL_VARIABLES else found
        raise KeyError(name)


def state_arrays(world):
    """Copies of all arrays that make up the state of a world, living firms only, by name."""
    firms = int(world.offsets[-1])
    state = {name: world.firms[row, :firms] for row, name in enumerate(FIRM_ROWS)}
    state |= {name: getattr(world, name)[layout.NOW, :firms] for name in ("identity", "age", "tie")}
    state |= {name: world.regions[row] for row, name in enumerate(REGION_ROWS)}
    state |= {
        "pipeline": world.regions[layout.R_PIPELINE : layout.R_PIPELINE + 3],
        "reputation": world.cells[layout.C_REPUTATION],
        "sectors": world.sectors[: layout.S_NEXT],
        "norms": world.economy[[layout.NORM_TAX, layout.NORM_RESEARCH]],
        "offsets": world.offsets,
        "period": world.clock[layout.PERIOD : layout.PERIOD + 1],
    }
    return {name: np.array(values) for name, values in state.items()}


def copy_world(world):
    """Independent copy of a world: what a snapshot holds, and more."""
    return copy.deepcopy(world)


def assert_same_bits(one, other, ignore=()):
    """Compare two dictionaries of arrays bit for bit (not a number equals itself)."""
    assert one.keys() == other.keys()
    for name, values in one.items():
        if name in ignore:
            continue
        theirs = np.asarray(other[name])
        values = np.asarray(values)
        assert values.shape == theirs.shape, f"{name}: {values.shape} and {theirs.shape}"
        assert values.dtype == theirs.dtype, name
        same = values.tobytes() == theirs.tobytes()
        if not same:
            differs = np.flatnonzero((values != theirs) & ~((values != values) & (theirs != theirs)))
            # +0 and -0 are different bits of the same number
            if differs.size:
                first = differs[0]
                raise AssertionError(
                    f"{name}: {differs.size} of {values.size} differ, the first at {first}: "
                    f"{values.ravel()[first]!r} and {theirs.ravel()[first]!r}"
                )


MIXED_FIRMS = ((30, 5, 0), (1, 12, 8), (40, 0, 2), (0, 0, 0))
"""Firms of `mixed`: large and small cells, empty ones, an empty region."""


@functools.cache
def mixed(**parameters):
    """Blueprint of four regions and three sectors of every kind; keys have ``__`` for the dot."""
    content = economy(4, 3, MIXED_FIRMS, spacing=150.0)
    for sector, group in zip(content["sectors"], "aab", strict=True):
        sector["group"] = group
    content["sectors"][0] |= {"markup": 0.4, "labour_share": 0.45, "appropriability": 0.6}
    # what holds of one sector must not be taken for another; the second has what the parameters say
    content["sectors"][0] |= {"innovation_scale": 0.3}
    content["sectors"][2] |= {"innovation_scale": 3.0, "demand_growth": -0.03}
    suppliers = [[0.0, 0.6, 0.4], [0.5, 0.2, 0.3], [0.0, 0.0, 0.0]]
    workers = 1.0 + np.random.default_rng(5).lognormal(2.5, 1.4, np.sum(MIXED_FIRMS))
    given = {key.replace("__", "."): value for key, value in parameters.items()}
    return plan(content, given, firms=MIXED_FIRMS, employment=workers, suppliers=suppliers)
