"""Validation as a whole: what is judged and how, what is in the result, what is refused, real series."""

import csv
import gzip
import math
import threading
import tomllib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import technopole as tp
from technopole.config.config import Config
from technopole.errors import ConfigError, DataError
from technopole.facts.entry import Fact
from technopole.facts.measure import Measured
from technopole.facts.statistics import least_correlation, weighted_sd
from technopole.facts.table import FACTS, facts_of
from technopole.facts.turnover import AGES
from technopole.facts.validation import resolve_validation
from technopole.facts.validation_data import RealData, bootstrap
from technopole.facts.validation_dataset import intervals, make_dataset
from technopole.facts.validation_series import Series, series_of
from technopole.facts.validation_words import verdict, verdict_line
from technopole.files.write import write
from technopole.world.build import make_blueprint
from worlds import economy

STATES_FILE = Path(__file__).resolve().parents[2] / "configs" / "scenarios" / "us-states.toml"
SMALL = {"time": {"periods": 12}, "run": {"replicates": 3, "seed": 4, "threads": 1}}


@pytest.fixture(scope="module")
def config():
    return Config.from_dict({**economy(2, 2, 150), **SMALL, "scenario": {"name": "small"}})


@pytest.fixture(scope="module")
def result(config):
    return tp.validate(config, replicates=3)


def test_result_says_what_was_measured(result):
    assert set(result.data_vars) >= {
        "estimate", "low", "high", "range_low", "range_high", "passed", "replicates_used", "value", "straddles",
    }  # fmt: skip
    assert result["fact"].values.tolist() == [name for name, fact in FACTS.items() if not fact.only]
    assert result.attrs["kind"] == "validation" and result.attrs["seed"] == 4
    assert result.attrs["measured"] == "periods 7 to 12"
    assert tomllib.loads(result.attrs["config"])["run"]["replicates"] == 3
    assert set(result["group"].values) == {"model"}
    assert set(result["origin"].values) == {"design", "literature"}
    one = result.sel(fact="entry")
    values = one["value"].values
    assert float(one["estimate"]) == pytest.approx(values.mean())
    half = stats.t.ppf(0.975, 2) * values.std(ddof=1) / math.sqrt(3)
    assert float(one["high"] - one["low"]) == pytest.approx(2.0 * half, rel=1e-3)
    assert one["unit"].item() == "year-1" and int(one["replicates_used"]) == 3
    assert 0.0 < float(one["estimate"]) < 1.0


def test_few_firms_are_not_judged(result):
    tail = result.sel(fact="tail_5")
    assert math.isnan(float(tail["estimate"])) and not tail["passed"] and int(tail["replicates_used"]) == 0
    assert tail["needs"].item() == "50 firms in the tail"
    measured = result["replicates_used"] > 0
    assert {"entry", "exit", "progress", "lag"} <= set(result["fact"].values[measured.values])
    assert not {"krugman", "mobility", "innovators_mining"} & set(result["fact"].values[measured.values])


@pytest.mark.parametrize("threads", [2, 3])
def test_same_bits_for_any_number_of_threads(config, result, threads):
    again = tp.validate(config, replicates=3, threads=threads)
    for name in result.data_vars:
        assert result[name].dtype == again[name].dtype
        assert np.array_equal(
            result[name].values, again[name].values, equal_nan=result[name].dtype.kind == "f"
        ), name


def test_replicate_is_the_same_among_others(config, result):
    two = tp.validate(config, replicates=2)
    assert np.array_equal(two["value"].values, result["value"].values[:, :2], equal_nan=True)


@pytest.mark.parametrize("suffix", [".zarr", ".nc"])
def test_result_is_written_and_read(result, tmp_path, suffix):
    import xarray as xr

    path = write(result, tmp_path / f"a{suffix}")
    again = xr.open_dataset(path, engine="zarr" if suffix == ".zarr" else "h5netcdf").load()
    assert np.array_equal(again["passed"].values.astype(bool), result["passed"].values)
    assert again["title"].values.tolist() == result["title"].values.tolist()


