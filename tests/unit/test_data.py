"""From tables to firms: embedded economies, folders of tables, and the real data where they are at hand."""

import gzip
import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from technopole.config.config import Config
from technopole.data.draft import sampled
from technopole.data.firm_sizes import (
    CLASS_LABELS,
    CLASS_LOWER,
    CLASS_UPPER,
    NATIONAL_SHARES,
    class_exponents,
    class_means,
    draw_employment,
    largest_possible,
    sample_establishments,
    split_firms,
)
from technopole.data.industries import NAMES, USE_TABLE_INDUSTRIES, is_high_tech, overlaps, two_digit
from technopole.data.loading import load_tables
from technopole.data.region_files import university_stock
from technopole.data.sector_innovation import find_row, read_survey
from technopole.data.tables import CellRows, RegionRows, SectorRows
from technopole.errors import ConfigError, DataError
from technopole.schema import SECTOR_DEFAULTS, STOCKS

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


# ----------------------------------------------------------------------------------------------- firm sizes


@given(
    st.integers(1, 6),
    st.integers(1, 4),
    st.floats(0.001, 1.0),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
)
def test_sample_keeps_the_numbers(regions, sectors, scale, seed, draw):
    generator = np.random.Generator(np.random.PCG64(draw))
    real = np.floor(generator.exponential(30.0, (regions, sectors, 9)))
    real[0, :, 0] += 1.0
    real[:, 0, 0] += 1.0
    sample = sample_establishments(real, scale, seed)
    assert np.all(sample >= 0) and np.all(sample <= np.ceil(real * scale) + 1)
    assert np.all(sample.sum(axis=(0, 2)) >= 1) and np.all(sample.sum(axis=(1, 2)) >= 1)
    added = np.maximum(regions, sectors)  # an empty region or sector gets one firm
    assert np.all(np.abs(sample.sum(axis=(0, 2)) - scale * real.sum(axis=(0, 2))) <= 1 + added)


def test_sample_at_full_scale_is_the_table():
    real = np.arange(2 * 3 * 9, dtype=np.float64).reshape(2, 3, 9)
    assert np.array_equal(sample_establishments(real, 1.0, 5), real)


def test_sample_is_unbiased():
    real = np.zeros((3, 1, 9))
    real[:, 0, 0] = [70.0, 53.0, 247.0]
    real[:, 0, 8] = [1.0, 0.0, 2.0]
    mean = np.mean([sample_establishments(real, 0.1, seed) for seed in range(2000)], axis=0)
    assert mean == pytest.approx(0.1 * real, abs=0.03)


def test_large_plants_stay_represented():
    real = np.zeros((100, 1, 9))
    real[:, 0, 0] = 1000.0
    real[:, 0, 8] = 1.0
    sample = sample_establishments(real, 0.05, 3)
    assert abs(sample[:, 0, 8].sum() - 5) <= 1


@given(st.lists(st.integers(0, 500), min_size=1, max_size=20), st.integers(0, 2**32 - 1))
def test_split_keeps_the_number_of_firms(firms, seed):
    firms = np.array(firms)
    shares = np.tile(np.array(NATIONAL_SHARES) / sum(NATIONAL_SHARES), (firms.size, 1))
    assert np.array_equal(split_firms(firms, shares, seed).sum(axis=1), firms)


def test_employment_stays_in_its_class():
    sample = np.zeros((2, 2, 9), dtype=np.int64)
    sample[:] = 200
    employment = draw_employment(sample, unknown(2), 1).reshape(2, 2, 9, 200)
    for index in range(9):
        sizes = employment[:, :, index]
        assert np.all(sizes >= CLASS_LOWER[index]) and np.all(sizes <= CLASS_UPPER[index])
        # stratified over the 400 firms of a sector: the mean is far better than chance
        tolerance = 0.05 if index == 8 else 0.002
        assert sizes.mean(axis=(0, 2)) == pytest.approx(class_means()[index], rel=tolerance)


def test_employment_inside_a_class_has_the_stated_distribution():
    sample = np.zeros((1, 1, 9), dtype=np.int64)
    sample[0, 0, 3] = sample[0, 0, 8] = 10_001
    employment = draw_employment(sample, unknown(1), 1)
    assert np.median(employment[:10_001]) == pytest.approx(np.sqrt(20.0 * 50.0), rel=1e-3)  # log-uniform
    tail = employment[10_001:]  # Pareto with exponent 1, cut at 50,000
    for size in (2000.0, 5000.0, 20000.0):
        expected = (1000.0 / size - 1000.0 / 50000.0) / (1.0 - 1000.0 / 50000.0)
        assert np.mean(tail > size) == pytest.approx(expected, rel=0.01)


