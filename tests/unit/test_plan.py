"""Plans: units that cover everything once, blocks that are powers of two, what the store will hold."""

import json
import math
import pickle

import numpy as np
import pytest

import technopole.experiments.plan
from sweeping import plan, sweep
from technopole.cli.commands_plan import print_plan
from technopole.data.firm_sizes import CLASS_LABELS
from technopole.errors import ConfigError, DataError
from technopole.experiments.plan import kernel_digest, make_plan
from technopole.experiments.probe import Estimate
from technopole.experiments.store_layout import coordinate_values, recorded_bytes
from technopole.schema import SIZE_EDGES
from technopole.sweeps.sweep import Sweep

MANY = {"kind": "random", "points": 37, "parameters": {"learning.technology": {"low": 0, "high": 0.2}}}


def covered(made):
    count = np.zeros((made.n_points, made.replicates), dtype=int)
    for number, unit in enumerate(made.units()):
        assert unit.number == number
        count[np.ix_(list(unit.points), list(unit.replicates))] += 1
    return count


def set_work(monkeypatch, target):
    """Make units smaller: firms times periods and nothing else."""
    monkeypatch.setattr(technopole.experiments.plan, "UNIT_WORK", target)
    monkeypatch.setattr(technopole.experiments.plan, "REPLICATE_WORK", 0.0)
    monkeypatch.setattr(technopole.experiments.plan, "CELL_WORK", 0.0)
    monkeypatch.setattr(technopole.experiments.plan, "POINT_WORK", 0.0)


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({}, 2e7),
        ({"experiment": {"replicates": 100}}, 3e4),
        ({"experiment": {"replicates": 100}, "design": MANY}, 3e4),
        ({"experiment": {"replicates": 5}, "design": MANY}, 3e4),
        ({"experiment": {"replicates": 33, "burn_in": 4}, "design": MANY}, 3e4),
        ({"experiment": {"replicates": 33, "burn_in": 4}, "design": MANY}, 1e2),
        ({"stop": {"outcome": "final_firms", "half_width": 1.0}, "experiment": {"replicates": None}}, 1e3),
        ({"experiment": {"replicates": 1}}, 1.0),
    ],
)
def test_units_cover_everything_once(monkeypatch, changes, target):
    set_work(monkeypatch, target)
    made = plan(**changes)
    assert (covered(made) == 1).all()
    assert made.replicate_block & (made.replicate_block - 1) == 0
    assert made.n_units == len(list(made.units())) == made.n_blocks * made.n_point_blocks
    with pytest.raises(IndexError):
        made.unit(made.n_units)
    for array in made.layout.written_by("unit"):
        assert array.n_chunks == made.n_units, array


def test_small_points_share_a_unit_and_large_ones_are_divided(monkeypatch):
    assert plan().n_units == 1
    set_work(monkeypatch, 60 * 12 * 8)
    made = plan(experiment={"replicates": 100}, design=MANY)
    assert (made.point_block, made.replicate_block) == (1, 8)
    made = plan(experiment={"replicates": 3}, design=MANY)
    assert (made.point_block, made.replicate_block) == (2, 4)


def test_raw_output_makes_smaller_units():
    few = plan(experiment={"replicates": 5000})
    raw = plan(experiment={"replicates": 5000}, output={"raw": True, "level": "cell", "variables": ["sales"]})
    assert raw.replicate_block <= few.replicate_block
    size = 8 * 6 * 12 * raw.replicate_block * raw.point_block
    assert size <= technopole.experiments.plan.UNIT_BYTES


def test_points_that_share_a_burn_in_fit_into_memory(monkeypatch):
    changes = {
        "experiment": {"burn_in": 4},
        "design": MANY,
        "output": {"variables": ["sales"]},
        "outcomes": {},
    }
    assert plan(**changes).point_block == 37
    one = 8 * 12 * 6
    monkeypatch.setattr(technopole.experiments.plan, "BURN_IN_BYTES", 10 * one)
    made = plan(**changes)
    assert recorded_bytes(made.sweep, 2, 3) == one and made.point_block == 10