def test_progress_comes_to_its_end(config):
    seen = []
    tp.validate(
        config, replicates=2, progress=lambda report: seen.append((threading.current_thread(), report))
    )
    assert {thread for thread, _ in seen} == {threading.current_thread()}
    last = seen[-1][1]
    assert last == (2, 2, 24, 24)


def judged(values, low, high, **more):
    """Result for one fact with these values in the replicates."""
    curves = {
        "size_share": np.full(9, 1 / 9),
        "growth_density": np.ones(60),
        "hazard_by_age": np.full(AGES, 0.1),
        "hazard_by_size": np.full(9, 0.1),
    }
    worlds = [Measured({"x": value}, curves) for value in values]
    config = Config.from_dict(economy(1, 1, 5))
    return make_dataset(config, {"x": Fact("x", low, high, "me", **more)}, {}, worlds).isel(fact=0)


def test_rule_is_the_mean_in_the_range():
    inside = judged([0.9, 1.0, 1.1], 0.5, 2.0)
    assert inside["passed"] and not inside["straddles"]
    edge = judged([0.9, 1.0, 1.1], 0.95, 2.0)
    assert edge["passed"] and edge["straddles"]
    outside = judged([0.9, 1.0, 1.1], 1.05, 2.0)
    assert not outside["passed"] and outside["straddles"]
    clearly = judged([0.9, 1.0, 1.1], 1.5, 2.0)
    assert not clearly["passed"] and not clearly["straddles"]


def test_words_say_when_the_interval_is_too_wide_to_judge():
    few = " (too few replicates to judge)"
    values = [0.9, 1.0, 1.1]  # half-width 0.25
    assert verdict(judged(values, 0.5, 2.0)) == "pass"
    assert verdict(judged(values, 0.95, 2.0)) == "pass (at the border)"
    assert verdict(judged(values, 1.05, 2.0)) == "FAIL (at the border)"
    assert verdict(judged(values, 0.91, 1.15)) == "pass" + few
    assert verdict(judged(values, 0.91, 1.17)) == "pass (at the border)"
    assert verdict(judged(values, 1.1, 1.2)) == "FAIL" + few
    assert verdict(judged(values, 1.3, 1.4)) == "FAIL"  # far off, whatever the width
    assert verdict(judged(values, 0.95, math.inf)) == "pass (at the border)"
    assert verdict(judged([1.0, math.nan], 0.5, 2.0)) == "pass" + few  # no interval
    assert verdict(judged([math.nan, math.nan], 0.5, 2.0)) == "not measurable"


def test_end_of_what_is_possible_is_no_border():
    assert not judged([1.0, 1.0, 0.9], 0.5, 1.0)["straddles"]
    assert not judged([0.0, 0.1, math.nan], 0.0, 4.0)["straddles"]
    assert judged([1.0, 1.1, 0.9], 0.5, 1.0)["straddles"]  # it can be beyond


def test_a_border_counts_before_any_replicate_is_beyond_it():
    assert verdict(judged([0.55, 0.6, 0.75], 0.5, 0.9)) == "pass (at the border)"
    assert verdict(judged([0.05, 0.1, 0.3], 0.0, math.inf, sign=True)) == "pass (at the border)"


def test_the_count_says_how_many_verdicts_are_open():
    def line(*facts):
        named = [one.assign_coords(fact=str(place)) for place, one in enumerate(facts)]
        return verdict_line(xr.concat(named, "fact"))

    clear, inside = judged([0.9, 1.0, 1.1], 0.5, 2.0), judged([0.9, 1.0, 1.1], 0.95, 2.0)
    outside, far = judged([0.9, 1.0, 1.1], 1.05, 2.0), judged([0.9, 1.0, 1.1], 1.5, 2.0)
    assert line(clear, far) == "1 of 2 facts within range"
    turn = " (more replicates might turn 1 inside and 1 outside)"
    assert line(clear, inside, outside, far) == f"2 of 4 facts within range{turn}"