def test_employment_meets_published_class_means():
    sample = np.full((1, 1, 9), 4000)
    means = np.array([[1.667, 6.631, 13.519, 30.112, 68.547, 149.744, 337.519, 679.613, 2433.978]])
    exponents = class_exponents(means)
    assert class_means(exponents) == pytest.approx(means, rel=1e-12)
    sizes = draw_employment(sample, exponents, 1).reshape(9, 4000)
    assert np.all(sizes >= CLASS_LOWER[:, None]) and np.all(sizes <= CLASS_UPPER[:, None])
    assert sizes.mean(axis=1) == pytest.approx(means[0], rel=0.01)


@given(st.lists(st.floats(0.01, 1e5), min_size=9, max_size=9))
def test_exponents_for_any_means(means):
    found = class_means(class_exponents(np.array([means])))[0]
    inside = (np.array(means) > CLASS_LOWER * 1.1) & (np.array(means) < CLASS_UPPER * 0.9)
    assert found[inside] == pytest.approx(np.array(means)[inside], rel=1e-6)
    assert np.all(found >= CLASS_LOWER) and np.all(found <= CLASS_UPPER)


def test_no_firm_is_larger_than_its_table_leaves_room_for():
    real = np.zeros((3, 1, 9))
    real[0, 0] = [2, 0, 0, 0, 0, 0, 0, 0, 3]
    real[1, 0, 8] = 1
    real[2, 0, 8] = 0.5
    sample = np.zeros((3, 1, 9), dtype=np.int64)
    sample[0, 0, [0, 8]] = 1, 2
    sample[1, 0, 8] = sample[2, 0, 8] = 1
    known = np.array([[4502.0], [2000.0], [900.0]])
    most = largest_possible(sample, real, known)
    # 4,502 workers less two firms of one and three of 1,000: 1,500 to share; the second cell is simulated in
    # full, the third one is a share of a larger table
    assert most.tolist() == [1501.0, 2500.0, 2500.0, np.inf, np.inf]
    assert np.isinf(largest_possible(sample, real, np.full((3, 1), np.nan))).all()


@given(st.integers(0, 2**32 - 1))
def test_sampled_firms_keep_to_their_cells(seed):
    real = np.zeros((40, 1, 9))
    real[:, 0, 3], real[:, 0, 8] = 20, 1
    known = np.full((40, 1), 2000.0)
    regions = RegionRows([f"r{i}" for i in range(40)], ["r"] * 40, np.zeros((40, 2)), "euclidean", {})
    sectors = SectorRows(
        ["s"],
        ["s"],
        np.zeros(1, bool),
        ["s"],
        dict.fromkeys(SECTOR_DEFAULTS, np.zeros(1)),
        np.eye(1),
        np.eye(1),
    )
    cells = CellRows(real, known, np.full((1, 9), np.nan), "here")
    tables = sampled(regions, sectors, cells, 0.1, seed).make()
    assert tables.employment.size > 80
    assert tables.employment.max() <= 1600.0  # 2,000 less twenty firms of 20


def test_neighbouring_firms_are_not_ordered_by_size():
    sample = np.zeros((1, 1, 9), dtype=np.int64)
    sample[0, 0, 0] = 5000
    sizes = np.log(draw_employment(sample, unknown(1), 1))
    assert abs(np.corrcoef(sizes[:-1], sizes[1:])[0, 1]) < 0.05


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


# --------------------------------------------------------------------------------------------- own folder

CELLS = """region,sector,establishments,employment,{classes}
a,334,12,300,6,2,1,1,1,1,0,0,0
a,722,40,400,20,10,8,2,0,0,0,0,0
b,334,3,,1,1,1,0,0,0,0,0,0
b,722,20,260,8,6,4,2,0,0,0,0,0
""".format(classes=",".join(f"n_{label}" for label in CLASS_LABELS))
REGIONS = """id,name,lat,lon,university_rd,patents
a,Aville,40,10,900,50
b,Bville,41,10,,1
"""


@pytest.fixture
def folder(tmp_path):
    with gzip.open(tmp_path / "cells.csv.gz", "wt") as file:
        file.write(CELLS)
    (tmp_path / "regions.csv").write_text(REGIONS)
    return tmp_path


def load(folder, **more):
    data = {"kind": "folder", "path": str(folder), "scale": 1.0, **more.pop("data", {})}
    return load_tables(Config.from_dict({"data": data, **more}))


