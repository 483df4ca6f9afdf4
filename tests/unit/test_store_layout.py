"""The arrays of a store have the shapes of what is computed for them."""

import numpy as np
import pytest

from sweeping import plan
from technopole.basics.machine import Threads
from technopole.experiments.points import PointWorlds
from technopole.experiments.store_layout import STATISTICS, coordinate_values
from technopole.schema import RECORDS
from technopole.schema.levels import LEVELS, reduce_to_level
from technopole.schema.outcomes import compute_outcomes
from technopole.simulation.ensemble import Ensemble
from technopole.world.recording import Recording


@pytest.mark.parametrize("level", LEVELS)
def test_every_variable_has_the_shape_of_its_array(level):
    made = plan(
        experiment={"replicates": 2, "periods": 6},
        design={"kind": "list"},
        output={"variables": list(RECORDS), "level": level, "stride": 2, "raw": True},
    )
    sweep, arrays = made.sweep, {array.path: array for array in made.variables()}
    recording = Recording(sweep.recorded, 2, 3, len(made.regions), len(made.sectors))
    Ensemble(PointWorlds(made).blueprint(0), recording, Threads(1, "one")).run()
    for name in RECORDS:
        values = reduce_to_level(name, recording, level)
        raw = arrays[name]
        assert raw.shape == (1, *values.shape) and raw.dims[:3] == ("point", "replicate", "time")
        assert arrays[f"partial/{name}"].shape == (1, 1, 3, *values.shape[1:])
        for part in ("mean", "std", "se", "low", "high", "n"):
            assert arrays[f"{name}_{part}"].shape == (1, *values.shape[1:])
        used = set(raw.dims[3:])
        assert all(dim in {d for d, _, _ in coordinate_values(made).values()} for dim in used)
    outcomes = compute_outcomes(sweep.outcomes, recording, sweep.times, made.regions, made.sectors)
    assert {outcome.name for outcome in sweep.outcomes} == set(outcomes)
    for name, values in outcomes.items():
        assert arrays[name].shape == (1, *values.shape) and np.isfinite(values).all()


def test_every_array_says_what_it_is():
    made = plan(output={"statistics": list(STATISTICS), "raw": True})
    paths = [array.path for array in made.variables()]
    assert len(set(paths)) == len(paths)
    for array in made.variables():
        assert array.long_name and len(array.dims) == len(array.shape) == len(array.chunk)
        assert all(1 <= chunk <= size for chunk, size in zip(array.chunk, array.shape, strict=True))
        assert np.dtype("U1" if array.dtype == "str" else array.dtype)
        if array.writer != "template":
            assert array.unit and array.of
    assert {array.writer for array in made.variables()} == {"template", "unit", "final"}
