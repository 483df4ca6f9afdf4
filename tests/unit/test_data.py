"""From tables to an economy: embedded tables, industries, and the real data where they are at hand."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from technopole.config.config import Config
from technopole.data.firm_sizes import (
    class_exponents,
)
from technopole.data.industries import NAMES, USE_TABLE_INDUSTRIES, is_high_tech, overlaps, two_digit
from technopole.data.loading import load_tables
from technopole.data.region_files import university_stock
from technopole.data.sector_innovation import find_row, read_survey
from technopole.errors import ConfigError

SCENARIOS = Path(__file__).parents[2] / "configs" / "scenarios"
REAL = Path(os.environ.get("TECHNOPOLE_DATA", "") or "/nonexistent")
needs_data = pytest.mark.skipif(
    not REAL.is_dir(), reason="needs the folder of public statistics: set TECHNOPOLE_DATA (see docs/DATA.md)"
)


def firms_by_cell(tables):
    return np.diff(tables.offsets).reshape(len(tables.region_ids), len(tables.sector_ids))


def employment_by_sector(tables):
    firms = firms_by_cell(tables)
    sector = np.repeat(np.tile(np.arange(firms.shape[1]), firms.shape[0]), firms.ravel())
    return np.bincount(sector, weights=tables.employment, minlength=firms.shape[1])


def same(first, second):
    for name, value in vars(first).items():
        other = getattr(second, name)
        if isinstance(value, dict):
            assert all(np.array_equal(value[key], other[key]) for key in value)
        else:
            assert np.array_equal(value, other, equal_nan=name == "positions"), name


def unknown(sectors):
    """Exponents inside the classes where no class means are published."""
    return class_exponents(np.full((sectors, 9), np.nan))


# ------------------------------------------------------------------------------------------------- embedded


def nation(**data):
    return {
        "data": {"scale": 0.1, **data},
        "regions": [
            {"id": "big", "lat": 40.0, "lon": 10.0, "population": 3e6},
            {"id": "small", "lat": 41.0, "lon": 10.0, "population": 1e6, "university": 3.0},
        ],
        "sectors": [
            {"id": "chips", "high_tech": True, "group": "e", "establishments": 4000},
            {"id": "radios", "high_tech": False, "group": "e", "establishments": 3000, "markup": 0.4},
            {
                "id": "bread",
                "establishments": 8000,
                "size_classes": [6, 3, 1, 0, 0, 0, 0, 0, 0],
                "mean_employment": [2.0, 6.0, 13.0, 30.0, 70.0, 150.0, 350.0, 680.0, 2400.0],
            },
        ],
        "suppliers": [{"sector": "chips", "from": {"radios": 3.0, "chips": 1.0}}],
    }


def test_embedded_economy():
    cfg = Config.from_dict(nation())
    tables = load_tables(cfg)
    firms = firms_by_cell(tables)
    assert tables.region_ids == ["big", "small"] and tables.sector_ids == ["chips", "radios", "bread"]
    assert firms.sum(axis=0) == pytest.approx([400, 300, 800], abs=1)
    assert firms[0].sum() > firms[1].sum()
    assert tables.offsets[-1] == tables.employment.size and tables.employment.dtype == np.float64
    assert np.all(tables.employment >= 1.0)
    bread = 800 * (0.6 * 2.0 + 0.3 * 6.0 + 0.1 * 13.0)
    assert employment_by_sector(tables)[2] == pytest.approx(bread, rel=0.02)
    assert tables.metric == "great_circle" and tables.distances[0, 1] == pytest.approx(111.2, abs=0.1)
    assert tables.stocks["university"].tolist() == [0.5, 1.5]
    assert tables.high_tech.tolist() == [True, False, False]
    assert tables.suppliers.tolist() == [[0.25, 0.75, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    related = cfg.relatedness
    assert tables.relatedness[0].tolist() == [1.0, related.group, related.base]
    assert tables.markup.tolist() == [cfg.market.markup, 0.4, cfg.market.markup]
    assert tables.rd_intensity.tolist() == [
        cfg.innovation.rd_intensity_high_tech,
        cfg.innovation.rd_intensity,
        cfg.innovation.rd_intensity,
    ]


def test_same_seed_same_tables_other_seed_other_tables():
    first = load_tables(Config.from_dict(nation(seed=7)))
    same(first, load_tables(Config.from_dict(nation(seed=7))))
    assert not np.array_equal(first.employment, load_tables(Config.from_dict(nation(seed=8))).employment)


def test_weights_move_a_sector():
    content = nation()
    content["regions"][0]["weights"] = {"bread": 0.0}
    firms = firms_by_cell(load_tables(Config.from_dict(content)))
    assert firms[0, 2] == 0 and firms[1, 2] == 800 and firms[0, 0] > 0
    content["regions"][1]["weights"] = {"bread": 0.0}
    with pytest.raises(ConfigError, match="bread.*weight 0 in every region"):
        load_tables(Config.from_dict(content))


def test_specialisation():
    def shares(value):
        firms = firms_by_cell(load_tables(Config.from_dict(nation(specialisation=value, scale=1.0))))
        return firms[0] / firms.sum(axis=0)

    assert shares(0.0) == pytest.approx(0.75, abs=1e-3)
    assert np.ptp(shares(0.5)) > 0.05


def test_tiny_scale_leaves_no_region_or_sector_empty():
    firms = firms_by_cell(load_tables(Config.from_dict(nation(scale=1e-6))))
    assert np.all(firms.sum(axis=0) >= 1) and np.all(firms.sum(axis=1) >= 1)


def test_cells_are_the_whole_economy():
    tables = load_tables(Config.from_toml(SCENARIOS / "two-regions.toml"))
    assert firms_by_cell(tables).tolist() == [[14, 12, 6], [4, 6, 18]]
    means = [tables.employment[tables.offsets[cell] : tables.offsets[cell + 1]].mean() for cell in range(6)]
    assert means == pytest.approx([9.0, 32.0, 10.0, 4.0, 11.0, 18.0], rel=0.05)
    assert tables.metric == "euclidean" and tables.distances[0, 1] == 100.0


def test_given_distances():
    content = nation()
    for region in content["regions"]:
        del region["lat"], region["lon"]
    content["distances"] = [["big", "small", 250.0]]
    tables = load_tables(Config.from_dict(content))
    assert tables.metric == "matrix" and tables.distances.tolist() == [[0.0, 250.0], [250.0, 0.0]]
    assert np.isnan(tables.positions).all()
    content = {**nation(), "distances": content["distances"]}
    tables = load_tables(Config.from_dict(content))
    assert tables.metric == "great_circle" and tables.distances[0, 1] == 250.0  # positions for maps


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["sectors"][1].update(establishments=0), r"\(radios\).establishments: found 0"),
        (lambda c: c["regions"][1].pop("lat"), "small"),
        (lambda c: c["regions"][1].pop("population"), "population"),
        (lambda c: c["suppliers"][0]["from"].update(cheese=0.1), "cheese"),
        (lambda c: c["regions"][0].update(weights={"cheese": 2.0}), "cheese"),
        (lambda c: c.update(sectors=[]), "sectors"),
        (lambda c: c.update(regions=[]), "regions"),
        (lambda c: c["sectors"][0].update(establishments=-4), "establishments"),
        (lambda c: c["sectors"][0].update(markup=float("nan")), "markup"),
        (lambda c: c.update(cells=[{"region": "big", "sector": "chips", "firms": 5}]), "no firms in"),
    ],
)
def test_embedded_refusals(change, message):
    content = nation()
    change(content)
    with pytest.raises(ConfigError, match=message) as caught:
        load_tables(Config.from_dict(content))
    assert caught.value.exit_code == 2


def test_scenarios_without_files():
    states = load_tables(Config.from_toml(SCENARIOS / "us-states.toml"))
    assert (len(states.region_ids), len(states.sector_ids)) == (51, 20)
    assert states.employment.size == 78_608  # 7,860,674 establishments at 1:100, one rounding per sector
    assert np.all(states.suppliers.sum(axis=1) == pytest.approx(1.0, abs=1e-15))
    assert np.all((states.suppliers > 0).sum(axis=1)[:-1] >= 5)
    assert [states.sector_ids[k] for k in np.flatnonzero(states.high_tech)] == ["51", "54"]
    assert employment_by_sector(states).sum() == pytest.approx(1_285_900, rel=0.005)  # jobs of 2017 at 1:100
    china = load_tables(Config.from_toml(SCENARIOS / "china-clusters.toml"))
    assert china.employment.size == 5060
    assert china.region_ids[int(np.argmax(china.stocks["university"]))] == "beijing"


# ------------------------------------------------------------------------------------------------ industries


def test_industry_codes():
    assert two_digit("334") == "31-33" and two_digit("541") == "54" and two_digit("454") == "44-45"
    assert overlaps("31-33", "334") and overlaps("3341", "334") and not overlaps("51", "541")
    assert [code for code in NAMES if is_high_tech(code)] == [
        "51", "54", "325", "334", "336", "511", "517", "518", "519", "541",
    ]  # fmt: skip
    assert all(code in NAMES for codes in USE_TABLE_INDUSTRIES.values() for code in codes)


def test_university_stock():
    workers = np.array([10.0, 10.0, 20.0])
    stock = university_stock([np.array([3.0, np.nan, 1.0]), np.array([2.0, 1.0, 1.0])], workers, 0.5)
    # per worker 0.3, half of 0.05, 0.05 against 0.1; patents 0.2, 0.1, 0.05 against 0.1
    assert stock == pytest.approx(np.sqrt([(3.0 + 2.0) / 2, (0.25 + 1.0) / 2, (0.5 + 0.5) / 2]))
    assert np.all(university_stock([np.array([3.0, 0.0, 1.0])], workers, 0.0) == 1.0)
    assert np.all(university_stock([], workers, 0.5) == 1.0)
    assert university_stock([np.array([1e9, 0.0, 0.0])], workers, 2.0).tolist() == [4.0, 0.2, 0.2]


def test_survey_rows(tmp_path):
    path = tmp_path / "survey.csv"
    path.write_text(
        "naics,product_innovators_pct,new_to_market_pct\n"
        '"11, 21–23",10,4\n31–33,16,8\n313–16,15,7\n334,33,21\n3344,25,13\nother 334,32,20\n'
        "51,25,11\nother 51,20,7\n"
    )
    survey = read_survey(path)
    expected = {"31-33": 16, "315": 15, "334": 33, "3344": 25, "3341": 32, "333": 16, "51": 25, "519": 20}
    for code, percent in expected.items():
        assert find_row(survey, code).product == pytest.approx(percent / 100.0)
    assert find_row(survey, "72") is None


# ------------------------------------------------------------------------------------------------- real data


def load_real(**data):
    return load_tables(Config.from_dict({"data": {"kind": "folder", "path": str(REAL), **data}}))


@needs_data
def test_metropolitan_areas():
    tables = load_real()
    firms = firms_by_cell(tables)
    assert firms.shape == (383, 86) and abs(firms.sum() - 68_738) <= 86
    assert np.all(firms.sum(axis=0) >= 1) and np.all(firms.sum(axis=1) >= 1)
    assert tables.employment.sum() == pytest.approx(1_133_958, rel=0.01)
    assert tables.employment.max() < 10_000.0
    assert 60 <= (tables.employment >= 1000).sum() <= 110  # 7,737 plants at 1:100
    assert np.all(np.isfinite(tables.distances)) and np.all(tables.distances < 8300)
    best = np.argsort(tables.stocks["university"])[-12:]
    assert "Ithaca, NY" in [tables.region_names[r] for r in best]
    chips, mining = tables.sector_ids.index("334"), tables.sector_ids.index("212")
    assert tables.innovation_rate[chips] > 2.0 * tables.innovation_rate.mean()
    assert tables.innovation_rate[mining] < 0.5 * tables.innovation_rate.mean()
    assert np.argmax(tables.suppliers[tables.sector_ids.index("324")]) == tables.sector_ids.index(
        "211"
    )  # oil


@needs_data
def test_all_areas_and_states():
    areas = load_real(regions="all")
    assert len(areas.region_ids) == 933 and np.all(firms_by_cell(areas).sum(axis=1) >= 1)
    states = load_real(regions="state")
    assert len(states.region_ids) == 51 and abs(states.employment.size - 77_400) < 100
    assert states.region_names[states.region_ids.index("06")] == "California"


@needs_data
def test_full_scale():
    start = time.perf_counter()
    tables = load_real(scale=1.0)
    seconds = time.perf_counter() - start
    assert tables.employment.size == 6_873_790
    assert tables.employment.sum() == pytest.approx(113_395_824, rel=1e-3)
    assert tables.employment.min() >= 1.0
    assert seconds < 20.0  # 3.5 s on one core of a machine of 2024


@needs_data
def test_metro_scenario():
    tables = load_tables(Config.from_toml(SCENARIOS / "us-metros.toml", {"data.path": str(REAL)}))
    assert len(tables.region_ids) == 383