def test_replicates_without_a_value_are_left_out():
    some = judged([1.0, math.nan, 2.0], 1.4, 1.6)
    assert float(some["estimate"]) == 1.5 and int(some["replicates_used"]) == 2 and some["passed"]
    seldom = judged([1.0, math.nan, math.nan], 0.5, 1.5)  # a selection, not the model
    assert (
        int(seldom["replicates_used"]) == 0 and math.isnan(float(seldom["estimate"])) and not seldom["passed"]
    )
    mean, low, high, used = intervals(np.array([[math.nan, 3.0], [math.nan, math.nan]]))
    assert mean[0] == 3.0 and math.isnan(low[0]) and math.isnan(high[0]) and math.isnan(mean[1])
    assert used.tolist() == [1, 0]


def test_facts_about_china_are_for_china():
    assert "sme_jobs" in facts_of("china-clusters") and "sme_jobs" not in facts_of("us-states")
    assert all(fact.low < fact.high and fact.source and fact.needs for fact in FACTS.values())
    assert all(name == "tail" or fact.title != FACTS["tail"].title for name, fact in FACTS.items())


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"replicates": 1}, "replicates: found 1; allowed: 2 or more"),
        ({"replicates": 0}, "replicates"),
        ({"periods": 5}, "periods: found 5; allowed: 12 or more"),
        ({"data": "/nonexistent/folder"}, "/nonexistent/folder: is not a folder"),
    ],
)
def test_what_cannot_be_validated_is_refused(config, arguments, words):
    with pytest.raises(ConfigError, match=words):
        tp.validate(config, **arguments)


def test_facts_about_years_are_not_measured_on_quarters(config):
    quarters = config.replace({"time.period_years": 0.25})
    with pytest.raises(ConfigError, match=r"time\.period_years: found 0\.25; allowed: 1 \(facts"):
        tp.validate(quarters, replicates=2)


def test_worlds_that_do_not_fit_are_refused(config, monkeypatch):
    monkeypatch.setattr("technopole.basics.machine.available_memory", lambda: 100_000)
    with pytest.raises(ConfigError, match=r"the validation needs about .* \(1 world at a time × 600 firms\)"):
        tp.validate(config, replicates=2)


def test_folder_is_no_data_of_an_embedded_scenario(config, tmp_path):
    resolved, folder = resolve_validation(config, 2, data=tmp_path)
    assert folder == tmp_path and resolved.data.path == config.data.path


# ---------------------------------------------------------------------------------------------- real series

STATES = ("AL", "AK", "AZ", "AR", "CA")
FIPS = ("01", "02", "04", "05", "06")


