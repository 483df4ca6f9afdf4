"""What commands that write results and figures have in common: where these go, and how they get there."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from technopole.cli.computing import ComputeOptions
from technopole.cli.telling import Tell
from technopole.errors import TO_DRAW, Abandoned, OutputError

if TYPE_CHECKING:
    import xarray as xr

    from technopole.figures.draw import Drawn

RUNS = Path("runs")
"""Where results go that nobody asked to be elsewhere."""
NO_FOLDERS = (".zarr", ".nc", ".png", ".pdf", ".svg", ".jpg", ".html", ".toml", ".json")
"""Endings of what is not meant as the name of a folder of figures."""


class Outputs(NamedTuple):
    """Where results and figures go."""

    results: Path
    figures: Path | None
    """A folder; None if there will be none."""
    files: tuple[str, ...]
    """Names of all figures that the command may draw."""


def outputs_of(options: ComputeOptions, kind: str, default: str, files: Iterable[str]) -> Outputs:
    """Return where results and figures go, after a look whether they can.

    Parameters
    ----------
    options : ComputeOptions
        Of the command.
    kind : str
        Of the results, see `technopole.files.kinds.NAMES`.
    default : str
        Name of the results in `RUNS`, if nothing was asked for.
    files : iterable of str
        Names of all figures that the command may draw.

    Raises
    ------
    OutputError
        As `figures_folder` and `refuse_outputs`.
    """
    results = options.out or RUNS / default
    outputs = Outputs(results, figures_folder(options.figures, options.no_figures, results), tuple(files))
    refuse_outputs(results, kind, outputs.figures, outputs.files, options.overwrite)
    return outputs


def deliver(
    results: xr.Dataset,
    outputs: Outputs,
    options: ComputeOptions,
    tell: Tell,
    show: Callable[[xr.Dataset], object],
    draw: Callable[[xr.Dataset, Path], Drawn],
) -> None:
    """Write results, show them and draw their figures.

    Parameters
    ----------
    results : xarray.Dataset
        All.
    outputs : Outputs
        Where they go.
    options : ComputeOptions
        Of the command.
    tell : callable
        Gets lines on what was written.
    show : callable
        Prints the results.
    draw : callable
        Draws the figures of results into a folder.

    Raises
    ------
    OutputError
        If something cannot be written.
    Abandoned
        On Ctrl-C, when the results are written.
    """
    from technopole.files.write import write

    write(results, outputs.results, options.overwrite)
    try:
        if not options.quiet:
            show(results)
        tell(f"results: {outputs.results}")
        if outputs.figures is not None:
            drawn = draw(results, outputs.figures)
            remove_stale(outputs.figures, outputs.files, drawn.paths)
            if drawn.paths:
                tell(f"figures: {outputs.figures}: {', '.join(path.name for path in drawn.paths)}")
            for name, reason in drawn.skipped.items():
                tell(f"no figure {name}: {reason}")
    except KeyboardInterrupt:
        raise Abandoned(f"results are in {outputs.results}, figures are missing") from None


def file_stem(*names: str) -> str:
    """Return a name that can be that of a file: letters and digits of any language, others become a hyphen.

    Parameters
    ----------
    *names : str
        The first that has a letter or digit counts.

    Returns
    -------
    str
        ``run`` if none has.
    """
    for name in names:
        stem = re.sub(r"[^\w.-]+", "-", name).lstrip(".")
        if re.search(r"[^\W_]", stem):
            return stem
    return "run"


def figures_folder(wanted: Path | None, none: bool, out: Path) -> Path | None:
    """Return where figures go, or None if there will be none.

    Parameters
    ----------
    wanted : Path or None
        As asked for.
    none : bool
        Whether nobody wants figures.
    out : Path
        Of the results; the figures go beside it if nothing was asked for, or are left out if they cannot be drawn.

    Raises
    ------
    OutputError
        If figures were both asked for and not wanted, or asked for and matplotlib is not installed, or if their folder
        has the name of a file.
    """
    if wanted is not None and wanted.suffix.lower() in NO_FOLDERS:
        raise OutputError(
            f"--figures: found {wanted}, which has the suffix {wanted.suffix} of a file; allowed: a folder"
        )
    if none:
        if wanted is not None:
            raise OutputError("--figures and --no-figures contradict each other; allowed: one of them")
        return None
    if importlib.util.find_spec("matplotlib") is not None:
        return wanted or out.with_name(f"{out.stem}-figures")
    if wanted is not None:
        raise OutputError(f"--figures: {TO_DRAW}")
    return None


def refuse_outputs(out: Path, kind: str, folder: Path | None, files: Iterable[str], overwrite: bool) -> None:
    """Raise if results or figures could not be written.

    Parameters
    ----------
    out : Path
        Of the results.
    kind : str
        Of the results, see `technopole.files.kinds.NAMES`.
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
    from technopole.files.write import refuse_folder, refuse_target

    refuse_target(out, kind, overwrite)
    if folder is not None:
        refuse_store_as_folder(folder, out)
        there = [path for path in (folder / name for name in files) if path.exists()]
        if there and not overwrite:
            raise OutputError(f"{there[0]}: is there already; --overwrite replaces it")
        refuse_folder(folder, folder)


def refuse_store_as_folder(folder: Path, *results: Path) -> None:
    """Raise if figures would go into a store.

    Parameters
    ----------
    folder : Path
        Of the figures.
    *results : Path
        What is a store, or will be one.

    Raises
    ------
    OutputError
        If the folder is one of them, or lies in it or in another store.
    """
    place = folder.resolve()
    stores = {path.resolve() for path in results}
    for one in (place, *place.parents):
        if one in stores or (one / "zarr.json").exists():
            raise OutputError(f"--figures: {folder}: is or lies in a store of results; choose another folder")


def remove_stale(folder: Path, files: Iterable[str], drawn: Iterable[Path]) -> None:
    """Remove figures of earlier results that were not drawn again.

    Parameters
    ----------
    folder : Path
        Of the figures.
    files : iterable of str
        Names of all files that the command draws; others are nobody's business.
    drawn : iterable of Path
        Those drawn this time.

    Raises
    ------
    OutputError
        If one cannot be removed.
    """
    new = {path.name for path in drawn}
    for name in files:
        if name not in new:
            try:
                (folder / name).unlink(missing_ok=True)
            except OSError as failure:
                raise OutputError(
                    f"{folder / name}: shows earlier results and cannot be removed: {failure.strerror or failure}"
                ) from None
