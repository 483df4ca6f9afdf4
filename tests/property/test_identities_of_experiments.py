"""Numbers in the store of an experiment, recomputed from its cells, replicates and firms in plain xarray and pandas.

| what must hold | test |
|---|---|
| a coarser level is what its rule makes of the cells | test_levels_are_made_of_cells |
| statistics are those of the replicates, intervals Student's | test_statistics_are_those_of_the_replicates |
| outcomes are what their definitions make of the trajectories | test_outcomes_are_made_of_trajectories |
| differences, effects and gains are those of the paired replicates | test_contrasts_are_paired |
| firm tables are the firms that cells count, with their ages | test_firm_tables_are_the_firms_of_the_cells |
"""

import numpy as np
import pytest

import technopole as tp
from sweeping import content
from technopole.schema import RECORDS
from technopole.sweeps.sweep import Sweep

pytest.importorskip("scipy")
REPLICATES, PERIODS, STRIDE, CONFIDENCE = 6, 12, 2, 0.9
FACTORS = ("feedback.cluster_to_ris", "learning.technology")
OUTCOMES = {
    "grown": {"variable": "productivity", "over": "growth", "periods": 6},
    "jobs_grown": {"variable": "employment", "over": "growth", "periods": 6, "region": "valley"},
    "entering": {"variable": "entry_rate", "over": "mean", "periods": 5},
    "leaving": {"variable": "exit_rate", "over": "mean", "periods": 5, "region": "valley"},
    "new_food": {"variable": "innovation_rate", "over": "mean", "periods": 5, "sector": "food"},
    "research": {"variable": "research_intensity"},
    "crowded": {"variable": "geographic_concentration"},
    "special": {"variable": "specialisation"},
    "software": {"variable": "firms", "region": "harbour", "sector": "software"},
}
BY_FIRMS = ("organisation", "technology", "sourcing", "quality")
BY_PEOPLE = ("wage", "trust", "infrastructure", "university", "services", "finance", "research_lag")


def stored(path, level, outcomes=None, variables=None, statistics=("mean",)):
    sweep = content(
        experiment={"replicates": REPLICATES, "periods": PERIODS, "seed": 3},
        set={"time.period_years": 0.5, "market.rule": "replicator", "sharing.rule": "serial"},
        design={"kind": "grid", "parameters": {FACTORS[0]: [0.0, 1.0], FACTORS[1]: [0.0, 0.2]}},
        output={
            "variables": variables or [name for name in RECORDS if name != "size_distribution"],
            "level": level,
            "stride": STRIDE,
            "statistics": list(statistics),
            "confidence": CONFIDENCE,
            "raw": True,
        },
        outcomes=outcomes or {"firms_left": {"variable": "firms"}},
        contrasts={"factorial": True},
    )
    store = path / f"{level}.zarr"
    tp.experiment(Sweep.from_dict(sweep), to=store, workers=1)
    return tp.open(store).load()


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    return stored(tmp_path_factory.mktemp("cells"), "cell", OUTCOMES)


def operating(ds):
    return ds.firms - ds.spinoffs - ds.startups + ds.exits


def weighted(values, weights, dims):
    """Mean over places that have a weight; NaN where none has."""
    weights = weights.where(weights > 0)
    return (values * weights).sum(dims) / weights.sum(dims, min_count=1)


def agree(found, expected, close=1e-10):
    np.testing.assert_allclose(found.transpose(*expected.dims), expected, rtol=close, atol=close)


@pytest.mark.parametrize("level, lost", [("economy", ["region", "sector"]), ("region", ["sector"])])
def test_levels_are_made_of_cells(cells, tmp_path, level, lost):
    ds = stored(tmp_path, level)
    there = operating(cells)
    for name, row in RECORDS.items():
        if row.level != "cell":
            continue
        if name in BY_FIRMS:
            expected = weighted(cells[name], there, lost)
        elif name in ("productivity", "price"):
            expected = weighted(cells[name], cells.sales, lost)
        elif name == "reputation":
            expected = weighted(cells[name], cells.employment, lost)
        else:
            expected = cells[name].sum(lost)
        agree(ds[name], expected)
    by_sector = there.sum("region")
    agree(ds.concentration, weighted(cells.concentration, cells.sales.sum("region"), "sector"))
    agree(ds.productivity_sd, weighted(cells.productivity_sd**2, by_sector, "sector") ** 0.5)
    if level == "region":
        return
    for name in BY_PEOPLE:
        agree(ds[name], weighted(cells[name], cells.workforce, "region"))
    for name in ("contact", "tied_share"):
        agree(ds[name], weighted(cells[name], there.sum("sector"), "region"))


def test_statistics_are_those_of_the_replicates(tmp_path):
    from scipy import stats

    names = ["technology", "employment", "wage", "firms"]
    kinds = ("mean", "sd", "se", "interval", "n", "quantiles")
    cells = stored(tmp_path, "cell", variables=names, statistics=kinds)
    for name in names:
        values = cells[name].astype(float)
        n = values.count("replicate")
        mean, sd = values.mean("replicate"), values.std("replicate", ddof=1).where(n > 1)
        se = sd / n**0.5
        half = stats.t.ppf(0.5 + CONFIDENCE / 2.0, np.maximum(n - 1, 1)) * se
        parts = {"mean": mean, "std": sd, "se": se, "low": mean - half, "high": mean + half}
        for part, expected in parts.items():
            agree(cells[f"{name}_{part}"], expected, 1e-9)
        np.testing.assert_array_equal(cells[f"{name}_n"].transpose(*n.dims), n)
        levels = cells["quantile"].values
        agree(cells[f"{name}_quantile"], values.quantile(levels, "replicate").drop_vars("quantile"), 1e-9)


