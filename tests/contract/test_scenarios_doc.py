"""docs/SCENARIOS.md: its files are valid, every command in it runs, and prints what is printed there."""

import re
import shlex

import pytest
from typer.testing import CliRunner

import technopole as tp
from conftest import ROOT
from shown import assert_shown
from technopole.cli import app
from technopole.schema import INSTRUMENTS

pytest.importorskip("matplotlib")

TEXT = (ROOT / "docs" / "SCENARIOS.md").read_text(encoding="utf-8")
FILES = {
    **{
        name: f"# {name}\n{content}"
        for name, content in re.findall(r"```toml\n# (\w+\.toml)\n(.*?)```", TEXT, re.S)
    },
    **dict(re.findall(r"`(tables/\w+\.csv)`:\n\n```csv\n(.*?)```", TEXT, re.S)),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files that the text tells to save."""
    (tmp_path / "tables").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commands():
    """Yield each command as words, and the lines that it prints in the text."""
    for block in re.findall(r"^```console\n(.*?)^```", TEXT, re.S | re.M):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            first, *rest = part.strip().splitlines()
            yield shlex.split(first)[1:], [line for line in rest if line.strip()]


@pytest.mark.slow
def test_commands_print_what_the_text_shows(folder):
    done, shown = [], 0
    for words, expected in commands():
        finished = CliRunner().invoke(app, words)
        assert finished.exit_code == 0, (words, finished.output)
        if expected:
            assert_shown(expected, finished.output)
            shown += len(expected)
        done.append(words[0])
    assert done == ["check", "run", "check", "experiment", "compare"]
    assert shown > 20


def test_mistakes_are_reported_as_the_text_says(folder):
    text = (
        FILES["coast.toml"].replace("lon = 10.9", "lon = 1090").replace('group = "engin', 'grp = "engin', 1)
    )
    (folder / "coast.toml").write_text(text, encoding="utf-8")
    said = CliRunner().invoke(app, ["check", "coast.toml"]).output.splitlines()
    assert said == re.findall(r"^error: .*", TEXT, re.M)


def test_the_policy_of_the_text_is_a_policy(folder):
    (block,) = re.findall(r"```toml\n(\[\[policies.*?)```", TEXT, re.S)
    (folder / "coast.toml").write_text(FILES["coast.toml"] + block, encoding="utf-8")
    (policy,) = tp.Config.from_toml("coast.toml").policies
    assert (policy.instrument, policy.start, policy.end) == ("rd_subsidy", 10, 20)


def test_every_instrument_is_in_the_text_with_its_range():
    for name, row in INSTRUMENTS.items():
        bounds = f"| {row.low:g} to {row.high:g} |".replace("-", "−")
        assert re.search(rf"^\|.*`{name}`.*{re.escape(bounds)}", TEXT, re.M), name
