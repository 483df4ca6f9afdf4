"""Tables of firms: what is written comes back, followed over time, whole or not at all."""

import errno
import os

import numpy as np
import pytest
import xarray as xr
import zarr

import technopole.files.firm_output as module
from sweeping import plan
from technopole.errors import OutputError
from technopole.experiments.points import PointWorlds
from technopole.files.firm_output import FirmTable, group_of, write_firms
from technopole.files.firm_reading import open_firms
from technopole.model.model import Model
from technopole.simulation.advance import advance
from technopole.world.recording import Recording

NAMES = ["identity", "age", "technology", "share", "tie"]


@pytest.fixture(scope="module")
def planned():
    return plan(output={"level": "firm", "variables": NAMES, "stride": 4}, experiment={"replicates": 2})


def gathered(planned):
    """The firms of all points and replicates, as a unit of work gathers them."""
    sweep, worlds = planned.sweep, PointWorlds(planned)
    table, stop = FirmTable(sweep, len(planned.sectors)), np.zeros(1, dtype=np.int64)
    nothing = Recording((), 1, 0, 2, 3).records(0)
    for point in range(planned.n_points):
        blueprint = worlds.blueprint(point)
        setting, world = blueprint.setting(worlds.seed(point)), blueprint.new_world()
        for replicate in range(planned.replicates):
            blueprint.start(setting, world, replicate)
            for time in sweep.times.tolist():
                world, _ = advance(blueprint, setting, world, nothing, time, 10**6, stop)
                table.take(world, int(planned.points.ids[point]), replicate, time)
    return table


@pytest.fixture(scope="module")
def store(planned, tmp_path_factory):
    folder = tmp_path_factory.mktemp("firms") / "a.zarr"
    root = zarr.open_group(folder, mode="w", zarr_format=3)
    root.create_group("firm_tables")
    root.create_array("region", shape=len(planned.regions), dtype=str)[...] = np.array(
        planned.regions, object
    )
    write_firms(folder, 0, gathered(planned).arrays())
    return folder


def test_table_is_that_of_the_model(planned, store):
    firms = open_firms(store)
    assert set(firms.data_vars) == set(NAMES) and firms.sizes.keys() == {"firm"}
    config = planned.sweep.config.replace(planned.points.changes(2))
    model = Model(config, replicate=1)
    for time in (4, 8, 12):
        model.step(4)
        some = open_firms(store, point=int(planned.points.ids[2]), replicate=1, time=time)
        for name in NAMES:
            assert some[name].values.tobytes() == model[name].tobytes(), (time, name)
        cell = np.repeat(np.arange(6), np.diff(model["offsets"]))
        assert some["region"].values.tolist() == [planned.regions[number] for number in cell // 3]
        assert some["sector"].values.tolist() == (cell % 3).tolist()  # this store has no names of sectors
    assert set(np.unique(firms["time"])) == {4, 8, 12} and set(np.unique(firms["replicate"])) == {0, 1}


def test_selection_of_several(planned, store):
    some = open_firms(store, replicate=[0, 1], time=(8, 12))
    assert set(np.unique(some["time"])) == {8, 12}
    assert open_firms(store, point=99).sizes["firm"] == 0
    assert open_firms(store)["technology"].attrs == {
        "long_name": "log knowledge of technology",
        "units": "1",
    }


def test_opens_in_plain_xarray(store):
    table = xr.open_zarr(group_of(store, 0), consolidated=False)
    assert table["row_size"].attrs["sample_dimension"] == "firm"
    assert int(table["row_size"].sum()) == table.sizes["firm"]
    assert table.sizes["snapshot"] == 3 * 2 * 3


def test_files_are_those_that_were_planned(planned, store):
    files = [path for path in group_of(store, 0).rglob("*") if path.is_file()]
    assert planned.n_units == 1 and len(files) == 1 + 2 * planned.layout.tables
    assert planned.layout.tables == len(NAMES) + 6


def test_failed_replicate_is_dropped(planned):
    table = gathered(planned)
    whole = table.arrays()
    table.drop(int(planned.points.ids[1]), 0)
    rest = table.arrays()
    assert len(rest["point"]) == len(whole["point"]) - 3
    assert not ((rest["point"] == planned.points.ids[1]) & (rest["replicate"] == 0)).any()
    assert rest["row_size"].sum() == len(rest["technology"]) == len(rest["region"])


def test_empty_table(planned, tmp_path):
    (tmp_path / "firm_tables").mkdir()
    arrays = FirmTable(planned.sweep, 3).arrays()
    assert {name: array.size for name, array in arrays.items()} == dict.fromkeys(arrays, 0)
    assert arrays["technology"].dtype == np.float64 and arrays["tie"].dtype == np.uint8
    write_firms(tmp_path, 3, arrays)
    assert open_firms(tmp_path).sizes["firm"] == 0


def test_the_same_bytes_twice_and_nothing_written_over(planned, tmp_path):
    arrays = gathered(planned).arrays()
    contents = []
    for name in ("one", "two"):
        (tmp_path / name / "firm_tables").mkdir(parents=True)
        write_firms(tmp_path / name, 0, arrays)
        write_firms(tmp_path / name, 0, arrays)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        contents.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})
    assert contents[0] == contents[1]
    assert os.listdir(tmp_path / "one" / "firm_tables") == ["unit-0000000"]


def test_full_disk_leaves_nothing(planned, tmp_path, monkeypatch):
    (tmp_path / "firm_tables").mkdir()

    def full(folder):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_sync", full)
    with pytest.raises(OutputError, match="unit-0000000: cannot be written: No space left on device"):
        write_firms(tmp_path, 0, FirmTable(planned.sweep, 3).arrays())
    assert os.listdir(tmp_path / "firm_tables") == []


def test_store_without_tables(tmp_path):
    with pytest.raises(OutputError, match="has no tables of firms"):
        open_firms(tmp_path)
