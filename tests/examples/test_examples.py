"""Every script in examples/ runs in its quick mode and prints what it promises."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))
OF_THE_EXTRA = ("SALib", "scipy", "ema_workbench", "pyabc", "gymnasium", "bamengine", "bmipy")
"""Packages of the extra technopole[examples]: without them a script is skipped; CI installs it."""
TOGETHER = 120.0
"""Seconds of processor time that all scripts may take together."""

_spent: dict[str, float] = {}


@pytest.fixture(scope="module")
def outputs(environment):
    """Output of a script, which is run once."""
    known: dict[str, str] = {}

    def run(name):
        if name not in known:
            known[name] = _run(ROOT / "examples" / f"{name}.py", environment)
        return known[name]

    return run


def _run(path, environment):
    # scripts that know no --quick are quick as they are, or look at the variable
    options = ["--quick"] if '"--quick"' in path.read_text(encoding="utf-8") else []
    env = {
        name: value
        for name, value in environment.items()
        if name not in ("PYTHONWARNINGS", "TECHNOPOLE_DATA")
    }
    before = os.times()
    done = subprocess.run(
        [sys.executable, str(path), *options],
        env={**env, "TECHNOPOLE_QUICK": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    after = os.times()
    _spent[path.stem] = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    missing = re.search(r"No module named '(\w+)", done.stderr)
    if missing and missing[1] in OF_THE_EXTRA:
        pytest.skip(f"{path.name} needs {missing[1]} (the extra technopole[examples])")
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("name", [path.stem for path in SCRIPTS])
def test_an_example_runs_and_prints_its_result(name, outputs):
    started = time.monotonic()
    text = outputs(name)
    assert re.search(r"\d", text), f"{name} printed no result: {text!r}"
    assert not re.search(r"\bnan\b", text), text
    assert time.monotonic() - started < 300


def test_the_trained_policy_beats_the_uniform_one_on_new_worlds(outputs):
    text = outputs("train_policy")
    low = float(re.search(r"95 % CI \[(-?[\d.]+),", text)[1])
    assert low > 0.0
    assert "beats the uniform one" in text


def test_start_ups_matter_most_for_the_entry_rate(outputs):
    text = outputs("salib_evaluate")
    ranked = re.findall(r"^  (\S+) +[\d.]+ ±", text.partition("entry_rate")[2], re.MULTILINE)
    assert ranked[0] == "entry.startups"
    assert len(ranked) == 10


def test_regret_is_never_negative_and_somebody_is_best(outputs):
    rows = re.findall(r"^(none|subsidy|university) +(.+)$", outputs("ema_workbench_model"), re.MULTILINE)
    regrets = {name: float(numbers.split()[-1]) for name, numbers in rows}
    assert len(regrets) == 3
    assert min(regrets.values()) >= 0.0
    # research can only gain from a subsidy that costs nothing here
    assert regrets["subsidy"] < regrets["none"]


def test_calibrated_rates_hit_their_targets_with_other_random_numbers(outputs):
    rows = re.findall(
        r"^  (\w+_rate) +([\d.]+) ± ([\d.]+) \(target ([\d.]+)\)", outputs("calibrate_entry_exit"), re.M
    )
    assert [name for name, *_ in rows] == ["entry_rate", "exit_rate"]
    for _, found, _, target in rows:
        assert float(found) == pytest.approx(float(target), rel=0.1)


def test_inference_recovers_the_parameters(outputs):
    rows = re.findall(
        r"^(\S+) +([\d.]+) +[\d.]+ +\[([\d.]+), ([\d.]+)\] +\([\d.]+, ([\d.]+)\)  (\w+)",
        outputs("simulation_based_inference"),
        re.MULTILINE,
    )
    assert len(rows) == 2
    for _, true, low, high, widest, word in rows:
        assert float(low) <= float(true) <= float(high)
        assert word == "recovered"
        # it has learnt something
        assert float(high) - float(low) < 0.6 * float(widest)


def test_the_host_and_technopole_change_each_other(outputs):
    rows = re.findall(
        r"^(neither|BAM to technopole|technopole to BAM|both) +(.+)$", outputs("coupled_host"), re.MULTILINE
    )
    growth = {name: [float(number) for number in numbers.split()] for name, numbers in rows}
    consumption, market = ({name: values[column] for name, values in growth.items()} for column in (0, 4))
    # without a way back the host does not know that it is coupled, and the other way round
    assert consumption["neither"] == consumption["BAM to technopole"]
    assert market["neither"] == market["technopole to BAM"]
    # a productivity that grows by one per cent a year lets consumption grow by about as much
    assert 0.5 < consumption["technopole to BAM"] - consumption["neither"] < 2.5
    assert market["BAM to technopole"] != market["neither"]
    assert market["both"] > market["BAM to technopole"]


def test_all_examples_together_take_less_than_two_minutes(outputs):
    for path in SCRIPTS:
        outputs(path.stem)
    assert sum(_spent.values()) < TOGETHER, _spent
