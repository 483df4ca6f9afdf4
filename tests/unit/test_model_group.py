"""Models that are stepped together are the replicates of a run."""

import numpy as np
import pytest

import technopole as tp
from technopole.schema import RECORDS

PERIODS = 6


@pytest.fixture(scope="module")
def config(two_regions):
    return tp.Config.from_toml(two_regions, {"time.periods": PERIODS, "output.variables": list(RECORDS)})


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_models_together_are_the_replicates_of_a_run(config, threads):
    with tp.Model.many(config, 5, threads=threads, seed=4) as models:
        expected = tp.run(config, replicates=5, seed=4)
        assert len(models) == 5 and models.threads == threads
        models.step(2)
        models.step()
        models.update_until(PERIODS)
        assert models.time == PERIODS
        for name in RECORDS:
            values = models.record(name)
            assert np.array_equal(values, expected[name].isel(time=-1).values, equal_nan=True), name
        assert [model.replicate for model in models] == list(range(5))


def test_numbers_of_models(config):
    models = tp.Model.many(config, 3)
    assert models[np.int64(2)] is models[-1] and models[-3] is models[0]
    for number in (3, 99, -4):
        with pytest.raises(
            IndexError, match=f"found the number {number}; there are 3 models; allowed: 0 to 2"
        ) as failure:
            models[number]
        assert isinstance(failure.value, tp.StateError)
    with pytest.raises(IndexError, match="there is 1 model; allowed: 0, or"):
        tp.Model.many(config, 1)[1]


def test_models_are_apart(config):
    models, others = tp.Model.many(config, 3, first=7), tp.Model.many(config, 3, first=7)
    models[1].set("wage", 2.0)
    for group in (models, others):
        group.step(2)
    same = [np.array_equal(one["wage"], other["wage"]) for one, other in zip(models, others, strict=True)]
    assert same == [True, False, True] and models[2].replicate == 9


@pytest.mark.parametrize(("n", "first"), [(0, 0), (-1, 0), (True, 0), (2, 2**32 - 1)])
def test_numbers_out_of_range_are_refused(config, n, first):
    with pytest.raises(tp.ConfigError, match="found"):
        tp.Model.many(config, n, first=first)


@pytest.mark.parametrize("time", [1, 2.5, "3", None, np.nan, np.inf])
def test_times_that_cannot_be_are_refused(config, time):
    models = tp.Model.many(config, 2)
    models.step(2)
    for one in (models, models[0]):
        with pytest.raises(ValueError, match="cannot go back|whole periods"):
            one.update_until(time)
    assert models.time == 2


@pytest.mark.parametrize("n", [1.5, "2", None, 2.0])
def test_only_whole_periods_are_done(config, n):
    models = tp.Model.many(config, 2)
    for one in (models, models[0]):
        with pytest.raises(TypeError, match=f"n is {n!r}; a model does whole periods"):
            one.step(n)
        with pytest.raises(ValueError, match="n is -1; a model cannot go back"):
            one.step(np.int64(-1))
    assert models.time == 0
    models.step(np.int32(2))
    models[0].step(np.uint8(1))
    assert [model.time for model in models] == [3, 2]


def test_a_model_that_fails_does_not_stop_the_others(config):
    models = tp.Model.many(config, 3, threads=2)
    models[1]["wage"] = np.nan
    with pytest.raises(tp.TechnopoleError, match="replicate 1"):
        models.step(3)
    assert [model.time for model in models] == [3, 0, 3] and models.time == 0


def test_closed_models_go_on(config):
    models = tp.Model.many(config, 2, threads=2)
    models.close()
    models.step()
    assert models.time == 1


def test_a_policy_is_set_in_all_models_or_in_none(config):
    models = tp.Model.many(config, 2)
    models[1].step(3)
    with pytest.raises(tp.ConfigError, match="up to period 2, and 3 are over"):
        models.set_policy("wage_shock", np.ones((2, 2)))
    assert not any(model._instruments.values["wage_shock"].any() for model in models)
    models.set_policy("wage_shock", 0.1)
    assert all(model._instruments.values["wage_shock"].all() for model in models)
