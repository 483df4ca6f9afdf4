"""The claims on small economies: the same bits for any number of threads, arms that are what they say, labels."""

import numpy as np
import pytest
import xarray as xr

import technopole as tp
from technopole.claim_tests.design import (
    CLAIMS,
    FEEDBACK,
    MECHANISMS,
    NO_HIGH_TECH,
    REST,
    ROWS,
    SWITCHES,
    select,
)
from technopole.claim_tests.interventions import (
    PUSHED,
    Middle,
    Series,
    branch,
    open_gap,
    push,
    pushed_regions,
)
from technopole.claim_tests.measure import Cohorts, productivity_growth
from technopole.claim_tests.results import ARMS
from technopole.claim_tests.text import tables
from technopole.claim_tests.units import RESPONSES, Study, Unit
from technopole.claim_tests.world import Bench, Walk, switched
from technopole.config.config import Config
from technopole.errors import ConfigError, NotFiniteError
from technopole.world.build import make_blueprint
from worlds import economy

PERIODS = 15
ALIVE = {
    "innovation": {"rate": 0.4, "rate_high_tech": 0.5},
    "learning": {"contact": 0.8},
    "science": {"tie_rate": 0.3},
    "sme": {"size": 25.0},
}
"""Much happens to few firms in a short time."""


def small(**sections):
    content = economy(5, 4, np.array([14, 9, 20, 12, 30])[:, None], spacing=150.0)
    content |= {"time": {"periods": PERIODS}, "run": {"seed": 11}, "output": {"variables": ["sales"]}}
    for name in {**ALIVE, **sections}:
        content[name] = {**content.get(name, {}), **ALIVE.get(name, {}), **sections.get(name, {})}
    return Config.from_dict(content)


@pytest.fixture(scope="module")
def results():
    return tp.claims(small(), replicates=3, threads=1, over="learning.contact=0:0.8:2", map_replicates=2)


def test_same_bits_for_any_number_of_threads(results):
    other = tp.claims(small(), replicates=3, threads=2, over="learning.contact=0:0.8:2", map_replicates=2)
    assert set(other.data_vars) == set(results.data_vars)
    for name, values in results.data_vars.items():
        there = other[name].values
        same = (
            values.values.tolist() == there.tolist()
            if values.dtype == object
            else values.values.tobytes() == there.tobytes()
        )
        assert same, name


def test_a_replicate_is_the_same_among_others(results):
    alone = tp.claims(small(), replicates=2, only="C1,C2,C5,C12", attribution_replicates=0)
    there = results["effect"].sel(claim=alone["claim"].values).isel(replicate=slice(2))
    assert alone["effect"].values.tobytes() == there.values.tobytes()


def test_labels(results):
    assert results.attrs["kind"] == "claims" and results.attrs["replicates"] == 3
    assert results.attrs["over"] == "learning.contact" and results.attrs["seed"] == 11
    assert Config.from_dict(__import__("tomllib").loads(results.attrs["config"])).run.replicates == 3
    assert results["claim"].values.tolist() == [row.id for row in ROWS]
    assert results["effect"].dims == ("claim", "replicate")
    for name in ("estimate", "low", "high", "share_with_sign", "replicates_used", "verdict"):
        assert results[name].dims == ("claim",)
    for name in ("title", "mechanism", "outcome", "unit", "expected_sign", "primary"):
        assert results[name].dims == ("claim",)
    assert results["claim"].values[results["primary"].values].tolist() == list(CLAIMS)
    assert results["feedback_mean"].dims == ("response", "arm") and results["arm"].values.tolist() == list(
        ARMS
    )
    assert results["feedback_effect"].dims == ("response", "part", "replicate")
    assert results.sizes["response"] == len(RESPONSES)
    assert results["impulse"].dims == ("shock", "response_of", "horizon")
    assert results["coupling"].dims == ("time",) and results.sizes["time"] == PERIODS
    assert set(results["coupling_grade"].values.tolist()) <= set(range(1, 11))
    assert results["attribution"].dims == ("mechanism_group",)
    assert results["map_verdict"].dims == ("claim", "value") and results["value"].values.tolist() == [
        0.0,
        0.8,
    ]
    for name, values in results.variables.items():
        assert name == "replicate" or values.attrs["long_name"], name
        assert name in results.coords or values.attrs["units"], name


def test_statistics_are_those_of_the_effects(results):
    effect = results["effect"]
    assert results["estimate"].values == pytest.approx(effect.mean("replicate").values, nan_ok=True)
    assert (results["low"] <= results["high"]).values[results["replicates_used"].values > 1].all()
    assert results["replicates_used"].values.tolist() == effect.notnull().sum("replicate").values.tolist()
    both = results["with_mechanism"] - results["without_mechanism"]
    assert both.values == pytest.approx(results["estimate"].values, nan_ok=True)


