"""What is said of snapshots and files that are no state of this model; nothing is changed then."""

import dataclasses
import pickle

import numpy as np
import pytest

import technopole as tp


@pytest.fixture(scope="module")
def config(two_regions):
    return tp.Config.from_toml(two_regions, {"time.periods": 8})


@pytest.fixture
def model(config):
    model = tp.Model(config, seed=7)
    model.step(3)
    return model


def with_state(old, **arrays):
    return dataclasses.replace(old, state={**old.state, **arrays})


DAMAGED = {
    "far period": (lambda old: with_state(old, period=np.array(2**40)), "period: found 1099511627776"),
    "one row": (lambda old: with_state(old, reputation=np.ones(3)), "reputation: found the shape"),
    "no records": (lambda old: dataclasses.replace(old, records=None), "records: found NoneType"),
    "few records": (
        lambda old: dataclasses.replace(old, records={"sales": old.records["sales"]}),
        "firms: found nothing",
    ),
    "other records": (
        lambda old: dataclasses.replace(old, records={**old.records, "sale": np.ones(3)}),
        "sale: found a recorded variable of this name",
    ),
    "shape of records": (
        lambda old: dataclasses.replace(old, records={**old.records, "sales": np.ones(3)}),
        r"the recorded sales: found the shape \(3,\); allowed: \(2, 3\)",
    ),
    "type of records": (
        lambda old: dataclasses.replace(old, records={**old.records, "sales": np.ones((2, 3), dtype=object)}),
        "sales: found numbers of type object",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_what_is_no_state_is_refused_and_nothing_changes(config, model, case):
    change, message = DAMAGED[case]
    damaged = change(model.snapshot())
    for one in (model, tp.Model(config)):
        before, cash = one.snapshot(), one["cash"]
        with pytest.raises(tp.StateError, match=f"the snapshot is damaged: {message}"):
            one.restore(damaged)
        assert one.is_current(cash) and all(np.array_equal(one[name], before.state[name]) for name in one)
        one.step()


def test_a_snapshot_of_another_configuration_says_where_it_differs(config, model):
    for key, value in {"labour.growth": 0.03, "learning.technology": 0.2}.items():
        snapshot = pickle.loads(pickle.dumps(tp.Model(config.replace({key: value})).snapshot()))
        with pytest.raises(
            tp.ConfigError, match=rf"another configuration \({key} is {value} there and .* here\)"
        ):
            model.restore(snapshot)
    changed = model.config.to_dict()
    changed["cells"][1]["firms"] += 1
    snapshot = tp.Model(tp.Config.from_dict(changed)).snapshot()
    with pytest.raises(tp.ConfigError, match=r"cells no\. 2\.firms is "):
        model.restore(snapshot)
    for digest in (3, "abc"):
        with pytest.raises(tp.ConfigError, match=rf"\(digest {digest}…, here "):
            model.restore(dataclasses.replace(model.snapshot(), digest=digest))


def test_a_stale_view_says_that_firms_were_put_into_place(model):
    cash = model["cash"]
    model.restore(model.snapshot())
    with pytest.raises(tp.StaleViewError, match="after period 3, and others have been put into their place"):
        cash.sum()


@pytest.mark.parametrize("change", [lambda b: b + b"x", lambda b: b + b"\0" * 40, lambda b: b"PK" + b])
def test_files_with_more_in_them_are_refused(model, tmp_path, change):
    path = model.save(tmp_path / "model.tp")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(tp.StateError, match="does not begin and end as it was written"):
        tp.Model.load(path)
