"""Models in threads, in workers of Dask, in forked processes; what an import and a step leave alone."""

import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit

import technopole as tp
from economy import make_config
from technopole.basics.machine import LARGE_WORLD
from technopole.schema import STATE

PERIODS = 15


@pytest.fixture(scope="module")
def config(two_regions):
    return tp.Config.from_toml(two_regions, {"time.periods": PERIODS, "capacity.slack": 0.0})


def digest(model):
    return b"".join(np.array(model[name]).tobytes() for name in STATE)


def travel(config, replicate, steps=1):
    """Step a model as hosts do: views, labels, policies, records, a shock, a hook."""
    model = tp.Model(config, replicate=replicate)
    model.hook(lambda m: m.set("trust", m["trust"] * 0.99), every=4)
    model.shock("wage", factor=1.1, region="valley", periods=5)
    for _ in range(PERIODS // steps):
        model.set_policy("services", [0.0, 0.01 * model.time])
        model["technology"] += 0.001
        model.step(steps)
        model.record("sales")
    return digest(model)


@pytest.mark.parametrize("threads", [2, 8])
def test_models_in_threads_have_the_same_bits(config, threads):
    alone = [travel(config, replicate) for replicate in range(8)]
    with ThreadPoolExecutor(threads) as pool:
        together = list(pool.map(lambda replicate: travel(config, replicate), [*range(8)] * 3))
    assert together == alone * 3


def test_groups_in_threads_have_the_same_bits(config):
    def walk(first):
        with tp.Model.many(config, 4, threads=2, first=first) as models:
            for _ in range(PERIODS):
                models.step()
            return [digest(model) for model in models]

    alone = [walk(first) for first in (0, 4, 8)]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(walk, (0, 4, 8))) == alone


def test_a_model_is_moved_by_one_thread_at_a_time(config):
    model, entered, leave = tp.Model(config), threading.Event(), threading.Event()

    def wait(model):
        entered.set()
        leave.wait(30)

    model.hook(wait, at=1)
    thread = threading.Thread(target=model.step, args=(2,))
    thread.start()
    assert entered.wait(30)
    snapshot = model.snapshot()
    for move in (model.step, lambda: model.restore(snapshot)):
        with pytest.raises(tp.StateError, match="in the middle of a step: of another thread"):
            move()
    leave.set()
    thread.join()
    assert model.time == 2
    model.step()


def test_a_group_says_which_model_is_busy(config):
    models = tp.Model.many(config, 3, threads=1)
    models[1].hook(lambda model: models.step(), at=1)
    with pytest.raises(tp.StateError, match="in the middle of a step"):
        models.step()
    assert [model.time for model in models] == [2, 1, 2]


def test_models_in_threads_of_dask(config):
    dask = pytest.importorskip("dask")
    alone = [travel(config, replicate) for replicate in range(4)]
    tasks = [dask.delayed(travel)(config, replicate) for replicate in range(4)]
    assert list(dask.compute(*tasks, scheduler="threads", num_workers=4)) == alone


@pytest.mark.slow
def test_models_in_workers_of_dask(config):
    distributed = pytest.importorskip("distributed")
    alone = [travel(config, replicate) for replicate in range(4)]
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert client.gather(client.map(travel, [config] * 4, range(4), pure=False)) == alone
        # a model travels too, and goes on where it is unpacked
        model = tp.Model(config)
        model.step(3)
        moved = client.submit(lambda model: (model.step(4), digest(model))[1], model).result()
        model.step(4)
        assert moved == digest(model)


@njit
def count(state, data):
    data[0] += 1.0
    state.trust[0] *= 0.99


