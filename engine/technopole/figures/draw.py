"""Draw the figures of a run as PNG files.

Importing this module is cheap; matplotlib is imported when something is drawn.

>>> drawn = draw(ds, Path("runs/figures"))  # doctest: +SKIP
>>> drawn.paths, drawn.skipped  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from technopole.figures.saving import album

if TYPE_CHECKING:
    import xarray as xr

FIGURES: dict[str, tuple[str, str]] = {
    "map": ("map", "draw_map"),
    "sectors": ("structure", "draw_sectors"),
    "firm_sizes": ("sizes", "draw_firm_sizes"),
    "entry_exit": ("firms", "draw_entry_exit"),
    "knowledge": ("firms", "draw_knowledge"),
    "similarity": ("structure", "draw_similarity"),
}
"""Name of each figure (the file is name.png), the module and the function that draws it."""


PNG_EFFORT = 2
"""Of zlib, 0 to 9: the files are a little larger than with 6, and written in a third of the time."""


@dataclass(frozen=True)
class Drawn:
    """What `draw` wrote and what it left out.

    Iterating goes over the paths.
    """

    paths: list[Path] = field(default_factory=list)
    """Files written, in the order of `FIGURES`."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Name of each figure left out, with the reason."""

    def __iter__(self) -> Iterator[Path]:
        """Go over the files written."""
        return iter(self.paths)

    def __len__(self) -> int:
        """Count the files written."""
        return len(self.paths)


def draw(ds: xr.Dataset, folder: Path) -> Drawn:
    """Draw every figure for which the dataset has the variables.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of a run, see `technopole.results.output`.
    folder : Path
        Where the PNG files go; made if it does not exist. Files of the same name are replaced.

    Returns
    -------
    Drawn
        The files written, and why figures were skipped.

    Raises
    ------
    TechnopoleError
        If matplotlib is not installed.
    OutputError
        If the folder or a file cannot be written.
    """
    from technopole.results.arrays import CannotDraw

    note, skipped = footnote(ds), {}
    with album(Path(folder)) as figures:
        for name, (module, function) in FIGURES.items():
            painter = getattr(importlib.import_module(f"technopole.figures.{module}"), function)
            try:
                figure = painter(ds, note)
            except CannotDraw as reason:
                skipped[name] = str(reason)
                continue
            figures.save(figure, f"{name}.png", pil_kwargs={"compress_level": PNG_EFFORT})
    return Drawn(figures.paths, skipped)


def footnote(ds: xr.Dataset) -> str:
    """Return the line below every figure: scenario, replicates, seed, version."""
    replicates = int(ds.sizes.get("replicate", 1))
    parts = [str(ds.attrs.get("title", "unnamed scenario"))]
    parts.append(f"{replicates} replicates" if replicates > 1 else "1 replicate")
    if "seed" in ds.attrs:
        parts.append(f"seed {ds.attrs['seed']}")
    parts.append(f"technopole {ds.attrs.get('technopole_version', '(version unknown)')}")
    return "  ·  ".join(parts)