def test_results_can_be_written_and_read(results, tmp_path):
    for file, read in (
        ("a.zarr", xr.open_zarr),
        ("a.nc", lambda path: xr.open_dataset(path, engine="h5netcdf")),
    ):
        tp.write(results, tmp_path / file)
        with read(tmp_path / file) as there:
            assert there["verdict"].values.tolist() == results["verdict"].values.tolist()
            assert there["effect"].values.tobytes() == results["effect"].values.tobytes()
            assert there.attrs["kind"] == "claims"


def test_attribution_sums_to_growth(results):
    names = results["mechanism_group"].values.tolist()
    assert names == [*MECHANISMS, REST]
    study = Study(make_blueprint(small()), select("attribution"), 3, 3)
    bench = Bench(study.blueprint, PERIODS, np.zeros(1, np.int64))
    growth = []
    for replicate in range(3):
        walk = Walk(bench, study.blueprint, 11, replicate)
        walk.start()
        growth.append(100.0 * productivity_growth(Cohorts(walk, ()).sight()))
    assert float(results["attribution"].sum()) == pytest.approx(np.mean(growth))


def test_response_begins_at_0(results):
    assert (results["impulse"].isel(horizon=0) == 0.0).all()
    own = results["impulse"].sel(shock="RIS", response_of="RIS")
    assert (own.isel(horizon=slice(1, 6)) > 0.0).all()


# --------------------------------------------------------------------------------------------------- A/A tests


@pytest.mark.parametrize(
    ("claim", "off"),
    [
        ("C1", {"learning": {"organisation": 0.0, "technology": 0.0, "sourcing": 0.0}}),
        ("C2", {"learning": {"contact": 0.0}, "spillover": {"rate": 0.0}}),
        ("C3", {"sharing": {"cost": 0.0, "congestion": 0.0}}),
        (
            "C4",
            {
                "agglomeration": {"localisation": 0.0, "urbanisation": 0.0, "diversity": 0.0},
                "sharing": {"scale_exponent": 1.0},
            },
        ),
        ("C5", {"science": {"rate": 0.0}}),
        ("C6", {"entry": {"relatedness": 0.0, "herding": 0.0}}),
        ("C8", {"transaction": {"trust": 0.0, "services": 0.0}}),
        ("C9", {"reputation": {"weight": 0.0}}),
        ("C10", {"mobility": {"trust": 0.0, "reputation": 0.0}}),
        ("C11", {"upgrading": {"rate": 0.0}}),
        ("C12", {"sme": {"pooling": 0.0}, "finance": {"credit_index": 0.0}}),
        ("feedback", {"feedback": {"cluster_to_ris": 0.0, "ris_to_cluster": 0.0}}),
    ],
)
def test_switching_off_what_is_off_has_no_effect_at_all(claim, off):
    found = tp.claims(small(**off), replicates=2, only=claim, attribution_replicates=0)
    effect = found["feedback_effect" if claim == "feedback" else "effect"].values
    measured = effect[np.isfinite(effect)]
    assert measured.size and (measured == 0.0).all()
    if "verdict" in found:
        assert not {"supported", "contradicted"} & set(found["verdict"].values.tolist())


def test_high_tech_sectors_that_do_not_innovate_add_nothing():
    """C7 compares a share with a share of sales: without the mechanism the first is 0, not their difference."""
    found = tp.claims(
        small(innovation={"rate_high_tech": 0.0}), replicates=2, only="C7", attribution_replicates=0
    ).sel(claim=["C7", "C7.quality"])
    assert (found["with_mechanism"] == 0.0).all() and (found["without_mechanism"] > 0.0).all()
    assert found["verdict"].values.tolist() == ["contradicted"] * 2


def test_small_firms_as_radical_as_others_grow_as_they_do():
    """C7.radical is the excess of C7.small, and 0 where the mechanism is off."""
    off = tp.claims(small(sme={"radical": 1.0}), replicates=2, only="C7", attribution_replicates=0)
    assert (off["effect"].sel(claim="C7.radical") == 0.0).all()
    on = tp.claims(small(sme={"radical": 5.0}), replicates=2, only="C7", attribution_replicates=0)
    assert (on["effect"].sel(claim="C7.radical") != 0.0).all()
    for found in (off, on):
        excess = found["effect"].sel(claim="C7.small").mean()
        assert float(found["with_mechanism"].sel(claim="C7.radical")) == pytest.approx(float(excess))


