"""Reading and changing a model by label: selection, units, bounds, shares."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import technopole as tp
from technopole.schema import RECORDS, STATE

REGIONS, SECTORS = ["harbour", "valley"], ["software", "machinery", "food"]


@pytest.fixture(scope="module")
def config(two_regions):
    return tp.Config.from_toml(two_regions, {"time.periods": 6})


@pytest.fixture
def model(config):
    model = tp.Model(config, replicate=1)
    model.step(2)
    return model


# ----------------------------------------------------------------------------------------------------- get


@pytest.mark.parametrize("name", STATE)
def test_every_state_variable_is_labelled(model, name):
    values = model.get(name)
    assert values.name == name and values.dims == STATE[name].dims
    assert values.attrs == {"units": STATE[name].unit, "long_name": STATE[name].long_name}
    assert np.array_equal(values.to_numpy(), model[name]) and not np.shares_memory(values, model[name])
    for dim, ids in (("region", REGIONS), ("sector", SECTORS)):
        if dim in values.dims:
            assert values[dim].to_numpy().tolist() == ids


@pytest.mark.parametrize("name", RECORDS)
def test_every_recorded_variable_is_labelled(model, name):
    values = model.get(name, recorded=True)
    assert values.dims == RECORDS[name].dims[2:]
    assert np.array_equal(values.to_numpy(), model.record(name), equal_nan=True)


def test_a_name_of_both_kinds_is_that_of_the_state(model):
    assert model.get("technology").dims == ("firm",)
    assert model.get("state.technology").identical(model.get("technology"))
    assert model.get("technology", recorded=True).dims == ("region", "sector")
    assert model.get("firms").dims == ("region", "sector")


def test_selection_by_label_is_that_of_xarray(model):
    everything = model.get("reputation")
    for region in (None, "valley", ["valley"], ["valley", "harbour"]):
        for sector in (None, "food", ["food", "software"]):
            chosen = {
                dim: labels for dim, labels in (("region", region), ("sector", sector)) if labels is not None
            }
            got = model.get("reputation", region=region, sector=sector)
            assert np.array_equal(got, everything.sel(chosen)) and got.dims == everything.sel(chosen).dims
            assert np.array_equal(got.region, everything.sel(chosen).region)


def test_firms_of_a_place(model):
    everything = model.get("share")
    assert set(np.unique(everything.region)) == set(REGIONS)
    for region in (None, "valley", REGIONS):
        for sector in (None, "food", ["software", "food"]):
            inside = np.ones(everything.size, dtype=bool)
            if region is not None:
                inside &= np.isin(everything.region.to_numpy().astype(str), region)
            if sector is not None:
                inside &= np.isin(everything.sector.to_numpy().astype(str), sector)
            got = model.get("share", region=region, sector=sector)
            assert sorted(got.identity.to_numpy()) == sorted(everything.identity.to_numpy()[inside])
            expected = everything[inside]
            assert np.array_equal(np.sort(got), np.sort(expected))


def test_firms_by_identity(model):
    identity = model["identity"]
    one = model.get("cash", firm=int(identity[7]))
    assert one.dims == () and float(one) == model["cash"][7] and str(one.sector.item()) in SECTORS
    some = model.get("cash", firm=identity[[9, 2]])
    assert np.array_equal(some, model["cash"][[9, 2]])
    with pytest.raises(tp.StateError, match="no firm with the identity 12"):
        model.get("cash", firm=12)
    with pytest.raises(tp.StateError, match="not by both"):
        model.get("cash", firm=int(identity[0]), region="valley")


@pytest.mark.parametrize(
    "chosen",
    [{}, {"region": "valley"}, {"region": "valley", "sector": "food"}],
)
def test_views_by_label_write_to_the_world(model, chosen):
    for name in ("quality", "reputation"):
        before = model[name].copy()
        view = model.get(name, copy=False, **chosen)
        view += 1.0
        changed = model[name] != before
        assert changed.sum() == view.size and np.allclose(model[name][changed], before[changed] + 1.0)


def test_a_list_of_labels_is_no_view(model):
    with pytest.raises(tp.StateError, match="no view"):
        model.get("wage", region=["valley"], copy=False)
    with pytest.raises(tp.StateError, match="no view"):
        model.get("share", sector="food", copy=False)


@pytest.mark.parametrize(
    ("name", "chosen", "message"),
    [
        ("wagee", {}, 'did you mean "wage"'),
        ("wage", {"region": "vally"}, 'region "vally" is unknown; did you mean "valley"'),
        ("wage", {"sector": "food"}, "found a selection by sector; it has region"),
        ("wage", {"firm": 1}, "found a selection by firm; it has region"),
        ("period", {"region": "valley"}, "it has no dimensions"),
        ("reputation", {"region": ["valley", "valley"]}, "region valley stands there twice"),
        ("wage", {"region": 0}, 'region "0" is unknown; there are harbour, valley'),
        ("wage", {"region": slice(None)}, "found region=slice.*; allowed: an id, a list of ids, or None"),
        ("wage", {"region": [None]}, "allowed: an id, a list of ids"),
        ("wage", {"region": {"valley": 1}}, "allowed: an id, a list of ids"),
        ("cash", {"firm": -1}, "cash: firm: found -1; allowed: identities of firms"),
        ("cash", {"firm": 2**64}, "found 18446744073709551616; allowed: identities"),
        ("cash", {"firm": "abc"}, "found 'abc'; allowed: identities"),
        ("cash", {"firm": [1.5, 2.0]}, "found 1.5; allowed: identities"),
        ("cash", {"firm": [[1, 2]]}, r"found shape \(1, 2\)"),
        ("cash", {"firm": [12, 12]}, "identity 12 stands there twice"),
        ("sales", {"recorded": False}, "is recorded, not a state variable"),
        ("cash", {"recorded": True}, "no variable"),
    ],
)
def test_what_is_not_there_is_refused(model, name, chosen, message):
    with pytest.raises(tp.StateError, match=message):
        model.get(name, **chosen)


# ----------------------------------------------------------------------------------------------------- set


def test_set_by_label(model):
    model.set("wage", 2.0, region="valley", unit="money worker-1")
    assert model["wage"][1] == 2.0 != model["wage"][0]
    model.set("reputation", [[1.0, 2.0]], region=["valley"], sector=["food", "software"])
    assert model["reputation"][1, [2, 0]].tolist() == [1.0, 2.0]
    model.set("quality", 0.25, region="harbour", sector="software")
    assert (model.get("quality", region="harbour", sector="software") == 0.25).all()
    assert (model["quality"] == 0.25).sum() == model.get("quality", region="harbour", sector="software").size
    firm = int(model["identity"][4])
    model.set("tie", 1, firm=firm)
    assert model["tie"][4] == 1 and model["tie"].dtype == np.uint8


def test_labelled_values_are_put_in_order(model):
    values = xr.DataArray([3.0, 2.0], dims="region", coords={"region": ["valley", "harbour"]})
    model.set("wage", values)
    assert model["wage"].tolist() == [2.0, 3.0]
    grid = model.get("reputation") + np.arange(6.0).reshape(2, 3)
    model.set("reputation", grid.isel(region=[1, 0], sector=[2, 0, 1]).transpose("sector", "region"))
    assert np.array_equal(model["reputation"], grid)
    by_sector = xr.DataArray([1.0, 2.0, 3.0], dims="sector", coords={"sector": SECTORS})
    model.set("reputation", by_sector)
    assert model["reputation"].tolist() == [[1.0, 2.0, 3.0]] * 2
    by_region = xr.DataArray([1.0, 2.0], dims="region", coords={"region": REGIONS})
    model.set("reputation", by_region)
    assert model["reputation"].tolist() == [[1.0] * 3, [2.0] * 3]


def test_what_was_got_can_be_set(model):
    for name in STATE:
        if name not in ("offsets", "identity", "period"):
            before = model[name].copy()
            model.set(name, model.get(name))
            assert np.array_equal(before, model[name])


def test_firms_are_put_in_order_by_identity(model):
    before, identity = model["cash"].copy(), model["identity"].copy()
    in_place = model.get("cash")
    by_identity = in_place.swap_dims(firm="identity")
    series = pd.Series(before, index=pd.Index(identity, name="identity"))
    for values in (in_place.sortby("identity"), by_identity[::-1], series.sort_index()):
        model.set("cash", values)
        assert np.array_equal(model["cash"], before)
    model.set("cash", model.get("cash", firm=identity[::-1]) * 2.0, firm=identity)
    assert np.array_equal(model["cash"], before * 2.0)
    model.set("cash", model.get("cash", region="valley").sortby("identity") / 2.0, region="valley")
    inside = model.get("cash").region.to_numpy() == "valley"
    assert np.array_equal(model["cash"], np.where(inside, before, before * 2.0))
    model.set("cash", before)  # without labels by position
    assert np.array_equal(model["cash"], before)


def test_values_of_other_firms_are_refused(model):
    before = model["cash"].copy()
    other = model.get("cash").assign_coords(identity=("firm", np.arange(before.size, dtype=np.uint64)))
    missing = int(model["identity"][0])
    with pytest.raises(tp.StateError, match=f"no value for the firm with the identity {missing} "):
        model.set("cash", other)
    with pytest.raises(tp.StateError, match="no value for the firm"):
        model.set("cash", model.get("cash", region="valley"), region="harbour")
    with pytest.raises(tp.StateError, match=f"the firm with the identity {missing}, which is not selected"):
        model.set("cash", model.get("cash"), firm=model["identity"][1:])
    twice = model.get("cash").isel(firm=[0, 0])
    with pytest.raises(tp.StateError, match=f"the firm with the identity {missing} stands there twice"):
        model.set("cash", twice, firm=[missing])
    assert np.array_equal(model["cash"], before)


def test_a_view_of_firms_of_an_earlier_period_is_not_set(model):
    view = model["cash"]
    model.step()
    with pytest.raises(tp.StaleViewError, match="ask for model"):
        model.set("cash", view)


def test_labels_are_taken_from_arrays(model):
    regions = model.get("wage").region
    assert model.get("wage", region=regions[1]).identical(model.get("wage", region="valley"))
    assert model.get("wage", region=regions[::-1]).identical(model.get("wage", region=["valley", "harbour"]))
    firms = model.get("cash").identity[[4, 2]]
    assert np.array_equal(model.get("cash", firm=firms), model["cash"][[4, 2]])
    assert model.get("cash", firm=firms[0]).dims == ()
    model.shock("wage", 2.0, region=regions[1])


def test_pandas_objects_are_put_in_order_by_their_index(model):
    model.set("wage", pd.Series([5.0, 6.0], index=["valley", "harbour"]))
    assert model["wage"].tolist() == [6.0, 5.0]
    grid = model.get("reputation") + np.arange(6.0).reshape(2, 3)
    frame = grid.to_pandas().iloc[::-1, [2, 0, 1]]
    for values in (frame, frame.T, frame.stack(), frame.rename_axis(index=None, columns=None).T):
        model.set("reputation", 0.0)
        model.set("reputation", values)
        assert np.array_equal(model["reputation"], grid)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            pd.Series([5.0, 6.0]),
            r"not clear what its index \(0, 1\) stands for; allowed: ids of regions.* by position",
        ),
        (pd.Series([5.0, 6.0], index=["vally", "harbour"]), r"its index \(vally, harbour\)"),
        (pd.Series([5.0, 6.0], index=pd.Index(["vally", "harbour"], name="region")), "did you mean"),
        (pd.Series([5.0, 6.0, 7.0], index=["valley", "harbour", "valley"]), "found region valley twice"),
        (pd.Series([5.0], index=["valley"]), "no value for region harbour"),
        (pd.DataFrame({"valley": [5.0], "harbour": [6.0]}), r"its index \(0\)"),
        (
            pd.DataFrame([[5.0]], index=["valley"], columns=["valley"]),
            "found a DataFrame that has region twice",
        ),
        (
            pd.Series(1.0, pd.MultiIndex.from_tuples([("valley", "a"), ("harbour", "a")])),
            r"its index \(a, a\)",
        ),
    ],
)
def test_pandas_objects_without_clear_labels_are_refused(model, values, message):
    before = model["wage"].copy()
    with pytest.raises(tp.StateError, match=message):
        model.set("wage", values)
    assert np.array_equal(model["wage"], before)


def labelled(values, **labels):
    return xr.DataArray(values, dims=tuple(labels), coords=labels)


@pytest.mark.parametrize(
    ("name", "values", "options", "message"),
    [
        ("wage", -1.0, {}, r"wage: found -1.0 \(region harbour\); allowed: finite numbers above 0"),
        ("wage", [1.0, np.nan], {}, r"found nan \(region valley\)"),
        ("wage", [1.0, np.inf], {}, r"found inf \(region valley\)"),
        ("trust", 1.5, {"region": "valley"}, "allowed: finite numbers from 0 to 1"),
        ("tie", 0.5, {}, "allowed: whole numbers from 0 to 1"),
        ("age", 1.5, {}, "allowed: whole numbers from 0"),
        (
            "reputation",
            [[0, 0, np.nan], [0, 0, 0]],
            {},
            r"found nan \(region harbour, sector food\)",
        ),
        ("wage", 1.0, {"unit": "EUR"}, "found the unit 'EUR'; allowed: 'money worker-1'"),
        ("wage", [1.0, 2.0, 3.0], {}, r"found shape \(3,\); allowed: numbers of shape \(2,\)"),
        ("wage", "high", {}, "found 'high'; allowed: numbers"),
        ("wage", ["x", 1], {}, "found 'x'; allowed: numbers"),
        ("wage", labelled(["a", "b"], region=REGIONS), {}, "found 'a'; allowed: numbers"),
        ("wage", None, {}, "found None; allowed: numbers"),
        ("wage", [None, 1], {}, "found None; allowed: numbers"),
        ("wage", 1 + 2j, {}, "found complex numbers"),
        ("wage", {"valley": 1}, {}, "found a dict; allowed: numbers"),
        ("wage", {1, 2}, {}, "found a set; allowed: numbers"),
        ("wage", [[1], [1, 2]], {}, "a list that is no array of numbers"),
        ("wage", [10**400, 1], {}, "no double precision numbers"),
        ("wage", np.ma.array([1.0, 2.0], mask=[0, 1]), {}, "with 1 masked values"),
        ("wage", np.array(["2020", "2021"], dtype="M8[D]"), {}, "found dates"),
        (
            "wage",
            labelled([1.0, 2.0], region=REGIONS).to_dataset(name="a"),
            {},
            "found a Dataset of a; allowed: one",
        ),
        ("wage", labelled([5.0, 6.0, 7.0], region=[*REGIONS, "valley"]), {}, "found region valley twice"),
        ("wage", labelled([1.0], region=["valley"]), {}, r"no value for region harbour; select .* region="),
        ("wage", labelled([1.0, 2.0], region=REGIONS), {"region": ["valley"]}, "which is not selected"),
        ("wage", labelled([1.0], region=["vally"]), {}, "did you mean"),
        ("wage", labelled([1.0], sector=["food"]), {}, "found the dimension sector"),
        ("share", 0.5, {"region": "valley"}, "add up to .* renormalise=True"),
        ("share", -0.5, {"renormalise": True}, "found -0.5"),
        ("wage", 1.0, {"renormalise": True}, "for market shares"),
        ("offsets", 0, {}, "cannot be set"),
        ("period", 0, {}, "cannot be set"),
        ("sales", 0, {}, r"is recorded, not a state variable: model.record\('sales'\)"),
        (None, 0, {}, "found None; allowed: the name of a variable"),
    ],
)
def test_what_makes_no_sense_is_not_set(model, name, values, options, message):
    before = {variable: model[variable].copy() for variable in STATE}
    with pytest.raises(tp.StateError, match=message):
        model.set(name, values, **options)
    assert all(np.array_equal(before[variable], model[variable]) for variable in STATE)
    model.step()


def test_a_unit_in_the_attributes_counts(model):
    values = model.get("wage").assign_attrs(units="EUR hour-1")
    with pytest.raises(tp.StateError, match="EUR hour-1"):
        model.set("wage", values)


def test_shares_are_scaled_on_request(model):
    model.set("share", 0.5, firm=int(model["identity"][3]), renormalise=True)
    sums = model.get("share").groupby("sector").sum()
    assert np.allclose(sums, 1.0, atol=1e-12)
    model.step()


@pytest.mark.parametrize(
    ("name", "value"), [("age", 1e12), ("age", 2**31), ("age", -1), ("age", 1.5), ("tie", 300), ("tie", 0.5)]
)
def test_whole_numbers_are_checked_before_they_are_cast(model, name, value):
    before = np.array(model[name])
    with pytest.raises(tp.StateError, match=f"{name}: found .*; allowed: whole numbers from 0 to "):
        model.set(name, value)
    assert np.array_equal(model[name], before)


def test_the_highest_age_can_be_counted_on(model):
    model.set("age", 2**30 - 1)
    for done in range(1, 4):
        model.step()  # and is looked at as what a host may have set
        assert model["age"].max() == 2**30 - 1 + done


def test_numbers_are_checked_before_they_become_float32(config):
    model = tp.Model(config.replace({"run.precision": "float32"}))
    with pytest.raises(tp.StateError, match="cash: found 1e"):
        model.set("cash", 1e300)
    model.set("cash", 1e30)
    model.set("fitness_level", 1e300)  # float64 always
    assert model["cash"][0] == np.float32(1e30) and model["fitness_level"][0] == 1e300


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wage", r"model\['wage'\]\[\.\.\.\] = … changes it"),
        ("identity", "it follows from what happens"),
        ("sales", "it is recorded"),
        ("wage_shock", r"model\.set_policy\('wage_shock', …\) changes it"),
    ],
)
def test_attributes_that_look_like_variables_are_refused(model, name, message):
    with pytest.raises(tp.StateError, match=f"model.{name} = … would change nothing in the world: {message}"):
        setattr(model, name, 3)
    model.note = "mine"  # others are the host's own
    assert [] not in model and 0 not in model
