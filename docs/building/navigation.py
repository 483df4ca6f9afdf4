"""Navigation: an order for the pages that are known, and a place for those that are new."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

SECTIONS: dict[str, tuple[str, ...]] = {
    "Start": ("index.md", "TUTORIAL.md", "SCENARIOS.md", "REPORT.md", "CLAIMS.md", "EMBEDDING.md", "COMPONENTS.md"),
    "Model": ("MODEL.md", "VALIDATION.md"),
    "Data and experiments": ("DATA.md", "EXPERIMENTS.md", "INDICATORS.md"),
    "Replications": ("replications/*",),
    "Reference": ("reference/commands.md", "reference/configuration.md", "reference/variables.md"),
    "Python": ("api/*",),
    "Development": ("CONTRIBUTING.md", "PERFORMANCE.md", "GPU.md", "CHANGELOG.md"),
    "More": ("*",),
    "Sources": ("source/*",),
}
"""Section → pages. What is not there is left out; ``*`` takes the pages that no other entry names."""
TITLES = {"index.md": "What technopole is"}


def entries(pages: Mapping[str, str]) -> list[dict[str, list[dict[str, str]]]]:
    """Return the navigation of mkdocs.

    Parameters
    ----------
    pages : mapping
        Path of each page, relative to the folder of pages → its text; made pages in the order they are read.
    """
    named = {path for paths in SECTIONS.values() for path in paths}
    rest = [path for path in pages if path not in named]
    found: list[dict[str, list[dict[str, str]]]] = []
    for section, paths in SECTIONS.items():
        chosen = [path for entry in paths for path in _matching(entry, pages, rest)]
        rest = [path for path in rest if path not in chosen]
        if chosen:
            found.append({section: [{title(path, pages[path]): path} for path in chosen]})
    return found


def _matching(entry: str, pages: Mapping[str, Any], rest: Iterable[str]) -> list[str]:
    if entry == "*":
        folders = tuple(other[:-1] for paths in SECTIONS.values() for other in paths if other.endswith("/*"))
        return [path for path in rest if not path.startswith(folders)]
    if entry.endswith("/*"):
        return [path for path in rest if path.startswith(entry[:-1])]
    return [entry] if entry in pages else []


def title(path: str, text: str) -> str:
    """Return the title of a page in the navigation: its first heading up to a colon."""
    if path in TITLES:
        return TITLES[path]
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    return heading[1].partition(":")[0].replace("`", "") if heading else path