def test_the_arm_of_c12_keeps_what_small_firms_are():
    """Neither their handicap with banks nor their radical innovations are support by the RIS (docs/CLAIMS.md)."""
    assert set(SWITCHES["no_small_firm_support"]) == {"sme.pooling", "finance.credit_index"}
    assert set(SWITCHES["no_small_firm_radical"]) == {"sme.radical"}


# ---------------------------------------------------------------------------------------------- claims can fail


def test_where_congestion_outweighs_sharing_c3_is_contradicted():
    """Without economies of scale, and with crowding, facilities cost more where there are many."""
    config = small(sharing={"scale_exponent": 1.0, "congestion": 0.2, "congestion_exponent": 1.0})
    found = tp.claims(config, replicates=4, only="C3")
    assert found["verdict"].values.tolist() == ["contradicted"] * 2
    assert (found["share_with_sign"] == 0.0).all()


def test_where_only_sharing_counts_c3_is_supported():
    found = tp.claims(small(sharing={"scale_exponent": 0.7, "congestion": 0.0}), replicates=4, only="C3")
    assert found["verdict"].values.tolist() == ["supported"] * 2


def test_institutions_that_are_everywhere_the_same_make_nothing_cheaper_in_clusters():
    same = {"feedback": {"ris_to_cluster": 0.0}, "trust": {"rise": 0.0, "decay": 0.0}}
    found = tp.claims(small(**same), replicates=4, only="C8")
    assert found["verdict"].sel(claim="C8").item() == "no effect at this precision"


# -------------------------------------------------------------------------------------- arms are what they say


@pytest.fixture
def bench():
    return Bench(make_blueprint(small()), PERIODS, np.zeros(1, np.int64))


def test_the_arm_as_configured_is_an_ordinary_run(bench):
    config = small(output={"variables": ["sales", "productivity", "firms", "wage", "net_migration"]})
    run = tp.run(config, replicates=2)
    walk = Walk(bench, make_blueprint(config), 11, 1)
    walk.start()
    Cohorts(walk, ("survival", "decade")).sight()
    for name in ("sales", "productivity", "firms"):
        assert np.array_equal(bench.cells(name), run[name].values[1], equal_nan=True)
    for name in ("wage", "net_migration"):
        assert np.array_equal(bench.regions(name), run[name].values[1])


def test_firms_that_are_followed_are_the_same_firms(bench):
    walk = Walk(bench, make_blueprint(small()), 11, 0)
    walk.start()
    walk.go(4)
    before = walk.view("identity").copy()
    walk.follow("all")
    walk.go(PERIODS)
    origin, now = walk.origins["all"], walk.view("identity")
    stayed = origin >= 0
    assert 0 < stayed.sum() < before.size
    assert (before[origin[stayed]] == now[stayed]).all()
    assert not np.isin(now[~stayed], before).any()


def test_no_innovation_in_high_tech_sectors(bench):
    study = Study(make_blueprint(small()), select("C7"), 1, 0)
    for silent, name in ((np.array([False, True] * 2), "arm"), (np.ones(4, bool), "all")):
        walk = Walk(bench, switched(study.blueprint, {}, silent), 11, 0)
        walk.start()
        walk.go(PERIODS)
        made = bench.cells("innovations").sum(axis=(0, 1))
        assert (made[silent] == 0).all() and (made[~silent] > 0).all(), name
    assert study.compute(Unit("arm", NO_HIGH_TECH, 0, PERIODS), bench)["off"].keys() == {"C7", "C7.quality"}
    assert study.blueprint.constants.sectors.all(axis=1).any()  # the blueprint itself is as it was


def test_what_begins_in_the_middle_goes_on_as_it_was(bench):
    blueprint = make_blueprint(small())
    walk = Walk(bench, blueprint, 11, 0)
    walk.start()
    walk.go(5)
    middle = Middle.of(walk)
    control = Series(walk, middle)
    walk.go(PERIODS, control.watch)
    again = branch(bench, blueprint, 11, 0, middle)
    same = Series(again, middle)
    again.go(PERIODS, same.watch)
    assert np.array(same.knowledge).tobytes() == np.array(control.knowledge).tobytes()
    assert np.array(same.technology).tobytes() == np.array(control.technology).tobytes()
    behind = branch(bench, blueprint, 11, 0, middle)
    open_gap(behind, middle)
    gap = Series(behind, middle).gap()[0] - control.gap()[0]
    assert gap == pytest.approx(0.1) and 0.3 < middle.behind.mean() < 0.7


