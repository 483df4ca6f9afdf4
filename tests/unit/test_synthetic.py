"""Made-up economies of any size."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from technopole.config.config import Config, ConfigError
from technopole.config.resolve import resolve_config
from technopole.data.geography import Space, proximity
from technopole.data.loading import load_tables
from technopole.data.synthetic import curve_position, firms_of_cells, region_shares
from technopole.errors import DataError
from technopole.world.build import make_blueprint
from technopole.world.constants import make_constants

SCENARIO = Path(__file__).resolve().parents[2] / "configs/scenarios/synthetic.toml"


def made(**sizes):
    """Configuration with other keys of [synthetic]."""
    return Config.from_toml(SCENARIO, {f"synthetic.{key}": value for key, value in sizes.items()})


@pytest.mark.parametrize(
    "sizes",
    [
        {"firms": 1, "regions": 1, "sectors": 1},
        {"firms": 7, "regions": 7, "sectors": 3},
        {"firms": 9, "regions": 3, "sectors": 9},
        {"firms": 1000, "regions": 40, "sectors": 30},
        {"firms": 50_000, "regions": 20, "sectors": 4, "largest": 0.5},
    ],
)
def test_as_many_firms_as_asked_for_and_nothing_empty(sizes):
    tables = load_tables(made(**sizes))
    cells = np.diff(tables.offsets).reshape(sizes["regions"], sizes["sectors"])
    assert cells.sum() == tables.employment.size == sizes["firms"]
    assert (cells.sum(axis=0) > 0).all() and (cells.sum(axis=1) > 0).all()
    assert len(set(tables.region_ids)) == sizes["regions"] and len(set(tables.sector_ids)) == sizes["sectors"]
    assert (tables.employment >= 1.0).all()


def test_sizes_of_regions():
    shares = np.sort(region_shares(made(regions=50, exponent=1.0)))[::-1]
    assert shares[0] / shares[9] == pytest.approx(10.0)
    assert region_shares(made(regions=50, sizes="equal")) == pytest.approx(0.02)
    tenth = np.sort(region_shares(made(regions=500, sizes="equal", largest=0.1)))
    assert tenth[-1] == pytest.approx(0.1) and tenth[:-1] == pytest.approx(0.9 / 499)
    firms = firms_of_cells(made(firms=100_000, regions=500, sizes="equal", largest=0.1)).sum(axis=1)
    assert firms.max() == pytest.approx(10_000, rel=0.01)


def test_high_tech_and_groups():
    tables = load_tables(made(firms=1000, regions=10, sectors=10, high_tech=0.3, group=4))
    assert tables.high_tech.sum() == 3
    assert tables.groups[0] == tables.groups[3] != tables.groups[4]
    assert tables.suppliers.sum(axis=1) == pytest.approx(1.0)
    assert tables.suppliers[2, 2:5] == pytest.approx([0.6, 0.25, 0.15])


def test_it_is_fixed_by_the_seed():
    one, two = load_tables(made(firms=500)), load_tables(made(firms=500))
    assert np.array_equal(one.employment, two.employment) and np.array_equal(one.positions, two.positions)
    other = load_tables(made(firms=500).replace({"data.seed": 2}))
    assert not np.array_equal(one.employment, other.employment)


def test_neighbours_on_the_map_are_neighbours_in_the_arrays():
    tables = load_tables(made(firms=2000, regions=1000, sectors=2))
    step = np.linalg.norm(np.diff(tables.positions, axis=0), axis=1)
    assert np.median(step) < 2 * 100.0
    corners = np.array([[0.0, 0.0], [0.9, 0.0], [0.0, 0.9], [0.9, 0.9]])
    assert np.argsort(curve_position(corners)).tolist() == [0, 1, 2, 3]


def test_sectors_can_be_changed_by_their_ids():
    content = {
        "data": {"kind": "synthetic"},
        "synthetic": {"sectors": 3, "regions": 2, "firms": 20},
        "sectors": [{"id": "s2", "markup": 0.5}],
        "suppliers": [{"sector": "s1", "from": {"s3": 1.0}}],
    }
    tables = load_tables(Config.from_dict(content))
    assert tables.markup.tolist()[1] == 0.5 and tables.suppliers[0].tolist() == [0.0, 0.0, 1.0]
    content["sectors"][0]["id"] = "s4"
    with pytest.raises(DataError, match='no sector "s4"'):
        load_tables(Config.from_dict(content))


def test_numbers_may_be_written_with_an_exponent():
    assert made(firms=1e6).synthetic.firms == 1_000_000
    assert type(made(firms=1e6).synthetic.firms) is int


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"synthetic.firms": 10}, "synthetic.firms: found 10; allowed: at least 200, one for each region"),
        ({"synthetic.firms": 15.5}, "synthetic.firms: found 15.5; allowed: a whole number"),
        (
            {"synthetic.regions": 100_000, "synthetic.sectors": 51, "synthetic.firms": 1e6},
            "synthetic.regions: found 100000 and synthetic.sectors 51",
        ),
        ({"synthetic.size": "zipf"}, 'unknown key; did you mean "sizes"?'),
        ({"regions": [{"id": "a"}]}, 'regions: found 1; allowed: none where data.kind is "synthetic"'),
        ({"cells": [{"region": "r", "sector": "s", "firms": 1}]}, "cells: found 1; allowed: none where"),
    ],
)
def test_refused(changes, message):
    with pytest.raises(ConfigError) as failure:
        Config.from_toml(SCENARIO, changes)
    assert message in str(failure.value)


def test_data_have_no_place():
    with pytest.raises(ConfigError, match='data.kind is "synthetic"'):
        resolve_config(SCENARIO, data="somewhere")


def test_more_firms_than_memory_are_refused_before_they_are_made():
    config = made(firms=10**9)
    tracemalloc.start()
    with pytest.raises(ConfigError, match="a smaller synthetic.firms"):
        load_tables(config.replace({"spillover.cutoff": 0.0, "synthetic.regions": 50_000}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e9


# ------------------------------------------------------------------------------------------------ geography


def dense(distances, decay, cutoff):
    """Proximity as it was made from the whole matrix."""
    from technopole.basics.portable_math import exp

    weight = exp(-distances / decay)
    np.fill_diagonal(weight, 1.0)
    return np.where(weight >= cutoff, weight, 0.0)


@pytest.mark.parametrize("metric", ["euclidean", "great_circle"])
@pytest.mark.parametrize(("decay", "cutoff"), [(50.0, 1e-3), (500.0, 0.0), (1e6, 0.5), (1e-3, 1e-3)])
def test_sparse_proximity_is_the_dense_one(metric, decay, cutoff):
    random = np.random.default_rng(5)
    places = random.uniform(-80.0, 80.0, (300, 2)) * (1.0 if metric == "great_circle" else 10.0)
    space = Space(places, metric)
    start, region, weight = proximity(space, decay, cutoff)
    whole = dense(space.matrix(), decay, cutoff)
    made = np.zeros_like(whole)
    made[np.repeat(np.arange(300), np.diff(start)), region] = weight
    assert np.array_equal(made, whole)


def test_thousands_of_regions_need_no_matrix_of_all_pairs():
    config = made(firms=4000, regions=4000, sectors=2)
    tables = load_tables(config)
    tracemalloc.start()
    constants = make_constants(config, tables)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 20 < constants.proximity.size / 4000 < 40
    assert peak < 8 * 4000**2 / 2


def test_how_many_regions_are_reached():
    config = made(firms=3000, regions=3000)
    tables = load_tables(config)
    decay, cutoff = config.spillover.distance_decay, config.spillover.cutoff
    found = proximity(tables.space, decay, cutoff)[1].size / 3000
    assert tables.space.reached(decay, cutoff) == pytest.approx(found, rel=0.2)


def test_a_large_world_has_room_from_the_beginning_and_takes_no_memory_for_it():
    config = made(firms=250_000, regions=20, sectors=10).replace({"time.periods": 60})
    large = make_blueprint(config)
    assert large.room == pytest.approx(1.1 * 250_000 * 1.01**60, rel=0.01)
    assert make_blueprint(made(firms=1000)).room == make_blueprint(made(firms=1000)).capacity
    endless = make_blueprint(config.replace({"time.periods": 1_000_000}))
    assert endless.room == 4 * endless.capacity
    fixed = make_blueprint(config.replace({"capacity.fixed": True}))
    assert fixed.room == fixed.capacity


def test_firms_of_large_worlds_have_the_same_names(monkeypatch):
    config = made(firms=3000, regions=5, sectors=4)
    worlds = []
    for limit in (10_000, 1000):
        monkeypatch.setattr("technopole.world.build.ROOM_AT_ONCE", limit)
        blueprint = make_blueprint(config)
        assert (blueprint.identity is None) == (limit == 1000)
        world = blueprint.new_world()
        blueprint.start(blueprint.setting(3), world, 0)
        worlds.append(world)
    assert np.array_equal(worlds[0].identity, worlds[1].identity)
    assert (
        np.array_equal(worlds[0].firms, worlds[1].firms)
        and np.unique(worlds[0].identity[0, :3000]).size == 3000
    )
