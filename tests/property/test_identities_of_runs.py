"""Numbers in the file of a run that are tied to each other, recomputed in plain NumPy from nothing but the file.

| what must hold | test |
|---|---|
| entry less exit is the change of firms; parts are no more than the whole | test_firms_are_counted_once |
| firms by size are those that operate; sales of a sector are its market | test_totals_are_those_of_their_parts |
| wages are what employment costs at the wage of the start; prices are cost and mark-up | test_money |
| workforce, wages and trust move by their laws, shocks and subsidies in the periods that they name | test_regions |
| the table at the end says what the file holds, per year whatever a period is | test_table_at_the_end |
"""

import numpy as np
import pytest
import xarray as xr

import technopole as tp
from technopole.files.write import write
from technopole.results.summary import summarise
from technopole.schema import RECORDS

REPLICATES, PERIODS = 3, 14
POLICIES = [
    {"instrument": "rd_subsidy", "value": 0.5, "start": 4, "end": 9, "regions": ["harbour"]},
    {"instrument": "wage_shock", "value": 0.1, "start": 6, "end": 7},
    {"instrument": "demand_shock", "value": -0.2, "start": 10, "end": 11, "sectors": ["food"]},
    {"instrument": "entry_support", "value": 1.0, "start": 2},
]
SETTINGS = {
    "as configured": {},
    "equal, replicator, barter, quarters": {
        "sharing.rule": "equal",
        "market.rule": "replicator",
        "learning.rule": "barter",
        "time.period_years": 0.25,
    },
    "serial by sales, mean field, float32": {
        "sharing.rule": "serial",
        "sharing.need": "sales",
        "learning.rule": "mean_field",
        "run.precision": "float32",
    },
}
PLACES = ["region", "sector"]


class Published:
    """What a file holds, and the state that its configuration starts from."""

    def __init__(self, config, path):
        write(tp.run(config), path)
        engine = "zarr" if path.suffix == ".zarr" else "h5netcdf"
        with xr.open_dataset(path, engine=engine) as ds:
            self.ds = ds.load()
        worlds = [tp.Model(config, replicate=replicate) for replicate in range(REPLICATES)]
        shape = len(self.ds.region), len(self.ds.sector)
        self.start = {
            "firms": np.stack([np.diff(world["offsets"]).reshape(shape) for world in worlds]),
            **{
                name: np.stack([np.array(world[name]) for world in worlds])
                for name in ("wage", "workforce", "trust", "market")
            },
        }
        self.config = config
        self.close = 1e-6 if config.run.precision == "float32" else 1e-12

    def __getattr__(self, name):
        return self.ds[name].values

    def before(self, name):
        """Values at the start of each period."""
        return np.concatenate([self.start[name][:, None], self.ds[name].values[:, :-1]], axis=1)

    @property
    def operating(self):
        return self.firms - self.spinoffs - self.startups + self.exits

    def same(self, found, expected, close=None):
        np.testing.assert_allclose(found, expected, rtol=close or self.close, atol=close or self.close)


@pytest.fixture(scope="module", params=SETTINGS)
def run(request, two_regions, tmp_path_factory):
    changes = {"output.variables": list(RECORDS), "policies": POLICIES, "run.replicates": REPLICATES}
    plain = tp.Config.from_toml(two_regions, {"time.periods": PERIODS})
    config = plain.replace({**changes, **SETTINGS[request.param]})
    suffix = ".nc" if "quarters" in request.param else ".zarr"
    return Published(config, tmp_path_factory.mktemp("published") / f"run{suffix}")


def test_firms_are_counted_once(run):
    np.testing.assert_array_equal(run.operating, run.before("firms"))
    for part, whole in (
        (run.exits, run.operating),
        (run.small_firms, run.operating),
        (run.innovations, run.operating),
        (run.patents, run.innovations),
        (run.small_innovations, run.innovations),
        (run.small_innovations, run.small_firms),
    ):
        assert (part >= 0).all() and (part <= whole).all()
    for name in ("organisation", "technology", "sourcing", "quality", "productivity", "price"):
        np.testing.assert_array_equal(np.isnan(getattr(run, name)), run.operating == 0)


def test_totals_are_those_of_their_parts(run):
    np.testing.assert_array_equal(run.size_distribution.sum(axis=-1), run.operating.sum(axis=(2, 3)))
    some = run.operating.sum(axis=2) > 0
    run.same(run.sales.sum(axis=2)[some], run.market[some])
    run.same(run.labour_demand, run.employment.sum(axis=3))
    assert (run.concentration[some] * run.operating.sum(axis=2)[some] >= 1.0 - 1e-6).all()


