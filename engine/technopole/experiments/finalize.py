"""The statistics of an experiment whose units are done, written into its store a few points at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.errors import TechnopoleError
from technopole.experiments.rounds import wanted_units
from technopole.experiments.store import SUMS, ExperimentStore
from technopole.experiments.store_layout import PARTIAL
from technopole.experiments.store_variables import OutputVariable
from technopole.files.chunks import sync_folder
from technopole.schema.entries import counted
from technopole.statistics.moments import Moments, Tree, merge_blocks, statistics
from technopole.statistics.quantiles import quantiles
from technopole.version import __version__

BLOCKS = 32
"""Blocks of replicates merged at a time, a power of two."""
REPLICATES = 1 << 14
"""Replicates of an outcome read at a time."""
PIECE_BYTES = 64 * 2**20
"""Values of all replicates are read in pieces of about this size where quantiles are wanted."""

Written = dict[str, list[tuple[int, int]]]
"""Array → size and checksum of each of its chunks."""
_QUANTILE_PARTS = {"quantile": "value", "quantile_se": "se"}


def finalize(store: ExperimentStore, force: bool = False) -> bool:
    """Write the statistics of a store.

    Parameters
    ----------
    store : ExperimentStore
        All its units are done; several processes may do this at once, with the same result.
    force : bool
        Write those of the replicates that there are; the store stays incomplete.

    Returns
    -------
    bool
        Whether the store is complete now.

    Raises
    ------
    TechnopoleError
        If units are missing.
    OutputError
        If the store cannot be written.
    """
    missing = wanted_units(store)
    if missing and not force:
        what = f"{counted(len(missing), 'unit')} {'is' if len(missing) == 1 else 'are'} missing"
        raise TechnopoleError(
            f"{store.path}: {what}; technopole experiment --resume computes what is missing, "
            "--force writes the statistics of what is there"
        )
    outcomes = {outcome.name for outcome in store.plan.sweep.outcomes}
    by_source: dict[str, list[OutputVariable]] = {}
    sums: Written = {}
    for variable in store.plan.layout.written_by("final"):
        by_source.setdefault(variable.of, []).append(variable)
    for name, variables in by_source.items():
        plain = [variable for variable in variables if variable.part not in _QUANTILE_PARTS]
        _write_moments(store, name, plain, name in outcomes, sums)
        rest = [variable for variable in variables if variable.part in _QUANTILE_PARTS]
        _write_quantiles(store, name, rest, sums)
        for variable in variables:
            sync_folder(store.path / variable.path)
    _sign(store, not missing, sums)
    return not missing


def _sign(store: ExperimentStore, complete: bool, sums: Written) -> None:
    entries = store.done_units().values()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    what = "statistics of all replicates" if complete else "statistics of a part of the replicates"
    store.set_attributes(
        {
            "complete": int(complete),
            "replicates_done": sum(entry.done for entry in entries),
            "replicates_failed": sum(entry.failed for entry in entries),
            SUMS: json.dumps(sums, separators=(",", ":")),
            "history": f"{store.attributes['history']}\n{now} {what}, by technopole {__version__}",
        }
    )


def _pieces(variable: OutputVariable) -> Iterator[tuple[int, range]]:
    """Return the chunks of a statistic and their points."""
    points, step = variable.shape[0], variable.chunk[0]
    for index, first in enumerate(range(0, points, step)):
        yield index, range(first, min(first + step, points))


def _write_moments(
    store: ExperimentStore,
    name: str,
    variables: list[OutputVariable],
    is_outcome: bool,
    sums: Written,
) -> None:
    if not variables:
        return
    confidence = store.plan.sweep.output.confidence
    array = store.array(name if is_outcome else f"{PARTIAL}/{name}")
    for index, points in _pieces(variables[0]):
        shape = (len(points), *variables[0].shape[1:])
        merged = Moments(np.zeros(shape, dtype=np.int64), np.zeros(shape), np.zeros(shape))
        step = store.plan.point_block
        for first in range(points.start, points.stop, step):
            some = range(first, min(first + step, points.stop))
            found = _outcome_moments(array, some) if is_outcome else _merged_blocks(array, some)
            for whole, part in zip(merged, found, strict=True):
                whole[some.start - points.start : some.stop - points.start] = part
        result = statistics(*merged, confidence=confidence)
        for variable in variables:
            _write(store, variable, index, getattr(result, variable.part), sums)


def _outcome_moments(array: Any, points: range) -> Moments:
    tree = Tree((len(points),))
    for first in range(0, array.shape[1], REPLICATES):
        tree.add(np.asarray(array[points.start : points.stop, first : first + REPLICATES]).T)
    return tree.total()


def _merged_blocks(array: Any, points: range) -> Moments:
    """Merge the blocks of some points, a fixed number at a time: the same tree as all at once."""
    count = array.shape[1]
    groups = []
    for first in range(0, count, BLOCKS):
        part = np.asarray(array[points.start : points.stop, first : first + BLOCKS])
        groups.append(merge_blocks(*(np.moveaxis(part[:, :, moment], 1, 0) for moment in range(3))))
    if len(groups) == 1:
        return groups[0]
    return merge_blocks(*(np.stack([getattr(group, part) for group in groups]) for part in Moments._fields))


def _write_quantiles(
    store: ExperimentStore,
    name: str,
    variables: list[OutputVariable],
    sums: Written,
) -> None:
    if not variables:
        return
    output = store.plan.sweep.output
    array = store.array(name)
    for index, points in _pieces(variables[0]):
        shape = (len(points), *variables[0].shape[1:])
        found = {variable.part: np.full(shape, np.nan) for variable in variables}
        for place, point in enumerate(points):
            for rows, values in _raw(array, point):
                result = quantiles(values, output.quantiles, output.confidence)
                for part, whole in found.items():
                    whole[place][(slice(None), *rows)] = getattr(result, _QUANTILE_PARTS[part])
        for variable in variables:
            _write(store, variable, index, found[variable.part], sums)


def _write(
    store: ExperimentStore,
    variable: OutputVariable,
    index: int,
    values: NDArray[Any],
    sums: Written,
) -> None:
    """Write a chunk of a statistic and note its size and checksum; the chunks of an array come in order."""
    chunk = store.write_final(variable, index, values)
    sums.setdefault(variable.path, []).append((len(chunk.content), chunk.checksum))


def _raw(array: Any, point: int) -> Iterator[tuple[tuple[slice, ...], NDArray[np.float64]]]:
    """Return all replicates of a point, some periods at a time."""
    if array.ndim == 2:
        yield (), np.asarray(array[point])
        return
    row = 8 * array.shape[1] * math.prod(array.shape[3:])
    step = max(1, PIECE_BYTES // row)
    for first in range(0, array.shape[2], step):
        rows = slice(first, min(first + step, array.shape[2]))
        yield (rows,), np.asarray(array[point, :, rows])
