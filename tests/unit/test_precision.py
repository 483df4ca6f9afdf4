"""`run.precision`: worlds of float32 by way of configuration, model, files and commands."""

import pickle

import numpy as np
import pytest

import technopole as tp
from technopole.bmi import TechnopoleBmi
from technopole.errors import ConfigError
from technopole.facts.panel import walk
from technopole.model.files import read_model
from technopole.schema import STATE
from technopole.schema.precision import precision_of, state_dtype
from technopole.world.build import make_blueprint, world_bytes
from worlds import economy

SINGLE = {"run.precision": "float32"}


@pytest.fixture
def config():
    content = economy(3, 2, [[30, 5], [12, 8], [40, 2]], spacing=150.0)
    return tp.Config.from_dict({**content, "time": {"periods": 4}, "run": {"replicates": 2}})


@pytest.fixture
def model(config):
    return tp.Model(config.replace(SINGLE), seed=3)


def test_the_default_is_float64(config):
    assert config.run.precision == "float64"
    assert make_blueprint(config).new_world().firms.dtype == np.float64


def test_another_precision_is_refused(config):
    with pytest.raises(ConfigError, match="float16.*float64.*float32"):
        config.replace({"run.precision": "float16"})


def test_firms_are_float32_and_nothing_else_is(model):
    model.step(2)
    for name, entry in STATE.items():
        of_firms = entry.level == "firm" and entry.dtype == "f8"
        assert model[name].dtype == (np.float32 if of_firms else np.dtype(entry.dtype)), name
        assert model[name].dtype == state_dtype(name, "float32")
    assert model.record("sales").dtype == np.float64


def test_memory_is_predicted(config):
    blueprint = make_blueprint(config.replace(SINGLE))
    world = blueprint.new_world(100_000)
    taken = sum(array.nbytes for array in world)
    assert blueprint.world_bytes(100_000) == pytest.approx(taken, rel=0.02)
    assert taken < 0.62 * world_bytes(100_000, 3, 2)


def test_results_say_so_and_have_another_digest(config):
    single, double = tp.run(config.replace(SINGLE)), tp.run(config)
    assert single.attrs["precision"] == "float32" and double.attrs["precision"] == "float64"
    assert single.attrs["config_digest"] != double.attrs["config_digest"]
    assert 'precision = "float32"' in single.attrs["config"]
    assert single["sales"].dtype == np.float64
    assert np.allclose(single["sales"], double["sales"], rtol=1e-3)
    assert not np.array_equal(single["sales"], double["sales"])


def test_a_snapshot_of_another_precision_is_refused(config, model):
    model.step()
    other = tp.Model(config, seed=3)
    with pytest.raises(ConfigError, match='run.precision = "float32", the model as "float64"'):
        other.restore(model.snapshot())
    with pytest.raises(ConfigError, match='run.precision = "float64", the model as "float32"'):
        model.restore(other.snapshot())
    assert other.time == 0


def test_restored_forked_saved_and_pickled_models_go_on_to_the_same_bits(model, tmp_path):
    model.step(2)
    snapshot, path = model.snapshot(), model.save(tmp_path / "model.npz")
    assert precision_of(read_model(path).snapshot.state["share"]) == "float32"
    others = [model.fork(), tp.Model.load(path), pickle.loads(pickle.dumps(model))]
    model.step(3)
    after = {name: model[name].copy() for name in STATE}
    model.restore(snapshot)
    for one in (model, *others):
        one.step(3)
        assert all(np.array_equal(one[name], after[name]) for name in STATE)


def test_a_host_may_set_firms_and_the_check_knows_their_precision(model):
    model.step()
    model.set("share", np.linspace(1.0, 2.0, model.n_firms), renormalise=True)
    assert model["share"].dtype == np.float32
    model["technology"][:] += 0.125
    model.step()
    assert np.isfinite(model["cash"]).all()
    model["share"][:] *= 1.01
    with pytest.raises(tp.StateError, match=r"add up to 1\.0(1|09999)"):
        model.step()
    model["share"][:] /= np.float32(1.01)
    model["research"][0] = -0.5
    with pytest.raises(tp.StateError, match="research is -0.5"):
        model.step()
    model["research"][0], model["cash"][0] = 0.5, np.inf
    with pytest.raises(tp.NotFiniteError, match="cash was infinite"):
        model.step()


def test_a_compiled_hook_changes_float32_firms(model):
    import numba

    @numba.njit
    def teach(state):
        for i in range(state.technology.size):
            state.technology[i] += 0.5

    before = model["technology"].mean()
    model.hook(teach, every=1)
    model.step()
    assert model["technology"].mean() > before + 0.3


def test_both_precisions_side_by_side(config, model):
    """What one process compiles for one of them does not serve the other."""
    double = tp.Model(config, seed=3)
    for _ in range(2):
        model.step()
        double.step()
    assert double["share"].dtype == np.float64 and model["share"].dtype == np.float32
    assert np.allclose(np.sort(model["share"]), np.sort(double["share"]), rtol=1e-3, atol=1e-6)
    models = tp.Model.many(config.replace(SINGLE), 2, seed=3)
    models.step(2)
    assert np.array_equal(models[0]["share"], model["share"])


def test_the_component_says_what_its_arrays_are(config, tmp_path):
    file = tmp_path / "single.toml"
    file.write_text(config.replace(SINGLE).to_toml(), encoding="utf-8")
    component = TechnopoleBmi()
    assert component.get_var_type("firm__share") == "float64"
    component.initialize(str(file))
    component.update()
    assert component.get_var_type("firm__share") == "float32"
    assert component.get_var_itemsize("firm__share") == 4
    assert component.get_var_type("region__wage") == "float64"
    assert component.get_value_ptr("firm__share").dtype == np.float32
    component.finalize()


def test_what_is_compiled_is_known_by_precision(tmp_path, monkeypatch):
    from technopole_kernels import _jit

    monkeypatch.setattr(_jit, "_DIRECTORY", tmp_path)
    assert not _jit.has_compiled_code()
    single, double = (
        tmp_path / f"technopole_kernels.drive.drive{kind}-0123.nbc" for kind in ("-float32", "")
    )
    double.touch()
    assert _jit.has_compiled_code() and not _jit.has_compiled_code("float32")
    single.touch()
    assert _jit.has_compiled_code("float32")
    double.unlink()
    assert _jit.has_compiled_code("float32") and not _jit.has_compiled_code()


def test_warmup_of_a_precision():
    from typer.testing import CliRunner

    from technopole.cli import app

    found = CliRunner().invoke(app, ["warmup", "--precision", "float16"])
    assert found.exit_code == 2
    assert "float16" in found.output
    done = CliRunner().invoke(app, ["warmup", "--precision", "float32"])
    assert done.exit_code == 0
    from technopole_kernels._jit import has_compiled_code

    assert has_compiled_code("float32")


def test_measures_on_firms_are_float64(config):
    """Whatever firms are held in; who innovated is found again from the bits that float32 keeps of a draw."""
    blueprint = make_blueprint(config.replace(SINGLE))
    years = list(walk(blueprint, blueprint.setting(5), 0, 12))
    assert sum(year.innovates.sum() for year in years) > 10
    assert all(year.next_employment.dtype == np.float64 for year in years)
    double = make_blueprint(config)
    others = list(walk(double, double.setting(5), 0, 12))
    first, second = (one[0].innovates for one in (years, others))
    assert np.array_equal(first, second)
