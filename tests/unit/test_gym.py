"""The policy environments: Gymnasium's own checks, same worlds as a model, vector equal to single, money adds up."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

import technopole as tp

gymnasium = pytest.importorskip("gymnasium", reason="needs Gymnasium (the extra technopole[gym])")

from gymnasium.utils.env_checker import check_env  # noqa: E402

from technopole.gym import ENVIRONMENT_ID, RegionalPolicyEnv, RegionalPolicyVectorEnv  # noqa: E402
from technopole.gym.task import REGION_FEATURES, PolicyTask, Seen  # noqa: E402


@pytest.fixture
def env(two_regions):
    return RegionalPolicyEnv(two_regions, periods=8)


def make_seen(rng, regions=2, sectors=3, worlds=4):
    """State of some worlds, made up."""
    names = ("workforce", "wage", "trust", "infrastructure", "university", "services", "finance")
    cells = ("tax", "sales", "price", "quality", "own_research", "productivity", "firms", "innovations")
    recorded = {name: rng.uniform(0.5, 2.0, (worlds, regions, sectors)) for name in cells}
    recorded["labour_demand"] = rng.uniform(0.5, 2.0, (worlds, regions))
    return Seen(
        {name: rng.uniform(0.2, 0.9, (worlds, regions)) for name in names},
        rng.uniform(0.01, 0.1, (worlds, 2)),
        recorded,
    )


@pytest.fixture
def task(two_regions):
    return PolicyTask(tp.Model(two_regions)._blueprint, ("rd_subsidy", "university"), None, 0.5, 1.0, 10)


def test_the_checks_of_gymnasium_pass(two_regions):
    made = gymnasium.make(ENVIRONMENT_ID, config=two_regions, periods=5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(made.unwrapped)
    assert made.spec.id == ENVIRONMENT_ID
    made.close()


def test_episodes_end_after_their_periods_with_values_in_their_spaces(env):
    observation, info = env.reset(seed=1)
    seen = []
    for period in range(8):
        assert env.observation_space.contains(observation)
        assert observation[-1] == np.float32(period / 8)
        observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        seen.append((terminated, truncated))
        assert np.isfinite(reward)
        assert reward == info["welfare"]
    assert seen == [(False, False)] * 7 + [(False, True)]
    assert len(env.observation_names) == observation.size
    assert len(env.action_names) == env.action_space.shape[0]
    assert env.observation_names[0] == "relative_wage, harbour"


def test_a_world_left_alone_is_that_of_a_model_with_its_seed(env, two_regions):
    _, info = env.reset(seed=5)
    for _ in range(4):
        env.step(np.zeros(env.action_space.shape))
    model = tp.Model(two_regions, seed=info["world_seed"])
    model.step(5 + 4)  # with the periods before the episode
    world = env._episodes.worlds.models[0]
    for name in ("wage", "technology", "share", "reputation"):
        assert np.array_equal(world[name], model[name])
    # a second episode in the same arrays is as good as new
    _, info = env.reset()
    assert info["world_seed"] != model.seed
    model = tp.Model(two_regions, seed=info["world_seed"])
    model.step(5)
    assert np.array_equal(world["technology"], model["technology"])
    assert world.time == 5


def test_policies_are_those_of_a_model(env, two_regions):
    _, info = env.reset(seed=5)
    weights = np.zeros(env.action_space.shape)
    weights[env.action_names.index("university, valley")] = 1.0
    assert env._episodes.worlds.models[0].time == 5
    env.step(weights)
    model = tp.Model(two_regions, seed=info["world_seed"])
    model.step(5)
    budget = 0.5 * model.record("tax").sum()
    wages = model["workforce"] * model["wage"]
    unit = model["norms"][1] * wages.sum() / model["workforce"].sum() * model["workforce"][1]
    model.set_policy("university", np.array([0.0, budget / unit]))
    model.step()
    assert env._episodes.worlds.models[0]["university"] == pytest.approx(model["university"], rel=1e-12)


def test_policies_of_the_configuration_stay(two_regions, tmp_path):
    policy = '[[policies]]\ninstrument = "finance"\nregions = ["valley"]\nstart = 3\nend = 7\nvalue = 0.5\n'
    path = tmp_path / "policy.toml"
    path.write_text(two_regions.read_text(encoding="utf-8") + "\n" + policy, encoding="utf-8")
    env = RegionalPolicyEnv(path, periods=6)
    _, info = env.reset(seed=5)
    for _ in range(4):
        env.step(np.zeros(env.action_space.shape))
    model = tp.Model(path, seed=info["world_seed"])
    model.step(9)
    assert np.array_equal(env._episodes.worlds.models[0]["finance"], model["finance"])


def test_the_vector_environment_equals_single_ones(two_regions):
    options = {"config": two_regions, "periods": 4, "budget": 0.8}
    together = gymnasium.make_vec(ENVIRONMENT_ID, num_envs=3, **options)
    alone = gymnasium.vector.SyncVectorEnv([lambda: RegionalPolicyEnv(**options)] * 3)
    assert together.single_action_space == alone.single_action_space
    assert together.observation_space == alone.observation_space
    first, _ = together.reset(seed=9)
    second, _ = alone.reset(seed=9)
    assert np.array_equal(first, second)
    rng = np.random.default_rng(1)
    for _ in range(11):  # over two ends of episodes
        actions = rng.uniform(size=together.action_space.shape).astype(np.float32)
        one, other = together.step(actions), alone.step(actions)
        for mine, theirs in zip(one[:4], other[:4], strict=True):
            assert np.array_equal(mine, theirs)
        assert together.observation_space.contains(one[0])
    together.close()
    alone.close()


@pytest.mark.parametrize("threads", [1, 2])
def test_vector_results_do_not_depend_on_threads(two_regions, threads):
    made = RegionalPolicyVectorEnv(two_regions, 5, threads=threads, periods=5)
    made.reset(seed=[3, 1, 4, 1, 5])
    for _ in range(5):
        observations, rewards, *_, infos = made.step(np.ones(made.action_space.shape))
    assert np.array_equal(observations[1], observations[3])
    single = RegionalPolicyEnv(two_regions, periods=5)
    single.reset(seed=5)
    for _ in range(5):
        observation, reward, *_ = single.step(np.ones(single.action_space.shape))
    assert np.array_equal(observations[4], observation)
    assert rewards[4] == reward
    assert infos["_welfare"].all()


def test_worlds_of_which_one_has_begun_anew_do_not_disturb_each_other(two_regions):
    made = RegionalPolicyVectorEnv(two_regions, 2, periods=4)
    made.reset(seed=1)
    made._episodes.done[1] = 2  # as if it had begun earlier
    overs = []
    for _ in range(6):
        *_, truncated, _ = made.step(np.ones(made.action_space.shape))
        overs.append(truncated.tolist())
    nothing = [False, False]
    assert overs == [nothing, [False, True], nothing, [True, False], nothing, nothing]


def test_the_budget_is_spent_to_the_last_penny(task):
    rng = np.random.default_rng(2)
    seen = make_seen(rng)
    actions = rng.uniform(size=(4, task.action_size))
    policies, spent = task.spend(actions, seen)
    budget = 0.5 * seen.recorded["tax"].sum(axis=(1, 2))
    assert (policies["rd_subsidy"] < 1.0).any()
    wage = (seen.regions["workforce"] * seen.regions["wage"]).sum(1) / seen.regions["workforce"].sum(1)
    cost = (policies["rd_subsidy"] * seen.recorded["own_research"].sum(2)).sum(1)
    cost += (policies["university"] * seen.regions["workforce"]).sum(1) * seen.norms[:, 1] * wage
    assert spent == pytest.approx(cost)
    within = (policies["rd_subsidy"] < 1.0).all(axis=1) & (policies["university"] < 100.0).all(axis=1)
    assert within.any()
    assert spent[within] == pytest.approx(budget[within])
    assert (spent <= budget * (1 + 1e-12)).all()
    nothing, spent = task.spend(np.zeros((4, task.action_size)), seen)
    assert not spent.any()
    assert not any(values.any() for values in nothing.values())


def test_equal_weights_are_equal_money_per_worker(task):
    seen = make_seen(np.random.default_rng(3))
    policies, _ = task.spend(np.ones((4, task.action_size)), seen)
    assert policies["university"][:, 0] == pytest.approx(policies["university"][:, 1])


def test_welfare_is_atkinsons(two_regions):
    blueprint = tp.Model(two_regions)._blueprint
    seen = make_seen(np.random.default_rng(4))
    weight = seen.regions["workforce"] / seen.regions["workforce"].sum(axis=1, keepdims=True)
    values = {}
    for aversion in (0.0, 1.0, 2.5):
        task = PolicyTask(blueprint, ("finance",), None, 0.5, aversion, 10)
        income = np.exp(task.income(seen))
        values[aversion] = np.exp(task.welfare(seen))
    assert values[0.0] == pytest.approx((weight * income).sum(1))
    assert values[1.0] == pytest.approx(np.exp((weight * np.log(income)).sum(1)))
    assert values[2.5] == pytest.approx((weight * income**-1.5).sum(1) ** (1 / -1.5))
    assert (values[2.5] < values[1.0]).all() and (values[1.0] < values[0.0]).all()


def test_real_income_falls_with_prices_and_rises_with_wages_and_quality(task):
    seen = make_seen(np.random.default_rng(5))
    base = task.income(seen)
    seen.recorded["price"] += 0.1
    assert task.income(seen) == pytest.approx(base - 0.1)
    seen.recorded["quality"] += 0.1 * 2.1 / 1.5  # what is worth that price to customers
    assert task.income(seen) == pytest.approx(base)
    seen.regions["wage"] *= np.exp(0.2)
    assert task.income(seen) == pytest.approx(base + 0.2)
    seen.recorded["price"][:, 0, 0] = np.nan  # an empty cell has no price
    seen.recorded["sales"][:, 0, 0] = 0.0
    assert np.isfinite(task.income(seen)).all()


def test_groups_of_regions_share_their_weights(two_regions):
    env = RegionalPolicyEnv(two_regions, groups={"both": ["harbour", "valley"]}, instruments=("services",))
    assert env.action_names == ["services, both"]
    assert len(env.observation_names) == 2 * len(REGION_FEATURES) + 1
    env.reset(seed=0)
    env.step([1.0])
    policy = env._episodes.worlds.models[0]._setting.policy.regions
    assert policy[2].tolist() == [[policy[2, 0, 0]] * 2]
    assert policy[2, 0, 0] > 0.0


def test_what_cannot_be_used_is_said(two_regions):
    wrong = {
        "instruments": [(("subsidy",), 'instruments: "subsidy" is unknown; did you mean "rd_subsidy"')],
        "groups": [
            ({"a": ["harbor"]}, 'region "harbor" is unknown; did you mean "harbour"'),
            ({"a": ["harbour"], "b": ["harbour"]}, "is in a group already"),
            ({"a": "harbour"}, "allowed: a list of ids"),
            ({}, "at least one group"),
        ],
        "budget": [(-1.0, "budget: found -1.0; allowed: a number from 0")],
        "periods": [(0, "periods: found 0; allowed: a whole number from 1")],
        "warmup": [(0, "warmup: found 0")],
    }
    wrong["instruments"].append((("wage_shock",), 'instruments: "wage_shock" has no price here'))
    wrong["instruments"].append((("finance", "finance"), "each one once"))
    for name, cases in wrong.items():
        for value, message in cases:
            with pytest.raises(tp.ConfigError, match=message):
                RegionalPolicyEnv(two_regions, **{name: value})
    env = RegionalPolicyVectorEnv(two_regions, 2)
    with pytest.raises(tp.StateError, match="call reset first"):
        env.step(np.ones(env.action_space.shape))
    with pytest.raises(tp.ConfigError, match="seed: found 3 numbers; allowed: 2"):
        env.reset(seed=[1, 2, 3])
    env.reset(seed=1)
    with pytest.raises(tp.StateError, match="action: found nan; allowed: numbers from 0 to 1"):
        env.step(np.full(env.action_space.shape, np.nan))


def test_without_gymnasium_the_message_says_what_to_install(environment):
    program = (
        "import sys\nsys.modules['gymnasium'] = None\n"
        "try:\n    import technopole.gym\nexcept ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert "pip install gymnasium (the extra technopole[gym])" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.full(10, 50.0), "found 50"),
        (np.full(10, -0.1), "found -0.1"),
        (np.full(10, np.nan), "found nan"),
        (np.zeros((5, 2)), r"found shape \(5, 2\)"),
        (np.zeros(3), r"found shape \(3,\)"),
        ("much", "found 'much'"),
        (None, "found None"),
    ],
)
def test_actions_outside_the_space_are_refused(env, action, message):
    env.reset(seed=1)
    with pytest.raises(tp.StateError, match=f"{message}; allowed: numbers from 0 to 1 of shape"):
        env.step(action)
    assert env._episodes.done[0] == 0
    env.step(np.full(10, 1.0 + 1e-7))  # rounding
    assert env._episodes.done[0] == 1


def test_actions_of_several_worlds_have_a_row_for_each(two_regions):
    together = RegionalPolicyVectorEnv(two_regions, 2)
    together.reset(seed=1)
    for actions in (np.zeros(20), np.zeros((2, 3)), np.full((2, 10), 2.0)):
        with pytest.raises(tp.StateError, match=r"of shape \(2, 10\)"):
            together.step(actions)
    together.close()


@pytest.mark.parametrize("kind", [RegionalPolicyEnv, RegionalPolicyVectorEnv])
def test_arguments_that_cannot_be_are_refused(two_regions, kind):
    for options in ({"render_mode": "human"}, {"periods": "a"}, {"warmup": 1.5}, {"budget": "a"}):
        (name,) = options
        with pytest.raises(tp.ConfigError, match=f"{name}: found .*; allowed: "):
            kind(two_regions, **options)
