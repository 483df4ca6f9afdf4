"""What mkdocs calls while it builds the site: pages made from the program, navigation, one dialect of Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dialect
import navigation
import program
import repository
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

FORMULAS = ("MODEL.md",)
"""Pages whose text is full of formulas outside of code."""


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made: from README and its neighbours, the program, the sources that pages link to."""
    root = Path(config.config_file_path).parent
    made = repository.front_pages(root) | program.pages()
    texts = {file.src_uri: file.content_string for file in files.documentation_pages()} | made
    made |= repository.source_pages(root, texts)
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    config.nav = navigation.entries(
        {file.src_uri: file.content_string for file in files.documentation_pages()}
    )
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files, **_: Any) -> str:
    """Return the text of a page in the dialect of mkdocs, its links to the repository led to their pages."""
    root = Path(config.config_file_path).parent
    text = repository.led_to_pages(markdown, page.file.src_uri, root)
    if not page.file.src_uri.startswith("source/"):
        pages = {file.src_uri for file in files.documentation_pages()}
        text = dialect.outside(
            dialect.BLOCKS,
            lambda part: repository.with_links_at_mentions(part, page.file.src_uri, pages),
            text,
        )
    text = dialect.with_blank_lines_before_lists(text)
    if page.file.src_uri in FORMULAS:
        text = dialect.with_line_breaks(dialect.with_raised_and_lowered(text))
    return text
