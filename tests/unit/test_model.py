"""The stepped model: views, records, policies, snapshots; the same bits as a run."""

import pickle
import signal
import threading

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import technopole as tp
from economy import make_config
from technopole.basics.machine import LARGE_WORLD
from technopole.schema import RECORDS, STATE, VARIABLES
from technopole.world import instruments

PERIODS = 12


@pytest.fixture(scope="module")
def config(two_regions):
    return tp.Config.from_toml(two_regions, {"time.periods": PERIODS, "output.variables": list(RECORDS)})


@pytest.fixture
def model(config):
    return tp.Model(config, replicate=2)


@pytest.fixture(scope="module")
def results(config):
    return tp.run(config, replicates=3)


def state(model):
    return {name: model[name].copy() for name in STATE}


def same(first, second):
    assert first.keys() == second.keys()
    return all(np.array_equal(first[name], second[name], equal_nan=True) for name in first)


# -------------------------------------------------------------------------------------------------- stepping


def test_steps_give_the_bits_of_a_run(model, results):
    for time in range(PERIODS):
        model.step()
        assert model.time == time + 1
        for name in RECORDS:
            expected = results[name].isel(replicate=2, time=time).values
            recorded = model.record(name)
            assert recorded.dtype == expected.dtype, name
            assert np.array_equal(recorded, expected, equal_nan=True), (name, time)


def test_many_steps_at_once_are_single_steps(config):
    once, often = tp.Model(config), tp.Model(config)
    once.step(PERIODS)
    for _ in range(PERIODS):
        often.step()
    assert same(state(once), state(often))
    assert np.array_equal(once.record("sales"), often.record("sales"))


def test_model_goes_on_after_the_periods_of_the_configuration(model):
    model.step(PERIODS + 5)
    assert model.time == PERIODS + 5 and model.record("firms").sum() == model.n_firms


def test_no_step_changes_nothing(model):
    before = state(model)
    model.step(0)
    assert same(before, state(model)) and model.time == 0


def test_negative_step_is_refused(model):
    with pytest.raises(ValueError, match="cannot go back"):
        model.step(-1)


def test_seed_and_replicate_choose_the_world(config):
    worlds = [
        tp.Model(config, seed=seed, replicate=replicate) for seed, replicate in ((1, 0), (1, 1), (2, 0))
    ]
    first, second, third = (state(world) for world in worlds)
    assert not same(first, second) and not same(first, third)
    assert (worlds[2].seed, worlds[2].replicate) == (2, 0)


@pytest.mark.parametrize("replicate", [-1, 2**32, True])
def test_replicate_outside_its_range_is_refused(config, replicate):
    with pytest.raises(tp.ConfigError, match="replicate: found"):
        tp.Model(config, replicate=replicate)


def test_world_grows_when_it_has_to(config):
    tight, wide = (tp.Model(config.replace({"capacity.slack": slack})) for slack in (0.0, 5.0))
    for world in (tight, wide):
        world.step(40)
    assert tight.n_firms > 60 + 16 and same(state(tight), state(wide))


def test_fixed_capacity_stops_the_model(config):
    model = tp.Model(config.replace({"capacity.slack": 0.0, "capacity.fixed": True}))
    with pytest.raises(tp.TechnopoleError, match=r"replicate 0, period \d+: \d+ firms need room") as failure:
        model.step(60)
    assert failure.value.exit_code == 1 and "capacity.slack" in str(failure.value)
    before = state(model)
    with pytest.raises(tp.TechnopoleError):
        model.step()
    assert same(before, state(model))


@pytest.mark.parametrize(
    ("name", "place", "where"),
    [
        ("wage", 1, "region valley: wage"),
        ("cash", -1, "region valley, sector food: cash"),
        ("reputation", (0, 1), "region harbour, sector machinery: reputation"),
        ("market", 2, "sector food: market"),
    ],
)
def test_what_is_not_finite_is_named(model, name, place, where):
    model.step()
    model[name][place] = np.nan
    with pytest.raises(tp.NotFiniteError, match=f"replicate 2, period 2, {where}"):
        model.step()
    assert model.time == 1


NO_NUMBERS = ("offsets", "identity", "age", "tie", "period")
# the norms of the first period and what was last known of a sector are read where nothing else says it
READ_SELDOM = ("norms", "knowledge")


@pytest.mark.parametrize("name", [name for name in STATE if name not in NO_NUMBERS + READ_SELDOM])
def test_no_state_variable_hides_what_is_not_finite(model, name):
    model.step()
    model[name][(0,) * model[name].ndim] = np.nan
    with pytest.raises(tp.NotFiniteError, match="replicate 2, period 2"):
        model.step()


