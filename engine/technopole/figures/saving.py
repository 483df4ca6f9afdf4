"""Saving figures to a folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from technopole.errors import TO_DRAW, OutputError, TechnopoleError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Album:
    """A folder in which figures are saved.

    Attributes
    ----------
    folder : Path
        Is there.
    paths : list of Path
        Files written, in the order in which they were.
    """

    folder: Path
    paths: list[Path] = field(default_factory=list)

    def save(self, figure: Figure, file: str, **options: Any) -> None:
        """Write a figure.

        Parameters
        ----------
        figure : Figure
            Drawn.
        file : str
            Name; a file of that name is replaced.
        **options
            Of ``Figure.savefig``.
        """
        from technopole.figures.style import DPI

        path = self.folder / file
        figure.savefig(path, dpi=DPI, **options)
        self.paths.append(path)


@contextlib.contextmanager
def album(folder: Path) -> Iterator[Album]:
    """Make a folder for the figures that are drawn in the block, in the style of technopole.

    Parameters
    ----------
    folder : Path
        Where they go; made if it does not exist.

    Yields
    ------
    Album
        Saves them.

    Raises
    ------
    TechnopoleError
        If matplotlib is not installed.
    OutputError
        If the folder or a file cannot be written.
    """
    try:
        import matplotlib
    except ImportError:
        raise TechnopoleError(TO_DRAW) from None
    from technopole.figures.style import SETTINGS

    try:
        folder.mkdir(parents=True, exist_ok=True)
        # only settings are changed, and only until the end of the block; pyplot is never imported
        with matplotlib.rc_context(SETTINGS):
            yield Album(folder)
    except OSError as error:
        raise OutputError(f"figures cannot be written to {folder}: {error.strerror or error}") from error