def test_a_push_adds_to_the_policies(bench):
    policies = [
        {"instrument": "university", "value": 0.2},
        {"instrument": "rd_subsidy", "value": 0.1, "start": 0, "end": 3},
    ]
    content = small().to_dict() | {"policies": policies}
    policy = make_blueprint(Config.from_dict(content)).policy
    pushed = push(policy, "RIS", 5, PERIODS, (5, 4))
    university = pushed.regions[1]
    assert university[4].tolist() == [0.2] * 5 and university[5 + PUSHED].tolist() == [0.2] * 5
    assert university[5].tolist() == pytest.approx([1.2, 0.2, 1.2, 0.2, 1.2])
    other = push(policy, "cluster", 5, PERIODS, (5, 4))
    subsidy = other.cells[0][..., 0]
    assert subsidy[:5, 0].tolist() == pytest.approx([0.1, 0.1, 0.1, 0.0, 0.0])
    assert subsidy[5].tolist() == pytest.approx([0.5, 0.0, 0.5, 0.0, 0.5])
    assert pushed_regions(5).tolist() == [0, 2, 4]


def test_arms_of_the_2x2_experiment(results):
    assert set(FEEDBACK) | {"both"} == set(ARMS)
    mean = results["feedback_mean"]
    one = results["feedback_estimate"].sel(part="synergy")
    expected = mean.sel(arm="both") - mean.sel(arm="cluster_to_ris") - mean.sel(arm="ris_to_cluster")
    assert one.values == pytest.approx((expected + mean.sel(arm="none")).values)


# ----------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"only": "C1,C99"}, '"C99" is unknown'),
        ({"over": "learning.contact=0:1"}, "allowed: PARAM=a:b:n"),
        ({"over": "learning.contact=0:1:2", "only": "coupling"}, "needs at least one claim"),
        (
            {"attribution_replicates": 9},
            "attribution_replicates: found 9; allowed: a whole number from 0 to 2",
        ),
        ({"over": "learning.contact=0:1:2", "map_replicates": 1}, "from 2 to 2"),
        ({"replicates": 0}, "replicates"),
    ],
)
def test_refused(arguments, words):
    with pytest.raises(ConfigError, match=words):
        tp.claims(small(), **{"replicates": 2, **arguments})


def test_one_period_is_too_few():
    with pytest.raises(ConfigError, match="at least 2 periods"):
        tp.claims(small(time={"periods": 1}), replicates=2)


def test_shortest_run():
    found = tp.claims(small(time={"periods": 2}), replicates=2, threads=1)
    assert found.sizes["horizon"] == 2 and found.sizes["time"] == 2


def test_an_economy_without_high_tech_sectors_has_no_answer_to_c7_and_c11():
    content = small().to_dict()
    for sector in content["sectors"]:
        sector["high_tech"] = False
    found = tp.claims(Config.from_dict(content), replicates=2, only="C7,C11")
    assert found["verdict"].sel(claim=["C7", "C11"]).values.tolist() == ["not measurable"] * 2
    assert found["replicates_used"].sel(claim="C7") == 0
    table = next(tables(found))
    assert table.title == "2 claims: 2 not measurable"
    assert {row[-1] for row in table.rows if row[0] in ("C7", "C11")} == {"not measurable"}


def test_what_goes_wrong_is_said():
    shock = {"instrument": "demand_shock", "value": 10.0}
    content = small().to_dict() | {"policies": [shock], "time": {"periods": 400, "period_years": 1.0}}
    with pytest.raises(NotFiniteError, match="replicate 0, period"):
        tp.claims(Config.from_dict(content), replicates=2, only="C1", threads=1)


# ---------------------------------------------------------------------------------------------------- figures


def test_everything_is_on_the_page(results):
    pytest.importorskip("matplotlib")
    import matplotlib

    from technopole.figures.claims import _MAKERS
    from technopole.figures.style import SETTINGS

    with matplotlib.rc_context(SETTINGS):
        for name, (_, make) in _MAKERS.items():
            figure = make(results)
            figure.canvas.draw()
            width = figure.get_window_extent().width
            for axes in figure.axes:
                for text in (*axes.get_yticklabels(), *axes.texts):
                    box = text.get_window_extent()
                    assert box.x0 >= 0 and box.x1 <= width, (name, text.get_text())
            for text in figure.texts:
                assert text.get_window_extent().x1 <= width, (name, text.get_text())


def test_standardised_effects_are_positive_where_they_are_as_claimed(results):
    pytest.importorskip("matplotlib")
    from technopole.figures.claims import standardised

    estimate, low, high = standardised(results)
    supported = results["verdict"].values == "supported"
    assert supported.any() and (low[supported] > 0.0).all()
    used = np.isfinite(estimate)
    assert (low[used] <= estimate[used]).all() and (estimate[used] <= high[used]).all()
