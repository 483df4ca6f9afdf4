"""What commands that write results and figures have in common, before anything is computed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path

from technopole.errors import TO_DRAW, OutputError


def figures_folder(wanted: Path | None, none: bool, default: Path) -> Path | None:
    """Return where figures go, or None if there will be none.

    Parameters
    ----------
    wanted : Path or None
        As asked for.
    none : bool
        Whether nobody wants figures.
    default : Path
        Where nothing was asked for; then figures are left out if they cannot be drawn.

    Raises
    ------
    OutputError
        If figures were asked for and matplotlib is not installed.
    """
    if none:
        return None
    if importlib.util.find_spec("matplotlib") is not None:
        return wanted or default
    if wanted is not None:
        raise OutputError(f"--figures: {TO_DRAW}")
    return None


def refuse_outputs(out: Path, folder: Path | None, files: Iterable[str], overwrite: bool) -> None:
    """Raise if results or figures could not be written.

    Parameters
    ----------
    out : Path
        Of the results.
    folder : Path or None
        Of the figures.
    files : iterable of str
        Names of the figures' files.
    overwrite : bool
        Whether what is there may be replaced.

    Raises
    ------
    OutputError
        If something is there already, or a place cannot be written.
    """
    from technopole.store import refuse_folder, refuse_target

    refuse_target(out, overwrite)
    if folder is not None:
        there = [path for path in (folder / name for name in files) if path.exists()]
        if there and not overwrite:
            raise OutputError(f"{there[0]}: is there already; --overwrite replaces it")
        refuse_folder(folder, folder)