def write_table(path, header, rows):
    opened = gzip.open(path, "wt", newline="") if path.suffix == ".gz" else path.open("w", newline="")
    with opened as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Made-up statistics of five states: everything is proportional to the number of the state."""
    here = tmp_path_factory.mktemp("statistics")
    write_table(here / "us_states.csv", ["fips", "abbr"], zip(FIPS, STATES, strict=True))
    rows = [
        [fips, year, 1000 * (j + 1), 9000 * (j + 1), (100 + year - 2010) * (j + 1) + 10 * j, 90 * (j + 1) + 10 * j,
         1000 * (j + 1), 900 * (j + 1)]
        for j, fips in enumerate(FIPS)
        for year in range(2008, 2021)
    ]  # fmt: skip
    columns = ["estab", "emp", "estabs_entry", "estabs_exit", "job_creation", "job_destruction"]
    write_table(here / "bds_state_1978_2020.csv.gz", ["fips", "year", *columns], rows)
    sizes = ["a) 1 to 4", "b) 5 to 9", "c) 10 to 19", "d) 20 to 99", "e) 100 to 499", "f) 500 to 999"]
    rows = [
        [year, size, 1000, 10 * (6 - j) + year - 2010]
        for year in range(2010, 2020)
        for j, size in enumerate(sizes)
    ]
    write_table(
        here / "bds_us_firm_size_1978_2022.csv.gz", ["year", "fsize", "firms", "firmdeath_firms"], rows
    )
    rows = [[fips, year, 1000 * 1.5**j] for j, fips in enumerate(FIPS) for year in range(1929, 2022)]
    write_table(
        here / "us_state_income_population_1929_2021.csv.gz", ["fips", "year", "income_per_capita_usd"], rows
    )
    classes = [
        f"n_{size}"
        for size in ("1-4", "5-9", "10-19", "20-49", "50-99", "100-249", "250-499", "500-999", "1000+")
    ]
    rows = [
        [fips, naics, 100 * (j + 1), *([50 + j] + [10 - j] * 8)]
        for j, fips in enumerate(FIPS)
        for naics in ("111", "321", "336", "999")
    ]
    write_table(here / "us_state_naics3_size_2016.csv.gz", ["fips", "naics", "employment", *classes], rows)
    return here


def test_series_are_matched_to_states_and_sectors(folder):
    order = ["CA", "AL", "AK", "AZ", "AR"]
    real = RealData(folder, order, ["11", "31-33"])
    assert real.kind == "states"
    turnover = real.turnover()
    assert turnover["estab"].shape == (10, 5)
    assert turnover["estab"][0].tolist() == [5000, 1000, 2000, 3000, 4000]
    assert real.income().shape == (70, 5) and real.income()[0, 0] == pytest.approx(1000 * 1.5**4)
    assert real.deaths()["1-4 jobs"].tolist() == [(60 + year) / 1000 for year in range(10)]
    assert real.jobs().tolist()[0] == [500, 1000]  # 321 and 336 are manufacturing, 999 is nothing
    assert real.sizes()[:, 1].tolist() == [150, *[30] * 8]
    assert real.patents() is None and "us_state_patents_2000_2015.csv" in real.missing
    by_code = RealData(folder, list(FIPS), ["11"])
    assert by_code.kind == "states"


def test_rates_have_the_divisor_of_the_model(tmp_path):
    """Of the firms before and after a year the mean, in the data as in `technopole.facts.turnover`."""
    write_table(tmp_path / "us_states.csv", ["fips", "abbr"], zip(FIPS, STATES, strict=True))
    columns = ["estab", "emp", "estabs_entry", "estabs_exit", "job_creation", "job_destruction"]
    # a tenth more each year: 11 enter where 100 were and 110 are
    rows = [
        [fips, year, 100 * size, 900 * size, 11 * size, size, 150 * size, 60 * size]
        for fips in FIPS
        for year in range(2009, 2021)
        for size in [1.1 ** (year - 2010)]
    ]
    write_table(tmp_path / "bds_state_1978_2020.csv.gz", ["fips", "year", *columns], rows)
    series = series_of(RealData(tmp_path, list(STATES), ["11"]))
    assert (series["data_entry"].low, series["data_entry"].high) == pytest.approx((0.1152381, 0.1152381))
    assert series["data_job_creation"].high == pytest.approx(150 / (900 * (1 + 1 / 1.1) / 2))


def test_ranges_come_from_the_data(folder):
    series = series_of(RealData(folder, list(STATES), ["11", "31-33"]))
    entry = series["data_entry"]
    assert (entry.low, entry.high) == pytest.approx((1600 / 15000, 1735 / 15000))
    assert entry.statistic({"entry_by_year": np.array([0.1, 0.2])}) == pytest.approx(0.15)
    income = series["data_income"]
    assert income.low == pytest.approx(np.log(1.5) * np.arange(5).std()) == income.high
    assert income.statistic({"income": 1.5 ** np.arange(5)[None]}) == pytest.approx(income.low)
    where = series["data_exit_where"]
    real = np.array([90 * (j + 1) + 10 * j for j in range(5)]) / (1000 * np.arange(1, 6))
    assert where.statistic({"exit_by_region": real}) == pytest.approx(1.0)
    assert where.statistic({"exit_by_region": -real}) == pytest.approx(-1.0)
    death = series["data_death_20-99"]
    assert (death.low, death.high) == pytest.approx((0.03, 0.039))
    tables = {"hazard_by_size": np.arange(9) / 100, "size_share": np.array([0, 0, 0, 3, 1, 0, 0, 0, 0])}
    assert death.statistic(tables) == pytest.approx(0.0325)
    size = series["data_size_1-4"]
    assert (size.low, size.high) == pytest.approx((50 / 130, 54 / 102))


def test_other_places_have_no_series(folder, config):
    real = RealData(folder, ["r0", "r1"], ["s0"])
    assert real.kind == "" and series_of(real) == {}
    found = tp.validate(config, replicates=2, data=folder)
    assert set(found["group"].values) == {"model"} and found.attrs["data"] == "about other regions"


def test_comparison_with_series(folder):
    """Regions named after states: rows of the group data, and the real sizes for the picture."""
    content = economy(5, 2, 60)
    for row, name in zip(content["regions"], STATES, strict=True):
        row["id"] = name
    for row in content["cells"]:
        row["region"] = STATES[int(row["region"][1:])]
    for old, new in (("s0", "11"), ("s1", "31-33")):
        for row in content["sectors"]:
            row["id"] = new if row["id"] == old else row["id"]
        for row in content["cells"]:
            row["sector"] = new if row["sector"] == old else row["sector"]
    found = tp.validate(Config.from_dict({**content, **SMALL}), replicates=2, data=folder)
    data = found.isel(fact=np.flatnonzero(found["group"].values == "data"))
    assert {"data_entry", "data_income", "data_size_1-4", "data_death_1-4"} <= set(data["fact"].values)
    assert found["size_share_real"].values.sum() == pytest.approx(1.0)
    assert int(data.sel(fact="data_entry")["replicates_used"]) == 2
    assert set(data["origin"].values) == {"data"} and found.attrs["data"] == "states"


def test_damaged_series_are_told(folder, tmp_path):
    write_table(tmp_path / "us_states.csv", ["fips", "abbr"], zip(FIPS, STATES, strict=True))
    (tmp_path / "bds_state_1978_2020.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(DataError, match="bds_state_1978_2020.csv.gz"):
        series_of(RealData(tmp_path, list(STATES), ["11"]))


def test_correlation_beyond_chance():
    for count in (4, 10, 51):
        least = least_correlation(count)
        t = least * math.sqrt((count - 2) / (1 - least**2))
        assert t == pytest.approx(stats.t.ppf(0.975, count - 2), rel=1e-3)
    assert least_correlation(3) == 1.0


def test_bootstrap_of_a_mean():
    sample = np.random.default_rng(12).normal(5.0, 2.0, 400)
    low, high = bootstrap(np.mean, sample)
    assert (low, high) == bootstrap(np.mean, sample)
    half = 1.96 * sample.std() / math.sqrt(400)
    assert low == pytest.approx(sample.mean() - half, abs=0.03) and high == pytest.approx(
        sample.mean() + half, abs=0.03
    )
    assert weighted_sd(np.array([1.0, 3.0, np.nan]), np.array([3.0, 1.0, 9.0])) == pytest.approx(
        math.sqrt(0.75)
    )


def test_statistic_of_a_series_may_be_unknown():
    config = Config.from_dict(economy(1, 1, 5))
    series = {"data_x": Series("x", 0.0, 1.0, "me", "1", lambda tables: math.nan)}
    curves = {"size_share": np.zeros(9), "growth_density": np.zeros(60), "hazard_by_age": np.zeros(AGES),
              "hazard_by_size": np.zeros(9)}  # fmt: skip
    found = make_dataset(config, {}, series, [Measured({}, curves)] * 2)
    assert not found["passed"].item() and found["replicates_used"].item() == 0


def test_real_states_are_found(data_folder):
    """The statistics of record: entry and exit of states go together, 0.94; a tenth of establishments is new."""
    tables = make_blueprint(Config.from_toml(STATES_FILE)).tables
    real = RealData(data_folder, list(tables.region_ids), list(tables.sector_ids))
    series = series_of(real)
    assert real.kind == "states" and real.missing == []
    assert len(series) == 32
    assert series["data_entry_exit"].low < 0.95 < series["data_entry_exit"].high
    assert 0.08 < series["data_entry"].low < series["data_entry"].high < 0.12
    assert np.nansum(real.jobs()) == pytest.approx(1.25e8, rel=0.05)
    assert np.isfinite(real.innovators_by_sector()).sum() >= 15
