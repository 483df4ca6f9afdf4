"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[Path, typer.Argument(help="Configuration or scenario, a TOML file.")]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a key, such as learning.far=0.2; repeatable."),
]
Data = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder or file of the data, in place of data.path.")
]
Seed = Annotated[int | None, typer.Option(help="Seed of the random numbers.")]
Periods = Annotated[int | None, typer.Option(help="Number of periods.")]
Threads = Annotated[int | None, typer.Option(help="Number of threads; 0: all available.")]
Backend = Annotated[str | None, typer.Option(help="What computes: cpu or cuda.")]
FiguresFolder = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of the figures; OUT-figures, beside the results, if not given."),
]
NoFigures = Annotated[bool, typer.Option("--no-figures", help="Draw no figures.")]
OverwriteFile = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")]
OverwriteResults = Annotated[
    bool, typer.Option("--overwrite", help="Replace results and figures that are there.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]

SweepFile = Annotated[Path, typer.Argument(help="Sweep, a TOML file such as configs/sweeps/feedback.toml.")]
StorePath = Annotated[Path, typer.Argument(help="Store of an experiment.")]
StoreOut = Annotated[
    Path | None, typer.Option(metavar="STORE", help="Store, .zarr; runs/NAME.zarr if not given.")
]
Replicates = Annotated[int | None, typer.Option(help="Replicates of each point.")]
Force = Annotated[bool, typer.Option("--force", help="Refuse nothing that is above the limits.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the numbers for programs.")]
Outcomes = Annotated[
    list[str] | None,
    typer.Option("--outcome", metavar="NAME", help="Outcome; repeatable; all if not given."),
]