# ----------------------------------------------------------------------------------------------------- views


def test_every_state_variable_is_a_view_of_its_shape(model):
    sizes = {"region": 2, "sector": 3, "cell_edge": 7, "stage": 3, "channel": 4, "norm": 2}
    for name, entry in STATE.items():
        view = model[name]
        shape = tuple(model.n_firms if dim == "firm" else sizes[dim] for dim in entry.dims)
        assert view.shape == shape and view.dtype == np.dtype(entry.dtype), name
        assert not view.flags.owndata and view.flags.writeable == (
            name not in ("offsets", "identity", "period")
        )
    assert set(model.names) == set(STATE)


def test_views_are_not_copies(model):
    wage = model["wage"]
    model["wage"] = [2.0, 3.0]
    assert wage.tolist() == [2.0, 3.0]
    wage *= 2.0
    assert model["wage"].tolist() == [4.0, 6.0]
    model.step(20)
    assert np.shares_memory(wage, model["wage"])


def test_writing_changes_the_future(config):
    changed, untouched = tp.Model(config), tp.Model(config)
    changed["technology"] += 0.5
    changed.step()
    untouched.step()
    assert (changed.record("productivity") > untouched.record("productivity")).all()


UNKNOWN_NAMES = {
    "view": lambda model, name: model[name],
    "write": lambda model, name: model.__setitem__(name, 1.0),
    "get": lambda model, name: model.get(name),
    "set": lambda model, name: model.set(name, 1.0),
    "record": lambda model, name: model.record(name),
    "shock": lambda model, name: model.shock(name, 2.0),
}


@pytest.mark.parametrize("how", UNKNOWN_NAMES)
@pytest.mark.parametrize("kind", [tp.StateError, KeyError])
def test_unknown_names_are_refused_with_a_hint(model, how, kind):
    name, meant = ("sale", "sales") if how == "record" else ("wages", "wage")
    with pytest.raises(kind, match=f'^"{name}" is no .*variable.*did you mean "{meant}"'):
        UNKNOWN_NAMES[how](model, name)
    for other in (3, None, ["wage"]):
        with pytest.raises(kind, match="wage|variable"):
            UNKNOWN_NAMES[how](model, other)


def test_names_of_other_places_are_refused_with_the_place(model):
    with pytest.raises(tp.StateError, match=r"is recorded, not a state variable: model\.record\('sales'\)"):
        model["sales"]
    with pytest.raises(tp.StateError, match='did you mean "wage"'):
        model["state.wage"]


def test_records_are_for_reading_and_come_after_a_period(model):
    with pytest.raises(KeyError, match="none has been done"):
        model.record("sales")
    model.step()
    kept = model.record("sales")
    with pytest.raises(ValueError, match="read-only"):
        kept[0, 0] = 1.0
    before = kept.copy()
    model.step()
    assert np.array_equal(kept, before) and not np.array_equal(model.record("sales"), before)


def test_every_variable_of_the_schema_can_be_had(model):
    model.step()
    for name, entry in VARIABLES.items():
        if entry.kind == "state":
            model[name.removeprefix("state.")]
        else:
            model.record(name)


# ------------------------------------------------------------------------------------------------- snapshots


@pytest.mark.parametrize("period", [0, 1, 7])
@pytest.mark.parametrize("slack", [0.0, 3.0])
def test_restored_model_repeats_itself(config, period, slack):
    first = tp.Model(config, replicate=1)
    first.step(period)
    snapshot = pickle.loads(pickle.dumps(first.snapshot()))
    assert (snapshot.time, snapshot.n_firms) == (period, first.n_firms)
    first.step(PERIODS)
    other = tp.Model(config.replace({"capacity.slack": slack}), seed=99, replicate=5)
    other.step(3)
    other.restore(snapshot)
    assert (other.time, other.seed, other.replicate) == (period, first.seed, 1)
    other.step(PERIODS)
    assert same(state(first), state(other))
    assert all(np.array_equal(first.record(name), other.record(name), equal_nan=True) for name in RECORDS)
    # seed and replicate are those of the snapshot from now on
    again = tp.Model(config)
    again.restore(other.snapshot())
    assert same(state(again), state(other))


def test_snapshot_is_apart_from_the_model(model):
    model.step(2)
    snapshot, before, sales = model.snapshot(), state(model), model.record("sales")
    model.step(5)
    model["trust"] = 0.0
    model.restore(snapshot)
    assert same(before, state(model)) and np.array_equal(model.record("sales"), sales)
    model["wage"] = 7.0
    assert not (snapshot.state["wage"] == 7.0).any()


