"""Pages made from files outside of docs/: README and its neighbours, and sources that a page links to."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath

FRONT = {"README.md": "index.md", "CONTRIBUTING.md": "CONTRIBUTING.md", "CHANGELOG.md": "CHANGELOG.md"}
"""File at the top → page."""
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#|/)([^)\s#]+)(#[^)\s]*)?(?=\))")
MENTION = re.compile(r"(?<![\w/\[.`-])(?<!\]\()`?(?:docs/)?([A-Z]+|replications/\w+)\.md`?(?![\w\]])")
LANGUAGES = {".py": "python", ".toml": "toml", ".c": "c", ".yml": "yaml", ".cff": "yaml", ".sh": "bash"}


def front_pages(root: Path) -> dict[str, str]:
    """Return the pages of the files at the top: path of the page → text."""
    return {page: (root / file).read_text(encoding="utf-8") for file, page in FRONT.items()}


def source_pages(root: Path, texts: Mapping[str, str]) -> dict[str, str]:
    """Return a page for every file outside of docs/ that one of the texts links to."""
    found = {}
    for page, text in texts.items():
        for _, target in _links(text, page, root):
            if not target.startswith("docs/") and target not in FRONT:
                found[_page_of(target)] = _shown(root, target)
    return found


def with_links_at_mentions(text: str, page: str, pages: Collection[str]) -> str:
    """Return the text with the names of other pages, such as docs/DATA.md, made links to them."""
    folder = str(PurePosixPath(page).parent)

    def link(found: re.Match[str]) -> str:
        target = FRONT.get(f"{found[1]}.md", f"{found[1]}.md")
        there = target in pages and target != page
        return f"[{found[0]}]({os.path.relpath(target, folder)})" if there else found[0]

    return MENTION.sub(link, text)


def led_to_pages(text: str, page: str, root: Path) -> str:
    """Return the text of a page with its links to files of the repository led to the pages of these."""
    folder = str(PurePosixPath(page).parent)
    targets = dict(_links(text, page, root))

    def led(found: re.Match[str]) -> str:
        target = targets.get(found[1])
        return found[0] if target is None else os.path.relpath(_page_of(target), folder) + (found[2] or "")

    return LINK.sub(led, text)


def _links(text: str, page: str, root: Path) -> Iterator[tuple[str, str]]:
    """Yield the relative links of a page into the repository: as written, path from its top."""
    origins = {made: file for file, made in FRONT.items()}
    place = PurePosixPath(origins.get(page, f"docs/{page}")).parent
    for link, _ in LINK.findall(text):
        target = os.path.normpath(place / link)
        if not target.startswith("..") and (root / target).exists():
            yield link, target


def _page_of(target: str) -> str:
    if target in FRONT:
        return FRONT[target]
    return target.removeprefix("docs/") if target.startswith("docs/") else f"source/{target}.md"


def _shown(root: Path, target: str) -> str:
    path = root / target
    if path.is_dir():
        names = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith(("_", ".")))
        return f"# {target}\n\n" + "\n".join(f"- `{name}`" for name in names) + "\n"
    language = LANGUAGES.get(path.suffix, "text")
    return f"# {target}\n\n~~~~{language}\n{path.read_text(encoding='utf-8')}\n~~~~\n"
