"""Results as a dataset and as files; the table of key results."""

import os
import tomllib
import warnings
from datetime import datetime

import numpy as np
import pytest
import xarray as xr

import technopole as tp
from technopole.basics.text_table import SAME, mean_and_interval, table_lines
from technopole.files import write as files_write
from technopole.files.write import CHUNK_BYTES, refuse_target, write
from technopole.results.summary import summarise
from technopole.schema import DEFAULT_OUTPUT, PARAMETERS, RECORDS, SIZE_EDGES

SUFFIXES = (".zarr", ".nc")


@pytest.fixture(scope="module")
def results(two_regions):
    return tp.run(two_regions, replicates=3, periods=6)


def opened(path):
    """Read a file as somebody does who does not know technopole, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        engine = "zarr" if path.suffix == ".zarr" else "h5netcdf"
        with xr.open_dataset(path, engine=engine) as ds:
            return ds.load()


# ------------------------------------------------------------------------------------------------- the labels


def test_variables_are_those_of_the_schema(results):
    assert tuple(results.data_vars) == DEFAULT_OUTPUT
    for name, variable in results.data_vars.items():
        entry = RECORDS[name]
        assert variable.dims == entry.dims and variable.dtype == np.dtype(entry.dtype)
        assert variable.attrs == {"long_name": entry.long_name, "units": entry.unit}


def test_coordinates_name_everything(results):
    assert results["replicate"].values.tolist() == [0, 1, 2]
    assert results["time"].values.tolist() == [1, 2, 3, 4, 5, 6]
    assert results["region"].values.tolist() == ["harbour", "valley"]
    assert results["region_name"].values.tolist() == ["Harbour", "Valley"]
    assert results["sector_name"].values.tolist() == ["Software", "Machinery", "Food"]
    assert results["high_tech"].values.tolist() == [True, False, False]
    assert results["size_class"].values.tolist() == list(SIZE_EDGES)
    assert results["x"].values.tolist() == [0.0, 100.0]
    assert all("long_name" in coordinate.attrs for coordinate in results.coords.values())
    assert results["sales"].sel(region="valley", sector="food").sizes == {"replicate": 3, "time": 6}


def test_positions_on_the_globe(two_regions):
    content = tp.Config.from_toml(two_regions).to_dict()
    for number, region in enumerate(content["regions"]):
        del region["x"], region["y"]
        region.update(lat=50.0 + number, lon=5.0)
    ds = tp.run(tp.Config.from_dict(content), replicates=1, periods=1)
    assert ds["latitude"].values.tolist() == [50.0, 51.0] and "x" not in ds.coords
    assert ds["longitude"].attrs["units"] == "degrees_east"


def test_positions_on_a_plane_have_the_unit_of_distances(results, tmp_path):
    tp.write(results, tmp_path / "a.nc")
    with xr.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as read:
        for ds in (results, read):
            for name in ("x", "y"):
                assert ds[name].attrs == {"long_name": f"position on the map, {name}", "units": "km"}
    assert PARAMETERS["spillover.distance_decay"].unit == "km"


def test_attributes_say_where_the_results_come_from(results, two_regions):
    attributes = results.attrs
    assert attributes["Conventions"] == "CF-1.11" and attributes["technopole_version"] == tp.__version__
    assert attributes["title"] == "Two regions, three sectors" and attributes["seed"] == 1
    assert tomllib.loads(attributes["config"])["run"]["replicates"] == 3
    assert datetime.fromisoformat(attributes["created"]).utcoffset() is not None
    assert attributes["numpy_version"] == np.__version__ and attributes["numba_version"]


def test_whole_numbers_are_whole_and_rates_finite(results):
    assert (results["firms"] >= 0).all() and results["firms"].sum() > 0
    total = results["firms"] + results["exits"] - results["spinoffs"] - results["startups"]
    # firms after a period are the firms before the next one
    before = total.isel(time=slice(1, None)).values
    assert np.array_equal(before, results["firms"].isel(time=slice(-1)).values)
    assert np.isfinite(results["wage"]).all()


# ----------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_file_holds_the_same(results, tmp_path, suffix):
    path = write(results, tmp_path / "deep" / f"run{suffix}")
    assert opened(path).identical(results)
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_there_stays_unless_it_may_go(results, tmp_path, suffix):
    path = write(results, tmp_path / f"run{suffix}")
    other = results.isel(replicate=[0])
    with pytest.raises(tp.OutputError, match="is there already"):
        write(other, path)
    assert opened(path).identical(results)
    write(other, path, overwrite=True)
    assert opened(path).identical(other)
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_fails_half_way_leaves_nothing(results, tmp_path, monkeypatch, suffix, failure):
    path = write(results, tmp_path / f"run{suffix}")
    real = files_write._WRITERS[suffix]

    def fail(ds, place):
        real(ds, place)
        raise failure

    monkeypatch.setitem(files_write._WRITERS, suffix, fail)
    with pytest.raises((tp.OutputError, KeyboardInterrupt)) as caught:
        write(results.isel(replicate=[0]), path, overwrite=True)
    if isinstance(failure, OSError):
        assert str(caught.value) == f"{path}: cannot be written: No space left on device"
    assert opened(path).identical(results) and os.listdir(tmp_path) == [path.name]


def test_swap_that_fails_brings_the_old_back(results, tmp_path, monkeypatch):
    path = write(results, tmp_path / "run.zarr")
    real, calls = os.rename, []

    def rename(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(files_write.os, "rename", rename)
    with pytest.raises(KeyboardInterrupt):
        write(results.isel(replicate=[0]), path, overwrite=True)
    assert opened(path).identical(results)


def test_what_cannot_be_put_back_is_kept_beside(results, tmp_path, monkeypatch):
    path = write(results, tmp_path / "run.zarr")
    real, calls = os.rename, []

    def rename(source, target):
        calls.append(target)
        if len(calls) > 1:
            raise OSError(5, "Input/output error")
        real(source, target)

    monkeypatch.setattr(files_write.os, "rename", rename)
    with pytest.raises(tp.OutputError, match="Input/output error"):
        write(results.isel(replicate=[0]), path, overwrite=True)
    (kept,) = tmp_path.iterdir()
    assert kept.name.startswith(".run.zarr.old-")
    with xr.open_zarr(kept) as ds:
        assert ds.load().identical(results)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("again", [False, True])
def test_results_are_on_the_disk_before_they_get_their_name(results, tmp_path, monkeypatch, suffix, again):
    path = tmp_path / "new" / f"run{suffix}"
    if again:
        write(results, path)
    events = []

    def noted(name):
        real = getattr(os, name)

        def call(first, *rest):
            place = os.readlink(f"/proc/self/fd/{first}") if name == "fsync" else os.fspath(first)
            events.append((name, place, *map(os.fspath, rest)))
            return real(first, *rest)

        monkeypatch.setattr(os, name, call)

    for name in ("fsync", "rename", "replace"):
        noted(name)
    write(results.isel(replicate=[0]), path, overwrite=again)
    (moved,) = (number for number, event in enumerate(events) if event[2:] == (str(path),))
    new = events[moved][1]
    synced = {event[1] for event in events[:moved] if event[0] == "fsync"}
    files = [str(file) for file in path.rglob("*")] if path.is_dir() else []
    assert {name.replace(str(path), new) for name in [str(path), *files]} <= synced
    after = {event[1] for event in events[moved:] if event[0] == "fsync"}
    assert str(path.parent) in after and (again or str(tmp_path) in after)
    assert os.listdir(path.parent) == [path.name]


def test_a_link_to_a_store_is_replaced_and_the_store_stays(results, tmp_path):
    store_ = write(results, tmp_path / "stored.zarr")
    link = tmp_path / "run.zarr"
    link.symlink_to(store_)
    write(results.isel(replicate=[0]), link, overwrite=True)
    assert opened(store_).identical(results) and not link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["run.zarr", "stored.zarr"]


@pytest.mark.parametrize("name", ["run.csv", "run", "run.ZARR.gz", ".zarr"])
def test_unknown_suffix_is_refused(results, tmp_path, name):
    with pytest.raises(tp.OutputError, match=r"allowed: \.zarr"):
        write(results, tmp_path / name)


def test_what_is_no_result_is_never_replaced(results, tmp_path):
    folder = tmp_path / "precious.zarr"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    (tmp_path / "folder.nc").mkdir()
    (tmp_path / "file.zarr").write_text("text")
    (tmp_path / "link.nc").symlink_to(tmp_path / "nowhere")
    for name in ("precious.zarr", "folder.nc", "file.zarr", "link.nc"):
        with pytest.raises(tp.OutputError, match="not a result of technopole"):
            write(results, tmp_path / name, overwrite=True)
    assert (folder / "thesis.txt").read_text() == "years of work"


def test_place_that_cannot_be_written_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("text")
    with pytest.raises(tp.OutputError, match="is not a folder"):
        refuse_target(file / "deep" / "run.zarr", "run")
    with pytest.raises(tp.OutputError, match="cannot be written"):
        refuse_target("/proc/run.zarr", "run")
    refuse_target(tmp_path / "not" / "there" / "yet" / "run.zarr", "run")
    assert os.listdir(tmp_path) == ["file"]


def test_missing_netcdf_library_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(files_write.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(tp.OutputError, match=r"pip install h5netcdf h5py .*technopole\[netcdf\]"):
        refuse_target(tmp_path / "run.nc", "run")


def test_chunks_are_whole_replicates_of_a_handy_size(results, tmp_path):
    def chunks(*shape):
        dims = ("replicate", "time", "region", "sector")
        return files_write._chunks(xr.DataArray(np.empty(shape, dtype="f8"), dims=dims))

    assert chunks(8, 60, 51, 20) == (8, 60, 51, 20)
    assert chunks(100, 60, 51, 20) == (CHUNK_BYTES // (60 * 51 * 20 * 8), 60, 51, 20)
    assert chunks(2, 100, 400, 86) == (1, CHUNK_BYTES // (400 * 86 * 8), 400, 86)
    assert chunks(2, 3, 3000, 1000) == (1, 1, 3000, 1000)


def test_chunked_store_holds_the_same(results, tmp_path, monkeypatch):
    monkeypatch.setattr(files_write, "CHUNK_BYTES", 100)
    path = write(results, tmp_path / "run.zarr")
    assert opened(path).identical(results)
    assert len(list((path / "sales" / "c").iterdir())) == 3


# ------------------------------------------------------------------------------------------------- the table


def by_name(ds):
    return {row.name: row for row in summarise(ds)}


def test_summary_by_hand(results):
    rows = by_name(results)
    last = results.isel(time=-1)
    firms = last["firms"].sum(("region", "sector")).values
    assert rows["firms"].mean == pytest.approx(firms.mean(), rel=1e-14)
    # 4.3027 is the 97.5 % quantile of Student's t with 2 degrees of freedom
    assert rows["firms"].half == pytest.approx(4.30265 * firms.std(ddof=1) / np.sqrt(3), rel=1e-4)
    flows = results[["exits", "spinoffs", "startups", "innovations", "patents"]].sum(
        ("region", "sector", "time")
    )
    after = results["firms"].sum(("region", "sector"))
    operating = after.sum("time") + flows["exits"] - flows["spinoffs"] - flows["startups"]
    for name, events in (
        ("entry", flows["spinoffs"] + flows["startups"]),
        ("exit", flows["exits"]),
        ("innovations", flows["innovations"]),
        ("patents", flows["patents"]),
    ):
        assert rows[name].mean == pytest.approx(float((100 * events / operating).mean()), rel=1e-12)
    sales = results["sales"].sum(("region", "sector")).isel(time=[0, -1]).values
    growth = 100 * ((sales[:, 1] / sales[:, 0]) ** (1 / 5) - 1)
    assert rows["growth of sales"].mean == pytest.approx(growth.mean(), rel=1e-10)


def test_summary_of_one_replicate_has_no_interval(results):
    row = by_name(results.isel(replicate=[0]))["firms"]
    assert np.isfinite(row.mean) and np.isnan(row.half)


def test_summary_leaves_out_what_was_not_recorded(results):
    assert set(by_name(results[["firms"]])) == {"firms"}
    assert summarise(results[["wage"]]) == []


def test_summary_of_a_dead_economy_is_a_dash(results):
    dead = results.copy(deep=True)
    for name in dead.data_vars:
        dead[name][...] = 0
    rows = by_name(dead)
    assert rows["firms"].mean == 0.0 and np.isnan(rows["exit"].mean)
    assert mean_and_interval(rows["exit"].mean, rows["exit"].half) == ("–", "–")


def test_growth_of_an_economy_that_dies_is_not_that_until_its_death(two_regions):
    ends = {"exit.closure": 0.9, "entry.startups": 0.0, "entry.spinoff": 0.0}
    ds = tp.run(tp.Config.from_toml(two_regions, ends), replicates=3, periods=8)
    sales = ds.sales.sum(("region", "sector")).values
    assert (sales[:, 0] > 0.0).all() and (sales[:, 1] > 0.0).any() and not sales[:, -1].any()
    rows = by_name(ds)
    assert rows["firms"].mean == rows["employment"].mean == 0.0
    assert np.isnan(rows["growth of sales"].mean) and np.isnan(rows["growth of productivity"].mean)


def test_summary_per_year_when_periods_are_quarters(two_regions):
    config = tp.Config.from_toml(two_regions, {"time.periods": 6, "run.replicates": 3})
    yearly, quarterly = tp.run(config), tp.run(config.replace({"time.period_years": 0.25}))
    assert by_name(quarterly)["exit"].mean == pytest.approx(4 * by_name(yearly)["exit"].mean)


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [
        (92.04, 7.012, ("92.0", "85.0 to 99.1")),
        (150229.6, 687.3, ("150,230", "149,542 to 150,917")),
        (2.263357734910, 1e-15, ("2.263", SAME)),
        (0.641, 0.0194, ("0.641", "0.622 to 0.660")),
        (1356.0, float("nan"), ("1,356", "–")),
        (-7.0, 0.0, ("-7.000", SAME)),
        (0.0, float("nan"), ("0", "–")),
        (0.0, 0.0, ("0", "0 to 0")),
        (1e-13, 2e-13, ("1.0e-13", "-1.0e-13 to 3.0e-13")),
        (1e-17, 0.02, ("0.000", "-0.020 to 0.020")),
        (-1e-17, 0.02, ("0.000", "-0.020 to 0.020")),
        (0.0, 3e-13, ("0", "-3.0e-13 to 3.0e-13")),
        (1e20, 1e3, ("1.000e+20", SAME)),
        (-1.5, 0.25, ("-1.50", "-1.75 to -1.25")),
        (float("nan"), float("nan"), ("–", "–")),
    ],
)
def test_digits_follow_the_interval(mean, half, text):
    assert mean_and_interval(mean, half) == text


def test_columns_are_aligned():
    lines = table_lines(("result", "mean"), [("firms", "92"), ("entry and exit", "1,356")], right=(1,))
    assert lines == [
        "result           mean",
        "--------------  -----",
        "firms              92",
        "entry and exit  1,356",
    ]


@pytest.mark.parametrize(
    "kind, attributes", [("experiment", {"sweep": "x", "config": "y"}), ("claims", {"kind": "claims"})]
)
@pytest.mark.parametrize("suffix", [".zarr", ".nc"])
def test_results_of_another_kind_are_kept(tmp_path, results, kind, attributes, suffix):
    path = tmp_path / f"a{suffix}"
    theirs = xr.Dataset({"x": ("n", np.arange(3.0))}, attrs=attributes)
    write(theirs, path)
    write(theirs, path, overwrite=True)
    with pytest.raises(tp.OutputError, match="is there and is the (store|results) of"):
        write(results, path, overwrite=True)
    assert xr.open_dataset(path, engine="zarr" if suffix == ".zarr" else "h5netcdf").x.values.tolist() == [
        0,
        1,
        2,
    ]


def test_a_file_of_somebody_is_kept(tmp_path, results):
    path = tmp_path / "mine.nc"
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(tp.OutputError, match="is there and is not a result of technopole"):
        write(results, path, overwrite=True)
    assert path.read_text(encoding="utf-8") == "precious"