def test_folder_of_own_tables(folder):
    tables = load(folder)
    assert tables.region_names == ["Aville", "Bville"] and tables.sector_ids == ["334", "722"]
    assert tables.sector_names == ["Computers and electronics", "Food services and drinking places"]
    assert tables.high_tech.tolist() == [True, False]
    assert firms_by_cell(tables).tolist() == [[12, 40], [3, 20]]
    by_cell = np.add.reduceat(tables.employment, tables.offsets[:-1])
    assert by_cell[[0, 1, 3]] == pytest.approx([300, 400, 260], rel=0.02)
    assert 10 < by_cell[2] < 45  # not known: what its classes imply
    assert tables.stocks["university"][0] > tables.stocks["university"][1]
    assert all(tables.stocks[name].mean() == pytest.approx(1.0, abs=1e-15) for name in STOCKS)
    assert np.array_equal(tables.suppliers, np.eye(2))


def test_folder_with_sectors_suppliers_and_overrides(folder):
    (folder / "sectors.csv").write_text("id,name,high_tech,group,markup\n334,Chips,0,x,0.3\n722,Meals,1,x,\n")
    (folder / "suppliers.csv").write_text("sector,supplier,share\n334,722,1\n334,334,3\n")
    tables = load(
        folder,
        sectors=[{"id": "722", "markup": 0.5}],
        regions=[{"id": "b", "finance": 3.0}],
    )
    assert tables.sector_names == ["Chips", "Meals"] and tables.high_tech.tolist() == [False, True]
    assert tables.groups == ["x", "x"] and tables.markup.tolist() == [0.3, 0.5]
    assert tables.suppliers.tolist() == [[0.75, 0.25], [0.0, 1.0]]
    assert tables.stocks["finance"].tolist() == [0.5, 1.5]


def replace(folder, name, old, new):
    path = folder / name
    text = gzip.open(path, "rt").read() if name.endswith(".gz") else path.read_text()
    assert old in text
    text = text.replace(old, new, 1)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("cells.csv.gz", "n_1000+", "n_big", r"no column n_1000\+"),
        ("cells.csv.gz", "300,6,", "300,-6,", "row 2, column n_1-4: -6 is below 0"),
        ("cells.csv.gz", "300,6,", "300,nan,", "row 2, column n_1-4: 'nan' is not a number"),
        ("cells.csv.gz", "300,6,", "300,6.5,", "not a whole number"),
        ("cells.csv.gz", "12,300", "12,many", "row 2, column employment"),
        ("cells.csv.gz", "12,300", "12,-3", "row 2, column employment: -3 is below 0"),
        ("cells.csv.gz", "a,722", "a,334", "row 3: region a, sector 334 is listed a second time"),
        ("cells.csv.gz", "b,722", "c,722", "region c has no position"),
        ("cells.csv.gz", "b,722,20", "b,722,20,7", "row 5 has 14 values, the header 13"),
        ("regions.csv", "41,10", ",10", "row 3: region b has no position"),
        ("regions.csv", "41,10", "95,10", "column lat: 95 is above 90"),
        ("regions.csv", "b,Bville", "a,Bville", "region a is listed a second time"),
        ("regions.csv", "lat", "latitude", "no column lat"),
        (
            "regions.csv",
            "b,Bville,41,10,,1\n",
            "b,Bville,41,10,,1\nz,Zville,1,1,,\n",
            "region z has no establishments",
        ),
    ],
)
def test_folder_refusals(folder, name, old, new, message):
    replace(folder, name, old, new)
    with pytest.raises(DataError, match=message) as caught:
        load(folder)
    assert str(folder) in str(caught.value)


def test_all_problems_of_a_table_are_said_at_once(folder):
    replace(folder, "cells.csv.gz", "300,6,", "300,-6,")
    replace(folder, "cells.csv.gz", "a,722", "c,722")
    replace(folder, "cells.csv.gz", "b,722,20", "b,722,20,7")
    with pytest.raises(DataError) as caught:
        load(folder)
    text = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 3
    for problem in (
        "row 2, column n_1-4: -6",
        "row 3, column region: region c has no position",
        "row 5 has 14",
    ):
        assert problem in text