def test_snapshot_before_the_first_period_has_no_records(model):
    snapshot = model.snapshot()
    model.step()
    model.restore(snapshot)
    with pytest.raises(KeyError, match="none has been done"):
        model.record("sales")


def test_snapshot_into_a_world_too_small_for_it(config):
    large, small = tp.Model(config), tp.Model(config.replace({"capacity.slack": 0.0}))
    large.step(40)
    assert large.n_firms > 60 + 16
    small.restore(large.snapshot())
    assert same(state(large), state(small))


@pytest.mark.parametrize("found", [3, None, {}])
def test_what_is_no_snapshot_is_refused(model, found):
    message = f"restore: found {type(found).__name__}; allowed: a Snapshot, as snapshot"
    with pytest.raises(tp.StateError, match=message):
        model.restore(found)
    model.step()


def test_snapshot_of_something_else_is_refused(config, model):
    with pytest.raises(tp.ConfigError, match="another configuration"):
        model.restore(tp.Model(config.replace({"learning.technology": 0.2})).snapshot())
    content = config.to_dict()
    content["cells"] = [cell for cell in content["cells"] if cell["region"] == "harbour"]
    content["regions"] = content["regions"][:1]
    with pytest.raises(tp.ConfigError, match="1 regions and 3 sectors, the model has 2 and 3"):
        model.restore(tp.Model(tp.Config.from_dict(content)).snapshot())


# -------------------------------------------------------------------------------------------------- policies


def wages(config, **policies):
    model = tp.Model(config)
    for name, values in policies.items():
        model.set_policy(name, values)
    rows = []
    for _ in range(6):
        model.step()
        rows.append(model["wage"].copy())
    return np.array(rows)


def test_policy_by_label_and_by_position_are_the_same(config):
    by_position = np.zeros((4, 2))
    by_position[1:4, 1] = 0.1, 0.2, 0.3
    by_label = xr.DataArray(
        [[0.3], [0.1], [0.2]], dims=("time", "region"), coords={"time": [4, 2, 3], "region": ["valley"]}
    )
    expected = wages(config, wage_shock=by_position)
    assert np.array_equal(wages(config, wage_shock=by_label), expected)
    assert np.array_equal(wages(config, wage_shock=by_label.transpose("region", "time")), expected)
    none = wages(config)
    assert np.array_equal(expected[0], none[0]) and expected[1, 1] > none[1, 1]


def test_policy_is_that_of_the_configuration(config):
    row = {"instrument": "wage_shock", "value": 0.1, "regions": ["valley"], "start": 1, "end": 3}
    in_file = wages(config.replace({"policies": [row]}))
    set_later = wages(config, wage_shock=[[0, 0], [0, 0.1], [0, 0.1]])
    assert np.array_equal(in_file, set_later)
    assert np.array_equal(wages(config.replace({"policies": [row]}), wage_shock=0.0), wages(config))


def test_policy_without_time_holds_for_ever_even_beside_one_that_ends(config):
    short = config.replace({"time.periods": 2})
    for_ever = wages(short, wage_shock=[0.0, 0.1])
    beside = wages(short, services=np.zeros((2, 1)), wage_shock=[0.0, 0.1])
    assert np.array_equal(for_ever, beside)
    written_out = wages(short, wage_shock=np.tile([0.0, 0.1], (6, 1)))
    assert np.array_equal(for_ever, written_out)


def test_labelled_period_holds_for_that_period_only(config):
    once = xr.DataArray([0.1], dims="time", coords={"time": [1]})
    rows = wages(config, wage_shock=once)
    assert np.array_equal(rows, wages(config, wage_shock=[[0.1, 0.1], [0.0, 0.0]]))


def test_policy_for_some_sectors(config):
    model, other = tp.Model(config), tp.Model(config)
    model.set_policy("rd_subsidy", xr.DataArray([0.5], dims="sector", coords={"sector": ["food"]}))
    other.set_policy("rd_subsidy", np.array([[0.0, 0.0, 0.5]]))
    model.step(3)
    other.step(3)
    assert same(state(model), state(other))
    relation = model.record("research_spending") / model.record("own_research")
    assert np.allclose(relation[:, 2], 1.5) and np.allclose(relation[:, :2], 1.0)


def in_time(*periods):
    return xr.DataArray(np.full(len(periods), 0.1), dims="time", coords={"time": list(periods)})


