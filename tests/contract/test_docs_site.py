"""The documentation builds without a warning, names all that is public, and no link of it is dead."""

import importlib
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

import pytest

import technopole
from technopole.cli import app
from technopole.schema import ENTRIES, INSTRUMENTS, VARIABLES

pytest.importorskip("mkdocs")

ROOT = Path(__file__).resolve().parents[2]
LOADING = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src")}
"""What a browser fetches by itself."""


class Page(HTMLParser):
    """Links, anchors and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links, self.loaded, self.words = set(), [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            if (tag, name) in LOADING:
                self.loaded.append(value)
            if tag == "a" and name == "href":
                self.links.append(value)

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def built(folder, environment, *arguments):
    # not --quiet, which hides warnings from --strict too
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder), *arguments]
    quiet = {**environment, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def site(tmp_path_factory, environment):
    folder = tmp_path_factory.mktemp("site")
    done = built(folder, environment)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return {
        path.relative_to(folder).as_posix(): Page(path.read_text("utf-8")) for path in folder.rglob("*.html")
    }, folder


@pytest.fixture(scope="module")
def anchors(site):
    return {anchor for name, page in site[0].items() if name.startswith("api/") for anchor in page.anchors}


def test_every_public_name_has_its_entry(site, anchors):
    public = [name for name in technopole.__all__ if not name.startswith("_")]
    modules = {name for name in public if isinstance(getattr(technopole, name), ModuleType)}
    assert {f"api/{name}.html" for name in modules} <= set(site[0])
    names = [f"technopole.{name}" for name in public if name not in modules]
    names += [f"technopole.indicators.{name}" for name in technopole.indicators.__all__]
    assert sorted(set(names) - anchors) == []


def test_every_public_method_has_its_entry(anchors):
    classes = [name for name in technopole.__all__ if isinstance(getattr(technopole, name), type)]
    methods = [
        f"technopole.{name}.{method}"
        for name in classes
        for method, value in vars(getattr(technopole, name)).items()
        if not method.startswith(("_", "model_"))
        and (callable(value) or isinstance(value, property | classmethod))
    ]
    assert len(methods) > 20
    assert sorted(set(methods) - anchors) == []


@pytest.mark.parametrize("module", ["period", "drive", "types", "status"])
def test_entry_points_of_the_kernels_have_theirs(anchors, module):
    public = importlib.import_module(f"technopole_kernels.{module}")
    own = {
        name
        for name, value in vars(public).items()
        if not name.startswith("_")
        and getattr(value, "__module__", "") == public.__name__
        and hasattr(value, "__doc__")
    }
    assert own
    assert sorted({f"technopole_kernels.{module}.{name}" for name in own} - anchors) == []


def test_every_command_and_option_is_there(site):
    page = site[0]["reference/commands.html"]
    names = [command.name or command.callback.__name__ for command in app.registered_commands]
    assert {f"technopole-{name}" for name in names} <= page.anchors
    assert "--replicates" in page.text and "[default: threads]" in page.text


def test_every_key_and_variable_is_there(site):
    keys = site[0]["reference/configuration.html"].text
    assert [key for key in [*ENTRIES, *INSTRUMENTS] if f" {key} " not in keys] == []
    variables = site[0]["reference/variables.html"].text
    assert [name for name in VARIABLES if f" {name.removeprefix('state.')} " not in variables] == []


def test_every_file_of_docs_is_in_the_navigation(site):
    start = set(site[0]["index.html"].links)
    paths = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    # a README is the index of its folder
    pages = [path.with_suffix(".html").as_posix().replace("README", "index") for path in paths]
    assert "MODEL.html" in pages
    assert sorted(set(pages) - start) == []


def test_no_link_is_dead(site):
    pages, folder = site
    dead, seen = [], 0
    for name, page in pages.items():
        for link in page.links + page.loaded:
            parts = urlsplit(link)
            if parts.scheme or name == "404.html":
                continue
            seen += 1
            path = (
                os.path.normpath(os.path.join(os.path.dirname(name), unquote(parts.path)))
                if parts.path
                else name
            )
            if not (folder / path).exists():
                dead.append(f"{name}: {link}")
            elif parts.fragment and path in pages and unquote(parts.fragment) not in pages[path].anchors:
                dead.append(f"{name}: {link}")
    assert seen > 500
    assert dead == []


def test_nothing_comes_from_the_network(site):
    outside = [f"{name}: {link}" for name, page in site[0].items() for link in page.loaded if "//" in link]
    assert outside == []
    styles = "".join(path.read_text("utf-8") for path in site[1].rglob("*.css"))
    assert re.findall(r"(?:@import|url\()\s*[\"']?https?:[^)\"']*", styles) == []


def test_a_dead_link_is_an_error(tmp_path, environment):
    """The check of the build itself works: a copy of the documents with a wrong link is refused."""
    pages = tmp_path / "docs"
    pages.mkdir()
    (pages / "index.md").write_text("# Title\n\n[gone](gone.md)\n", "utf-8")
    (tmp_path / "mkdocs.yml").write_text("site_name: broken\nstrict: true\ntheme: {name: mkdocs}\n", "utf-8")
    done = built(tmp_path / "out", environment, "--config-file", str(tmp_path / "mkdocs.yml"))
    assert done.returncode == 1
    assert "gone.md" in done.stderr