def test_money(run):
    parameters = run.config
    sectors = parameters.market
    share, markup = sectors.labour_share, sectors.markup
    wage = run.before("wage")[..., None]
    run.same(run.employment * wage, share / (1.0 + markup) * run.sales)
    cost = run.sales / (1.0 + markup)
    extra = run.overhead + run.transaction_cost
    if parameters.sharing.rule == "proportional":  # all firms of a cell have one overhead rate
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = np.log1p(extra / (cost - extra))
        material = (1.0 - share) * np.log(parameters.market.material_price)
        run.same(run.price, np.log1p(markup) + share * np.log(wage) + material - run.productivity + rate)
    profit = markup * cost - run.own_research
    tax = parameters.accounts.tax
    # losses are not taxed: the firms of a cell pay at least what it would pay as one
    assert (run.tax >= tax * np.maximum(profit, 0.0) - run.close * run.sales).all()
    assert (run.tax <= tax * markup * cost * (1.0 + run.close)).all()


def test_regions(run):
    labour, trust = run.config.labour, run.config.trust
    number = run.ds.time.values
    run.same(run.net_migration.sum(axis=2), 0.0 * run.net_migration.sum(axis=2), 1e-9)
    run.same(run.workforce, (run.before("workforce") + run.net_migration) * (1.0 + labour.growth))
    pull = labour.wage_response * (run.labour_demand / run.before("workforce") - 0.95)
    shock = np.where(number == 7, 1.1, 1.0)[:, None]  # periods count from 0 in policies, from 1 here
    wage = run.before("wage") * np.exp(np.clip(pull, -labour.wage_cap, labour.wage_cap)) * shock
    run.same(run.wage, wage)
    before, there = run.before("trust"), run.operating.sum(axis=3) > 0
    run.same(run.trust, before + trust.rise * run.contact * (1.0 - before) * there - trust.decay * before)
    science = run.config.science
    leaving = science.exit_probability * (1.0 + science.tie_speed * run.tied_share)
    run.same(run.research_lag, 3.0 / np.minimum(leaving, 1.0))
    subsidy = (
        0.5 * ((number > 4) & (number <= 9))[:, None, None] * (run.ds.region == "harbour").values[:, None]
    )
    run.same(run.research_spending, run.own_research * (1.0 + subsidy))
    growth = np.where(
        run.ds.high_tech, run.config.market.demand_growth_high_tech, run.config.market.demand_growth
    )
    fall = np.where((number == 11)[:, None] & (run.ds.sector == "food").values, 0.8, 1.0)
    run.same(run.market, run.before("market") * (1.0 + growth) * fall)


@pytest.mark.parametrize("stride", [1, 3])
def test_table_at_the_end(run, stride):
    ds = run.ds.isel(time=slice(stride - 1, None, stride))
    years = run.config.time.period_years
    total = ds[["firms", "employment", "sales", "exits", "spinoffs", "startups", "innovations"]].sum(PLACES)
    span = float(ds.time[-1] - ds.time[0]) * years
    level = (ds.sales * ds.productivity).sum(PLACES) / total.sales
    last = total.isel(time=slice(-10, None)).sum("time")
    operating = last.firms - last.spinoffs - last.startups + last.exits
    expected = {
        "firms": total.firms[:, -1],
        "employment": total.employment[:, -1],
        "growth of sales": 100.0 * ((total.sales[:, -1] / total.sales[:, 0]) ** (1.0 / span) - 1.0),
        "growth of productivity": 100.0 * (np.exp((level[:, -1] - level[:, 0]) / span) - 1.0),
        "entry": 100.0 * (last.spinoffs + last.startups) / operating / years,
        "exit": 100.0 * last.exits / operating / years,
        "innovations": 100.0 * last.innovations / operating / years,
    }
    rows = {row.name: row for row in summarise(ds)}
    for name, values in expected.items():
        found = rows[name]
        assert found.mean == pytest.approx(float(values.mean()), rel=1e-9), name
        # 4.30265 is the 97.5 % quantile of Student's t with 2 degrees of freedom
        half = 4.30265 * float(values.std(ddof=1)) / np.sqrt(REPLICATES)
        assert found.half == pytest.approx(half, rel=1e-5, abs=1e-9 * abs(found.mean)), name
