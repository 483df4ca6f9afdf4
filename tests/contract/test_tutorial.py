"""docs/TUTORIAL.md: every command in it runs, and prints what is printed there."""

import re
import shlex

import pytest
from typer.testing import CliRunner

from conftest import ROOT
from shown import assert_shown
from technopole.cli import app

pytest.importorskip("bokeh")
pytest.importorskip("jinja2")

TEXT = (ROOT / "docs" / "TUTORIAL.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, flags=re.S | re.M)
KNOWN = {command.name or command.callback.__name__ for command in app.registered_commands}
LONG = ("claims", "validate")
"""Commands that take long at any size."""


def commands():
    """Yield each command as words, and the lines that it prints in the text."""
    for kind, block in BLOCKS:
        if kind != "console":
            continue
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            first, *rest = part.strip().splitlines()
            yield shlex.split(first)[1:], [line for line in rest if line.strip()]


def smaller(file):
    """The sweep of the text at a size for tests."""
    text = re.sub(r"replicates = \d+", "replicates = 2\nperiods = 6", file)
    return re.sub(r"periods = (20|40)\b", "periods = 3", text)


@pytest.fixture
def folder(tmp_path):
    """A folder with the configurations and the file that the text tells to save."""
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    (block,) = (block for kind, block in BLOCKS if kind == "toml")
    name = re.match(r"# (\S+\.toml)\n", block)[1]
    (tmp_path / name).write_text(block, encoding="utf-8")
    return tmp_path


def quick(words):
    """The command at a size for tests."""
    if words[0] == "run":
        return [*words, "--periods", "4", "--replicates", "2"]
    if words[0] in LONG:
        place = words.index("--replicates")  # given once: twice is refused
        return [*words[:place], *words[place + 2 :], "--periods", "12", "--replicates", "2", "--no-figures"]
    return words


def without_missing(words, folder):
    """A report without the options whose files are not there."""
    kept = []
    for word in words:
        if word.startswith("runs/") and kept and kept[-1] in ("--claims", "--validation"):
            if not (folder / word).exists():
                kept.pop()
                continue
        kept.append(word)
    return kept


def test_commands_of_the_tutorial_run(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (file,) = folder.glob("*.toml")
    file.write_text(smaller(file.read_text(encoding="utf-8")), encoding="utf-8")
    done = set()
    for words, _ in commands():
        if words[0] in LONG:
            continue
        # in this process, as starting nine of them takes longer than all that they do
        finished = CliRunner().invoke(app, without_missing(quick(words), folder))
        assert finished.exit_code == 0, (words, finished.output)
        done.add(words[0])
    assert done == {"check", "run", "report", "plan", "experiment", "compare"}
    assert (folder / "runs" / "china.html").stat().st_size > 1_000_000


def test_program_of_the_tutorial_runs(folder, monkeypatch):
    (program,) = (block for kind, block in BLOCKS if kind == "python")
    monkeypatch.chdir(folder)
    names = {}
    exec(program.replace("replicates=8", "replicates=2, periods=4"), names)
    assert names["similarity"].sizes == {"time": 4}


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_long_commands_of_the_tutorial_run(technopole, folder, name):
    if name not in KNOWN:
        pytest.skip(f"technopole {name} is not part of this version")
    (words,) = (words for words, _ in commands() if words[0] == name)
    finished = technopole(*quick(words))
    assert finished.returncode == 0, finished.stderr


@pytest.mark.slow
def test_tutorial_shows_what_is_printed(technopole, folder):
    shown = 0
    for words, expected in commands():
        if words[0] in LONG:
            continue
        finished = technopole(*without_missing(words, folder))
        assert finished.returncode == 0, (words, finished.stderr)
        if expected:
            assert_shown(expected, finished.stdout + finished.stderr)
            shown += len(expected)
    assert shown > 15
    program = next(block for kind, block in BLOCKS if kind == "python")
    assert "0.203, 0.263" in program
