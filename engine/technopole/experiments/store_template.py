"""The empty store of an experiment: all its metadata and coordinates."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from technopole.basics.stored_names import FIRMS, JOURNAL
from technopole.data.loading import load_tables
from technopole.experiments.plan import Plan
from technopole.experiments.store_layout import coordinate_values
from technopole.experiments.store_variables import OutputVariable
from technopole.files.chunks import LEVEL, SEPARATOR, sync_folder
from technopole.files.leftovers import REPLACED_SUFFIX, unfinished
from technopole.version import __version__

FORMAT = 1
"""Of the store; another number is refused."""


def fill_value(variable: OutputVariable) -> float | int | str | bool:
    """Return what an array holds where nothing was written: NaN, 0, or nothing."""
    if variable.dtype == "str":
        return ""
    return float("nan") if np.dtype(variable.dtype).kind == "f" else 0


def place_store(path: Path, plan: Plan, replace: bool) -> None:
    """Make an empty store beside a path and move it there as a whole.

    Parameters
    ----------
    path : Path
        Of the store.
    plan : Plan
        What it is for.
    replace : bool
        Remove what is there, which comes back if that fails; otherwise that stays, and no store is made.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    part, old = unfinished(path), unfinished(path, REPLACED_SUFFIX)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        make_template(part, plan)
        there = replace and os.path.lexists(path)
        if there:
            os.rename(path, old)
        try:
            os.rename(part, path)
        except BaseException as failure:
            if there and not os.path.lexists(path):
                os.rename(old, path)
            quicker = not replace and isinstance(failure, OSError) and os.path.lexists(path)
            if not quicker:
                raise  # otherwise another process was the first to make it
        shutil.rmtree(old, ignore_errors=True)
        sync_folder(path.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def make_template(path: Path, plan: Plan) -> None:
    """Write all metadata and the coordinates of a store.

    Parameters
    ----------
    path : Path
        Must not be there.
    plan : Plan
        What the store is for.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    import zarr
    from zarr.codecs import ZstdCodec

    root: Any = zarr.open_group(path, mode="w-", zarr_format=3)
    groups: dict[str, Any] = {"": root, JOURNAL: root.create_group(JOURNAL)}
    if plan.sweep.firm_variables:
        groups[FIRMS] = root.create_group(FIRMS)
    values = coordinate_values(plan, None)
    labels = [name for name, (dim, _, _) in values.items() if name != dim]
    for variable in plan.layout.variables:
        if variable.group not in groups:
            groups[variable.group] = root.create_group(variable.group)
        attributes = {
            "long_name": variable.long_name,
            "units": variable.unit,
            "cell_methods": variable.cell_methods,
        }
        if variable.writer == "template":
            attributes = dict(values[variable.name][2])
        array = groups[variable.group].create_array(
            variable.name,
            shape=variable.shape,
            chunks=variable.chunk,
            dtype=variable.dtype,
            compressors=[ZstdCodec(level=LEVEL)],
            fill_value=fill_value(variable),
            dimension_names=list(variable.dims),
            chunk_key_encoding={"name": "default", "separator": SEPARATOR},
            attributes={key: words for key, words in attributes.items() if words},
            config={"write_empty_chunks": True},
        )
        if variable.writer == "template":
            array[...] = values[variable.name][1]
    root.attrs.update(_root_attributes(plan) | ({"coordinates": " ".join(labels)} if labels else {}))
    with warnings.catch_warnings():
        # with it plain xarray opens the store at once; it is complete from here on
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        zarr.consolidate_metadata(root.store)
    for file in path.rglob("*"):
        if file.is_file():
            with open(file, "rb") as opened:
                os.fsync(opened.fileno())
        else:
            sync_folder(file)
    sync_folder(path)


def _root_attributes(plan: Plan) -> dict[str, Any]:
    from technopole.results.output import CONVENTIONS

    sweep, now = plan.sweep, datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "Conventions": CONVENTIONS,
        "title": sweep.title or sweep.name,
        "source": f"technopole {__version__}",
        "technopole_version": __version__,
        "format": FORMAT,
        "sweep": json.dumps(sweep.to_dict(), ensure_ascii=False),
        "plan": json.dumps(plan.identity, ensure_ascii=False),
        "plan_digest": plan.digest,
        "plan_sizes": json.dumps(
            {
                "regions": list(plan.regions),
                "sectors": list(plan.sectors),
                "n_firms": plan.n_firms,
                "tables_digest": plan.tables_digest,
                "point_block": plan.point_block,
                "replicate_block": plan.replicate_block,
            },
            ensure_ascii=False,
        ),
        "plan_labels": json.dumps(_labels(plan), ensure_ascii=False),
        "design": sweep.design.kind,
        "seed": int(sweep.config.run.seed),
        "common_random_numbers": int(sweep.common_random_numbers),
        "complete": 0,
        "history": f"{now} made by technopole {__version__}",
    }


def _labels(plan: Plan) -> dict[str, Any]:
    """Return names and positions, so that the store can be finished where the data are not."""
    labels = plan.labels or load_tables(plan.sweep.config)
    return {
        "region_names": list(labels.region_names),
        "positions": np.asarray(labels.positions, dtype=np.float64).tolist(),
        "metric": labels.metric,
        "sector_names": list(labels.sector_names),
        "high_tech": [bool(value) for value in labels.high_tech],
    }