def test_threads_that_share_a_world_do_the_same():
    config = make_config(regions=4, sectors=2, firms=LARGE_WORLD)
    models = [tp.Model(config.replace({"run.threads": threads})) for threads in (1, 2)]
    hooks = [model.hook(count, every=2, data=[0.0]) for model in models]
    for model in models:
        model["wage"] *= 1.1
        model.step(4)
    assert digest(models[0]) == digest(models[1])
    assert [hook.data[0] for hook in hooks] == [2.0, 2.0]
    share = models[1]["share"]
    share[0] = 2.0
    with pytest.raises(tp.StateError, match="share is 2"):
        models[1].step()
    forked = models[0].fork()
    forked.step()
    models[0].step()
    assert digest(models[0]) == digest(forked)


def run_program(environment, text, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


FORKED = """
    import os, sys, warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns where threads are left behind
    import technopole as tp
    config = tp.Config.from_toml(sys.argv[1]).replace({"time.periods": 8, "run.threads": 2})
    models, other = tp.Model.many(config, 3), tp.Model.many(config, 3)
    for group in (models, other):
        group.step(2)
    assert models.threads == 2

    def in_child(work):
        child = os.fork()
        if child == 0:
            try:
                work()
            except BaseException as failure:
                print(type(failure).__name__, failure, file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def go_on():
        models.step(3)
        models[0].step(2)
        expected = tp.run(config, replicates=3, periods=5)
        assert (models.record("firms")[1:] == expected.firms.isel(time=-1).values[1:]).all()
        assert models[0].time == 7

    assert in_child(go_on) == 0
    assert models.time == 2  # the child's worlds are its own
    go_on()

    def fork_in_hook(model):
        assert in_child(model.step) == 1

    other[0].hook(fork_in_hook, at=3)
    other.step(2)
    print("done")
"""

POOLED = """
    import multiprocessing, sys, warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    import technopole as tp

    def work(replicate):
        model = tp.Model(sys.argv[1], replicate=replicate)
        model.step(4)
        return float(model["wage"].sum())

    if __name__ == "__main__":
        alone = [work(replicate) for replicate in range(4)]
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(work, range(4)) == alone
        print("done")
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs os.fork")
def test_a_forked_process_goes_on_by_itself(environment, two_regions):
    output, errors = run_program(environment, FORKED, two_regions)
    assert output == "done\n"
    assert errors.count("\n") == 1 and "a process that was forked meanwhile" in errors


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs os.fork")
def test_pools_of_forked_processes(environment, two_regions):
    assert run_program(environment, POOLED, two_regions) == ("done\n", "")


LEFT_ALONE = """
    import locale, os, random, signal, sys, threading, warnings
    import numpy as np, numba, xarray, pandas, pydantic, zarr, scipy.sparse, scipy.special  # what these do is theirs

    def look():
        return {
            "environment": dict(os.environ),
            "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
            "threads": threading.active_count(),
            "folder": os.getcwd(),
            "errors": np.geterr(),
            "printing": {k: v for k, v in np.get_printoptions().items()},
            "random": (random.getstate(), np.random.get_state()[1].tolist()),
            "warnings": list(warnings.filters),
            "hooks": (sys.excepthook, sys.displayhook, threading.excepthook),
            "locale": locale.setlocale(locale.LC_ALL),
            "recursion": sys.getrecursionlimit(),
            "numba": {k: v for k, v in vars(numba.config).items() if k.isupper()},
            "options": xarray.get_options(),
            "umask": os.umask(0o022),
        }

    os.umask(0o022)
    before = look()
    import technopole as tp
    for name in tp.__all__:
        getattr(tp, name)
    imported = look()
    model = tp.Model(sys.argv[1])
    model.step(3)
    model["wage"] *= 1.1
    model.hook(lambda m: None)
    model.get("wage"), model.snapshot(), model.fork().step()
    model.step()
    used = look()
    for when, now in (("import", imported), ("use", used)):
        for part, value in now.items():
            assert value == before[part], (when, part, value, before[part])
"""


def test_an_import_and_a_step_leave_the_process_alone(environment, two_regions):
    assert run_program(environment, LEFT_ALONE, two_regions) == ("", "")
