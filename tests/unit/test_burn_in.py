"""Burn-in: branching from a state is running through, bit for bit."""

import numpy as np
import pytest

from sweeping import plan
from technopole.experiments.burn_in import run_burn_in, start_from
from technopole.experiments.points import PointWorlds
from technopole.simulation.advance import advance
from technopole.world.recording import Recording

PARAMETERS = {
    "learning.rule": ["broadcast", "barter", "mean_field"],
    "sharing.rule": ["proportional", "serial"],
    "spillover.distance_decay": [50.0, 500.0],
    "market.markup": [0.2, 0.3],
}
POLICIES = [{"instrument": "rd_subsidy", "value": 0.2, "start": 4, "end": 9}]


@pytest.fixture(scope="module")
def planned():
    return plan(
        experiment={"burn_in": 7, "periods": 18},
        design={"kind": "grid", "parameters": PARAMETERS},
        set={"policies": POLICIES, "entry.startups": 0.2},
        output={
            "variables": ["productivity", "firms", "wage", "size_distribution"],
            "level": "cell",
            "stride": 2,
        },
    )


def recording(planned):
    sweep = planned.sweep
    rows = sweep.periods // sweep.output.stride
    return Recording(sweep.recorded, 1, rows, len(planned.regions), len(planned.sectors))


def go_on(planned, blueprint, setting, world, kept, until):
    stop = np.zeros(1, dtype=np.int64)
    stride = planned.sweep.output.stride
    world, finished = advance(blueprint, setting, world, kept.records(0), until, stride, stop)
    assert finished
    return world


def run_through(planned, worlds, point, replicate):
    base, blueprint, sweep = worlds.base, worlds.blueprint(point), planned.sweep
    kept, world = recording(planned), base.new_world()
    setting = base.setting(worlds.seed(point))
    base.start(setting, world, replicate)
    world = go_on(planned, base, setting, world, kept, sweep.burn_in)
    go_on(planned, blueprint, blueprint.setting(worlds.seed(point)), world, kept, sweep.periods)
    return kept


def spoiled(world):
    """A world whose every number is nonsense, as that of another point would be."""
    for array in world:
        array[...] = np.nan if array.dtype.kind == "f" else 3
    return world


@pytest.mark.parametrize("replicate", [0, 3])
def test_branching_is_running_through(planned, replicate):
    worlds = PointWorlds(planned)
    stop = np.zeros(1, dtype=np.int64)
    world, branch = run_burn_in(worlds.base, worlds.base.new_world(), replicate, planned.sweep.burn_in, stop)
    for point in range(planned.n_points):
        blueprint, kept = worlds.blueprint(point), recording(planned)
        # all points in one world, the first also in a spoiled one that is too small
        worlds_to_try = [world] if point else [world, spoiled(blueprint.new_world(capacity=40))]
        expected = run_through(planned, worlds, point, replicate)
        for some in worlds_to_try:
            some = start_from(branch, blueprint, some)
            setting = blueprint.setting(worlds.seed(point))
            after = go_on(planned, blueprint, setting, some, kept, planned.sweep.periods)
            for name in planned.sweep.recorded:
                one = kept[name][:, planned.sweep.first_row :]
                other = expected[name][:, planned.sweep.first_row :]
                assert one.tobytes() == other.tobytes(), (point, name)
            if some is not worlds_to_try[-1] or point:
                world = after


def test_values_take_effect_after_the_burn_in(planned):
    worlds = PointWorlds(planned)
    first, last = (run_through(planned, worlds, point, 0) for point in (0, planned.n_points - 1))
    row = planned.sweep.first_row
    assert first["wage"][:, :row].tobytes() == last["wage"][:, :row].tobytes()
    assert first["productivity"][:, -1].tobytes() != last["productivity"][:, -1].tobytes()


def test_stopped_burn_in_has_no_branch(planned):
    worlds = PointWorlds(planned)
    stop = np.ones(1, dtype=np.int64)
    _, branch = run_burn_in(worlds.base, worlds.base.new_world(), 0, 7, stop)
    assert branch is None