def test_outcomes_are_made_of_trajectories(cells):
    places = ["region", "sector"]
    number = cells.time.values
    last = cells.isel(time=-1)
    there = operating(cells)
    recent = number > PERIODS - 5
    level = weighted(cells.productivity, cells.sales, places)
    jobs = cells.employment.sum("sector").sel(region="valley")
    rates = {
        "entering": (cells.spinoffs + cells.startups).sum(places) / there.sum(places),
        "leaving": (cells.exits.sum("sector") / there.sum("sector")).sel(region="valley"),
        "new_food": (cells.innovations.sum("region") / there.sum("region")).sel(sector="food"),
    }
    for name, rate in rates.items():
        agree(cells[name], rate.isel(time=recent).mean("time"))
    agree(cells.grown, (level.isel(time=-1) - level.sel(time=PERIODS - 6)) / 6.0)
    agree(cells.jobs_grown, np.log(jobs.isel(time=-1) / jobs.sel(time=PERIODS - 6)) / 6.0)
    agree(cells.research, last.research_spending.sum(places) / last.sales.sum(places))
    agree(cells.software, last.firms.sel(region="harbour", sector="software"))
    regions, total = last.employment.sum("sector"), last.employment.sum(places)
    agree(cells.crowded, ((regions / total) ** 2).sum("region"))
    apart = abs(last.employment / regions - last.employment.sum("region") / total).sum("sector")
    agree(cells.special, (regions / total * apart).sum("region"))
    assert cells.entering.attrs["units"] == "1" and cells.grown.attrs["units"] == "period-1"


def test_contrasts_are_paired(cells):
    from scipy import stats

    found = tp.compare(cells, "grown", {FACTORS[0]: 0.0, FACTORS[1]: 0.0}).isel(outcome=0)
    place = dict(
        zip(zip(*(cells[key].values for key in FACTORS), strict=True), cells.grown.values, strict=True)
    )
    none, tech, loop, both = (place[key] for key in ((0.0, 0.0), (0.0, 0.2), (1.0, 0.0), (1.0, 0.2)))
    quantile = stats.t.ppf(0.975, REPLICATES - 1)
    effects = {
        FACTORS[0]: (0.5 * (loop - none + both - tech), 0.25),
        FACTORS[1]: (0.5 * (tech - none + both - loop), 0.25),
        " × ".join(FACTORS): (both - tech - loop + none, 1.0),
    }
    spread = sum(values.var(ddof=1) for values in place.values())
    for name, (values, weight) in effects.items():
        at = found["effect_of"].values.tolist().index(name)
        one = found.isel(effect=at)
        half = quantile * values.std(ddof=1) / REPLICATES**0.5
        assert float(one["effect"]) == pytest.approx(values.mean(), rel=1e-9)
        assert float(one["effect_low"]) == pytest.approx(values.mean() - half, rel=1e-9)
        gain = weight * spread / values.var(ddof=1)
        assert float(one["effect_variance_reduction"]) == pytest.approx(gain, rel=1e-6)
    for at, key in enumerate(place):
        one, values = found.isel(contrast=0, point=at), place[key] - none
        assert float(one["difference"]) == pytest.approx(values.mean(), rel=1e-9, abs=1e-15)
        if at:
            gain = (place[key].var(ddof=1) + none.var(ddof=1)) / values.var(ddof=1)
            assert float(one["difference_variance_reduction"]) == pytest.approx(gain, rel=1e-6)


def test_firm_tables_are_the_firms_of_the_cells(tmp_path):
    sweep = content(
        experiment={"replicates": 2, "periods": 12},
        design={"kind": "grid", "parameters": {"learning.technology": [0.0, 0.2]}},
        output={
            "variables": ["identity", "age", "share", "firms", "spinoffs", "startups"],
            "level": "firm",
            "stride": 3,
            "raw": True,
        },
    )
    tp.experiment(Sweep.from_dict(sweep), to=tmp_path / "firms.zarr", workers=1)
    ds = tp.open(tmp_path / "firms.zarr").load()
    table = tp.open_firms(tmp_path / "firms.zarr").to_dataframe()
    world, cell = ["point", "replicate", "time"], ["point", "replicate", "time", "region", "sector"]
    for firms, counts in ((table, ds.firms), (table[table.age == 0], ds.spinoffs + ds.startups)):
        expected = counts.to_series()
        found = firms.groupby(cell).size().reindex(expected.index, fill_value=0)
        np.testing.assert_array_equal(found, expected)
        assert len(firms) == expected.sum()
    assert not table.duplicated([*world, "identity"]).any()
    sums = table.groupby([*world, "sector"])["share"].sum()
    np.testing.assert_allclose(sums, 1.0, rtol=1e-12)
    ages = table.set_index([*world, "identity"])["age"]
    for first in (3, 6, 9):
        later = ages.xs(first + 3, level="time")
        later = later[later >= 3]
        np.testing.assert_array_equal(later - 3, ages.xs(first, level="time").reindex(later.index))