def test_rounds_are_whole_units():
    stop = {"outcome": "final_firms", "half_width": 1.0, "minimum": 24, "round": 16, "maximum": 88}
    made = plan(stop=stop, experiment={"replicates": None})
    assert made.rounds == 5 and made.point_block == 1 and made.replicates == 88
    assert 24 % made.replicate_block == 16 % made.replicate_block == 0
    units = [number for index in range(made.rounds) for number in made.round_units(index)]
    assert units == list(range(made.n_units))
    for index in range(made.rounds):
        replicates = {r for number in made.round_units(index) for r in made.unit(number).replicates}
        assert replicates == set(made.round_replicates(index))
    with pytest.raises(IndexError):
        made.round_units(5)
    one = plan()
    assert one.rounds == 1 and list(one.round_units(0)) == list(range(one.n_units))
    assert one.round_replicates(0) == range(4)


def test_plan_is_the_same_elsewhere():
    made = plan(design=MANY)
    again = pickle.loads(pickle.dumps(made))
    assert again.digest == made.digest == make_plan(sweep(design=MANY)).digest
    assert json.loads(json.dumps(made.identity)) == made.identity
    assert len(kernel_digest()) == 64


def test_digest_holds_all_that_decides(monkeypatch):
    digests = [
        plan().digest,
        plan(experiment={"replicates": 5}).digest,
        plan(set={"data.seed": 2}).digest,
        plan(design=MANY).digest,
        plan(design={**MANY, "seed": 3}).digest,
    ]
    monkeypatch.setattr(technopole.experiments.plan, "__version__", "9.9.9")
    digests.append(plan().digest)
    monkeypatch.setattr(technopole.experiments.plan, "kernel_digest", lambda: "other")
    digests.append(plan().digest)
    assert len(set(digests)) == len(digests)


def test_place_of_the_data_does_not_matter(data_folder, tmp_path):
    (tmp_path / "elsewhere").symlink_to(data_folder)
    given = {"experiment": {"scenario": "configs/scenarios/us-metros.toml"}, "set": {"data.scale": 0.001}}
    from conftest import ROOT

    one, two = (
        make_plan(Sweep.from_dict(given, ROOT, data=path)) for path in (data_folder, tmp_path / "elsewhere")
    )
    assert one.digest == two.digest and len(one.regions) == 383


# ------------------------------------------------------------------------------------------- arrays of the store


def arrays(**changes):
    made = plan(**changes)
    return made, {array.path: array for array in made.variables()}


def test_arrays_of_the_default():
    made, found = arrays(output={"variables": ["productivity"], "level": "region"})
    assert found["final_firms"].dims == ("point", "replicate") and found["final_firms"].shape == (3, 4)
    assert found["replicate_status"].dtype == "i1"
    assert "productivity" not in found
    moments = found["partial/productivity"]
    assert moments.dims == ("point", "block", "moment", "time", "region")
    assert moments.shape == (3, 1, 3, 12, 2) and moments.chunk == moments.shape
    mean = found["productivity_mean"]
    assert mean.dims == ("point", "time", "region") and mean.writer == "final"
    assert mean.cell_methods == "sector: mean (weighted by sales) replicate: mean"
    assert {"productivity_std", "productivity_se", "productivity_low", "productivity_high"} <= found.keys()
    assert found["productivity_n"].dtype == "i8"
    assert "productivity_quantile" not in found
    assert found["learning.technology"].dims == ("point",)
    assert found["region"].dtype == "str" and found["time"].shape == (12,)
    assert len(found) == len(made.variables())


def test_arrays_of_raw_output_and_quantiles():
    _, found = arrays(
        output={"variables": ["size_distribution", "market"], "level": "sector", "statistics": ["quantiles"]}
    )
    assert found["market"].dims == ("point", "replicate", "time", "sector")
    assert found["size_distribution"].shape == (3, 4, 12, len(SIZE_EDGES))
    assert found["market_quantile"].dims == ("point", "quantile", "time", "sector")
    assert found["final_firms_quantile_se"].shape == (3, 3)
    assert not any(path.startswith("partial/") or path.endswith("_mean") for path in found)
    assert found["quantile"].shape == (3,)


def test_coordinates_are_those_of_the_layout():
    made, found = arrays(output={"variables": ["wage", "market"], "level": "cell"})
    values = coordinate_values(made)
    assert {array.name for array in made.layout.written_by("template")} == set(values)
    for name, (dim, value, _) in values.items():
        assert (found[name].dims, found[name].shape) == ((dim,), value.shape)
    assert values["point"][1].tolist() == made.points.ids.tolist()
    assert values["learning.technology"][1].tolist() == [0.0, 0.1, 0.2]


