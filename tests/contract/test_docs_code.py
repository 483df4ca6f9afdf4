"""What the documents show is true: their Python runs, their commands are understood, their TOML can be read.

The blocks of a document run in order, in one namespace, in an empty folder with ``configs/`` in which every scenario is
the smallest one, and with the files that the document tells to save. A block whose first line starts with ``# not run``
is shown but does not run.
"""

import re
import shlex
import shutil
import tomllib
from pathlib import Path

import pytest
import typer.main

from technopole.cli import app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SMALLEST = "two-regions.toml"
NOT_RUN = "# not run"


def blocks(path, language):
    """Yield line and content of the blocks of a language."""
    text = path.read_text(encoding="utf-8")
    for found in re.finditer(rf"^( *)```{language}\b[^\n]*\n(.*?)^\1```", text, re.DOTALL | re.MULTILINE):
        content = re.sub(rf"^{found[1]}", "", found[2], flags=re.MULTILINE)
        yield text.count("\n", 0, found.start(2)) + 1, content


def documents_with(language):
    chosen = [path for path in DOCUMENTS if any(blocks(path, language))]
    return pytest.mark.parametrize("path", chosen, ids=[path.relative_to(ROOT).as_posix() for path in chosen])


@pytest.fixture
def small_configs(tmp_path, monkeypatch):
    """Go to a folder with small scenarios; pictures are drawn into nothing."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    shutil.copytree(ROOT / "examples", tmp_path / "examples") if (ROOT / "examples").is_dir() else None
    scenarios = tmp_path / "configs" / "scenarios"
    for path in scenarios.glob("*.toml"):
        shutil.copyfile(ROOT / "configs" / "scenarios" / SMALLEST, path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TECHNOPOLE_DEVICE", "emulated")
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    yield
    plt.close("all")


def save_files(path):
    """Write the files of a document here: blocks of TOML whose first line is the comment ``NAME.toml``."""
    for _, content in blocks(path, "toml"):
        if named := re.match(r"# (\w+\.toml)\n", content):
            Path(named[1]).write_text(content, encoding="utf-8")


@documents_with("python")
def test_python_runs(path, small_configs):
    save_files(path)
    names = {"__name__": "__main__"}
    for line, content in blocks(path, "python"):
        if not content.startswith(NOT_RUN):
            # the number of the line in a traceback is that in the document
            exec(compile("\n" * (line - 1) + content, str(path), "exec"), names)


def shown_commands():
    """Yield document, line, and arguments of every ``technopole …`` that a document or a sweep shows."""
    for path in [*DOCUMENTS, *sorted((ROOT / "configs").rglob("*.toml"))]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = re.match(r"(?:\$ |#? {4})technopole (.*)", line)
            if found and "[--" not in line:
                words = shlex.split(re.split(r"\s+[>|]\s|\s\\$", found[1])[0], comments=True)
                yield path.relative_to(ROOT).as_posix(), number, words


def test_commands_are_understood():
    group = typer.main.get_command(app)
    shown = list(shown_commands())
    assert len(shown) > 10
    for document, line, words in shown:
        try:
            group.commands[words[0]].make_context(words[0], words[1:])
        except SystemExit:
            pass
        except Exception as failure:
            raise AssertionError(f"{document}:{line}: technopole {' '.join(words)}: {failure!r}") from failure


def test_a_wrong_command_is_not_understood():
    group = typer.main.get_command(app)
    with pytest.raises(Exception, match="--replicate"):
        group.commands["run"].make_context("run", ["x.toml", "--replicate", "3"])


@documents_with("toml")
def test_toml_can_be_read(path):
    for line, content in blocks(path, "toml"):
        try:
            assert tomllib.loads(content)
        except tomllib.TOMLDecodeError as failure:
            raise AssertionError(f"{path.name}:{line}: {failure}") from failure


def test_files_that_documents_name_are_there():
    pattern = r"`((?:configs|docs|engine|kernels|tests|bench|examples)/[\w./-]*\w)`|technopole \w+ (configs/[\w./-]+)"
    named = {
        (path.name, first or second)
        for path in DOCUMENTS
        for first, second in re.findall(pattern, path.read_text(encoding="utf-8"))
    }
    assert len(named) > 20
    assert sorted((document, name) for document, name in named if not (ROOT / name).exists()) == []