def test_policies_of_pandas_are_aligned_by_their_labels(config):
    expected = wages(config, wage_shock=[0.0, 0.1])
    assert np.array_equal(
        wages(config, wage_shock=pd.Series([0.1, 0.0], index=["valley", "harbour"])), expected
    )
    assert np.array_equal(wages(config, wage_shock=pd.Series({"valley": 0.1})), expected)
    frame = pd.DataFrame({"valley": [0.1, 0.2]}, index=pd.Index([2, 4], name="time"))
    by_position = [[0, 0], [0, 0.1], [0, 0], [0, 0.2]]
    assert np.array_equal(wages(config, wage_shock=frame), wages(config, wage_shock=by_position))


def test_of_a_policy_that_has_begun_what_is_to_come_counts(config):
    expected = wages(config, wage_shock=in_time(4))
    for values in (in_time(1, 4.0), [[0.1] * 2, [0.0] * 2, [0.0] * 2, [0.1] * 2]):
        model = tp.Model(config)
        model.step(2)
        model.set_policy("wage_shock", values)
        model.step(4)
        assert np.array_equal(model["wage"], expected[-1])


def test_a_policy_longer_than_memory_is_refused(config, monkeypatch):
    monkeypatch.setattr(instruments, "available_memory", lambda: 10**6)
    with pytest.raises(
        tp.ConfigError, match="found period 100000; all periods up to it take .* are available"
    ):
        tp.Model(config).set_policy("wage_shock", in_time(100_000))


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("wage_shok", 0.1, "did you mean"),
        ("wage_shock", [0.1, 0.1, 0.1], r"found shape \(3,\)"),
        ("wage_shock", np.zeros((0, 2)), r"found shape \(0, 2\)"),
        ("rd_subsidy", [0.1, 0.1, 0.1], r"found shape \(3,\)"),
        ("wage_shock", np.nan, "found nan; allowed: numbers from -0.9 to 10"),
        ("wage_shock", 11.0, "found 11.0"),
        ("wage_shock", "much", "found 'much'; allowed: numbers"),
        (None, 0.1, "found None; there are rd_subsidy"),
        ("wage_shock", None, "found None; allowed: numbers"),
        ("wage_shock", xr.DataArray(["a"], dims="region", coords={"region": ["valley"]}), "found 'a'"),
        ("wage_shock", xr.Dataset({"a": 1.0}), "found a Dataset of a"),
        (
            "wage_shock",
            pd.Series([0.1, 0.2]),
            r"its index \(0, 1\) stands for; .* a name out of time, region",
        ),
        ("wage_shock", np.ones((2, 2)), r"up to period 2, and 2 are over; allowed: periods from 3 on"),
        ("wage_shock", in_time(1, 2), r"up to period 2, and 2 are over"),
        ("wage_shock", in_time(10**12), "found period 1000000000000; allowed: 1 to 1000000"),
        ("wage_shock", in_time(3.5), "found the label 3.5 of time"),
        ("wage_shock", in_time(), "found no periods"),
        (
            "wage_shock",
            xr.DataArray(np.zeros(0), dims="region", coords={"region": []}),
            "found no regions; allowed: at least one, or no dimension region",
        ),
        ("wage_shock", xr.DataArray([0.1], dims="sector"), "found dimension sector"),
        ("wage_shock", xr.DataArray([0.1], dims="region", coords={"region": ["vally"]}), "did you mean"),
        ("wage_shock", xr.DataArray([0.1], dims="time", coords={"time": [0]}), "1 is the first"),
        (
            "wage_shock",
            xr.DataArray([0.1, 0.2], dims="region", coords={"region": ["valley", "valley"]}),
            "stands there twice",
        ),
    ],
)
def test_policies_that_make_no_sense_are_refused(model, name, values, message):
    model.step(2)
    with pytest.raises(tp.ConfigError, match=message):
        model.set_policy(name, values)
    model.step()


# ----------------------------------------------------------------------------------------------- interruption


def test_an_interrupted_step_of_a_shared_world_is_whole(monkeypatch):
    """A signal that comes while threads share a world ends the period first."""
    config = make_config(regions=4, sectors=2, firms=LARGE_WORLD).replace({"run.threads": 2})
    model, other = tp.Model(config), tp.Model(config)
    model.step(2)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in a background job it is ignored
    timer = threading.Timer(0.3, signal.raise_signal, (signal.SIGINT,))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            model.step(3_000)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)
    other.step(model.time)
    assert model.time >= 2 and same(state(model), state(other))