def test_all_problems_of_regions_suppliers_and_sectors_are_said_at_once(folder):
    (folder / "sectors.csv").write_text("id,markup,rd_intensity\n334,x,y\n722,z,0.1\n")
    with pytest.raises(DataError) as caught:
        load(folder)
    found = sorted(line.partition(": row ")[2].partition(":")[0] for line in caught.value.problems)
    assert found == ["2, column markup", "2, column rd_intensity", "3, column markup"]
    (folder / "sectors.csv").unlink()
    (folder / "suppliers.csv").write_text("sector,supplier,share\n334,999,-1\n9,722,1\n")
    with pytest.raises(DataError) as caught:
        load(folder)
    assert len(caught.value.problems) == 3
    replace(folder, "regions.csv", "40,", "x,")
    replace(folder, "regions.csv", "41,10", "95,")
    with pytest.raises(DataError) as caught:
        load(folder)
    assert len(caught.value.problems) == 3 and "row 2, column lat" in str(caught.value)


def test_many_problems_are_said_in_part(folder):
    with gzip.open(folder / "cells.csv.gz", "at") as file:
        file.writelines(f"z{number}{',1' * 12}\n" for number in range(50))
    with pytest.raises(DataError) as caught:
        load(folder)
    assert len(caught.value.problems) == 11
    assert caught.value.problems[-1] == "… and perhaps more problems of this table"


def test_folder_refuses_unknown_sectors_and_regions(folder):
    with pytest.raises(DataError, match='no sector "335".*did you mean "334"'):
        load(folder, sectors=[{"id": "335"}])
    with pytest.raises(DataError, match='no sector "9"'):
        load(folder, suppliers=[{"sector": "334", "from": {"9": 1.0}}])
    with pytest.raises(DataError, match='no region "atlantis"'):
        load(folder, regions=[{"id": "atlantis", "finance": 2.0}])
    (folder / "suppliers.csv").write_text("sector,supplier,share\n334,999,1\n")
    with pytest.raises(DataError, match="row 2, column supplier: no sector '999'"):
        load(folder)
    (folder / "suppliers.csv").write_text("sector,supplier,share\n722,334,1\n334,722,0\n334,334,0\n")
    with pytest.raises(
        DataError, match=r"suppliers\.csv: row 3, column share: all shares of sector '334' are 0"
    ):
        load(folder)


def test_damaged_file(folder):
    packed = (folder / "cells.csv.gz").read_bytes()
    for damaged in (packed[: len(packed) // 2], packed[:10] + 20 * b"\xff"):
        (folder / "cells.csv.gz").write_bytes(damaged)
        with pytest.raises(DataError, match="cannot be read as a table"):
            load(folder)


def test_files_that_are_not_utf8_are_refused_with_their_line(folder):
    (folder / "regions.csv").write_bytes(REGIONS.replace("Bville", "Bodø").encode("latin-1"))
    words = r"regions\.csv: line 3: not UTF-8: found the byte 0xF8 after 'b,Bod'; allowed: text in UTF-8"
    with pytest.raises(DataError, match=words):
        load(folder)
    (folder / "regions.csv").write_text(REGIONS.replace("Bville", "Bodø"), encoding="utf-8-sig")
    assert load(folder).region_names == ["Aville", "Bodø"]
    cells = CELLS.replace("b,722", "ø,722").encode("latin-1")
    (folder / "cells.csv.gz").write_bytes(gzip.compress(cells))
    with pytest.raises(DataError, match=r"cells\.csv\.gz: line 5: not UTF-8: found the byte 0xF8; allowed"):
        load(folder)
    (folder / "cells.csv.gz").write_bytes(gzip.compress(CELLS.encode("utf-16")))
    with pytest.raises(DataError, match=r"cells\.csv\.gz: line 1: not UTF-8: found the byte 0xFF; allowed"):
        load(folder)


def test_missing_folder_says_what_is_needed(tmp_path, monkeypatch):
    monkeypatch.delenv("TECHNOPOLE_DATA", raising=False)
    cfg = Config.from_dict({"data": {"kind": "folder"}})
    with pytest.raises(DataError) as caught:
        load_tables(cfg)
    message = str(caught.value)
    assert caught.value.exit_code == 2
    for word in ("--data", "TECHNOPOLE_DATA", "docs/DATA.md", "Census Bureau", "BEA", "NCSES"):
        assert word in message
    monkeypatch.setenv("TECHNOPOLE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"nowhere \(TECHNOPOLE_DATA\) does not exist"):
        load_tables(cfg)
    with pytest.raises(DataError, match="no file us_cbsa_naics3_size_2019.csv.*County Business Patterns"):
        load(tmp_path)


def test_environment_variable_is_used(folder, monkeypatch):
    monkeypatch.setenv("TECHNOPOLE_DATA", str(folder))
    assert load_tables(Config.from_dict({"data": {"kind": "folder", "scale": 1.0}})).employment.size == 75


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