def test_labels_need_no_data(monkeypatch):
    import technopole.data.loading

    made = pickle.loads(pickle.dumps(plan(output={"variables": ["sales"], "level": "cell"})))
    monkeypatch.setattr(technopole.data.loading, "load_tables", None)
    values = coordinate_values(made)
    assert values["region_name"][1].tolist() == ["Harbour", "Valley"]
    assert values["x"][1].tolist() == [0.0, 100.0] and values["high_tech"][1].tolist() == [True, False, False]


def test_files_and_bytes_are_sums_over_arrays():
    made = plan(experiment={"replicates": 9}, output={"raw": True})
    files = 3  # the groups: all, partial, journal
    for array in made.variables():
        chunks = math.prod(math.ceil(s / c) for s, c in zip(array.shape, array.chunk, strict=True))
        files += 1 + chunks
    assert made.files == files
    assert made.bytes == sum(array.n_bytes for array in made.variables())


def test_large_statistics_are_cut_along_points(monkeypatch):
    import technopole.experiments.store_layout

    monkeypatch.setattr(technopole.experiments.store_layout, "FINAL_BYTES", 1000)
    _, found = arrays(design=MANY)
    chunk = found["wage_mean"].chunk
    assert chunk[1:] == (12, 2) and 1 <= chunk[0] < 37 and 8 * math.prod(chunk) <= 1000


def test_tables_of_firms_are_counted(monkeypatch):
    set_work(monkeypatch, 60 * 12 * 2)
    made = plan(output={"level": "firm", "variables": ["technology", "tie", "wage"], "stride": 4})
    names = 4 + 2 + 2
    without = sum(array.n_chunks + 1 for array in made.variables()) + 3
    assert made.n_units == 6
    assert made.files == without + 1 + made.n_units * (1 + 2 * names)
    rows = 60 * 3 * 3 * 4
    assert made.bytes > rows * (8 + 1 + 4 + 4)
    assert {"region", "sector"} <= {array.name for array in made.variables()}


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (
            {"level": "firm", "variables": ["wage"]},
            'output.variables: found none of firms, of which level = "firm"',
        ),
        ({"quantiles": [0.1, 0.9]}, "output.quantiles: given, but output.statistics does not name"),
        ({"variables": ["wage"], "statistics": []}, "output.statistics: found none, and raw = false"),
    ],
)
def test_output_of_which_nothing_would_be_stored(output, words):
    asked = sweep(output=output)  # can be read, as it may stand in a store
    with pytest.raises(ConfigError, match=words):
        make_plan(asked)


@pytest.mark.parametrize("level", ["firm", "cell"])
def test_a_plan_says_by_which_firms_tables_are_measured(level, capsys):
    made = plan(output={"level": level, "variables": ["technology"]})
    print_plan(made, Estimate(math.nan, math.nan, math.nan, 0, 0))
    printed = capsys.readouterr().out
    assert ("tables of firms growing as the workforce (not measured)" in printed) == (level == "firm")


def test_policies_for_places_that_the_data_do_not_have(tmp_path):
    """A plan went through with a warning that replicates would fail; the experiment left a store without units."""
    classes = ",".join(f"n_{label}" for label in CLASS_LABELS)
    (tmp_path / "cells.csv").write_text(
        f"region,sector,{classes}\na,334,9,1,0,0,0,0,0,0,0\nb,334,9,0,0,0,0,0,0,0,0\n"
    )
    (tmp_path / "regions.csv").write_text("id,x,y\na,0,0\nb,9,0\n")
    policies = [
        {"instrument": "rd_subsidy", "value": 0.1, "regions": ["atlantis", "b"], "sectors": ["334x"]},
        {"instrument": "university", "value": 0.1, "regions": ["north", "atlantis"]},
    ]
    given = {
        "experiment": {"replicates": 1},
        "config": {"data": {"kind": "folder", "path": str(tmp_path)}, "policies": policies},
    }
    with pytest.raises(DataError) as failure:
        make_plan(Sweep.from_dict(given, tmp_path))
    place = "policies no. 1 (rd_subsidy)"
    assert len(failure.value.problems) == 4
    assert failure.value.problems[:2] == (
        f"{place}.regions: there is no region 'atlantis' in the data; allowed: a, b",
        f"{place}.sectors: there is no sector '334x' in the data; did you mean \"334\"?",
    )
