"""The arrays of the store of an experiment: names, dimensions, chunks; and so its files and bytes.

Whoever makes, fills or predicts a store takes the arrays from here.

- Coordinates: written once, when the store is made.
- Arrays written by units, each of which fills one chunk of each: `replicate_status`, the outcomes
  (point, replicate), raw variables (point, replicate, time, …), and in the group ``partial`` the moments of
  each block of replicates (point, block, moment, time, …).
- Statistics (point, time, …) of variables and (point,) of outcomes: written when all units are done.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.basics.stored_names import (
    FIRMS,
    MOMENTS,
    PARTIAL,
    POINT_NAME,
    STATISTICS,
    STATUS,
    statistic_name,
)
from technopole.experiments.firm_growth import firms_expected
from technopole.experiments.store_variables import Layout, OutputVariable
from technopole.files.firm_output import firm_bytes, table_files
from technopole.schema import RECORDS, SIZE_EDGES
from technopole.schema.levels import cell_method, kept_dims
from technopole.sweeps.values import VARIED

if TYPE_CHECKING:
    from technopole.data.loading import Tables
    from technopole.data.tables import Labels
    from technopole.experiments.plan import Plan
    from technopole.sweeps.sweep import Sweep

__all__ = [
    "FIRMS",
    "MOMENTS",
    "PARTIAL",
    "STATISTICS",
    "STATUS",
    "Layout",
    "OutputVariable",
    "coordinate_values",
    "raw_bytes",
    "recorded_bytes",
    "store_layout",
]

FINAL_BYTES = 16 * 2**20
"""Chunks of statistics are at most about so large; they are cut along points."""


def store_layout(plan: Plan) -> Layout:
    """Return the arrays of the store of a plan.

    Parameters
    ----------
    plan : Plan
        Any.

    Returns
    -------
    Layout
        Deterministic.
    """
    sweep = plan.sweep
    sizes = _sizes(plan)
    variables = _coordinates(plan)
    variables.append(
        _by_unit(plan, sizes, STATUS, "", (), "i1", "1", "0 missing, 1 done, 2 failed", STATUS, "")
    )
    for outcome in sweep.outcomes:
        words = outcome.long_name
        variables.append(
            _by_unit(plan, sizes, outcome.name, "", (), "f8", outcome.unit, words, outcome.name, "")
        )
    for name in sweep.variables:
        variables += _variable(plan, sizes, name)
    for outcome in sweep.outcomes:
        variables += _statistics(plan, sizes, outcome.name, (), outcome.unit, outcome.long_name, "")
    for name in sweep.variables:
        row, dims = RECORDS[name], kept_dims(name, sweep.level)
        method = cell_method(name, sweep.level)
        variables += _statistics(plan, sizes, name, ("time", *dims), row.unit, row.long_name, method)
    return Layout(tuple(variables), *table_files(plan, firms_expected(plan)))


def raw_bytes(sweep: Sweep, regions: int, sectors: int, firms: int) -> int:
    """Return the bytes that the store holds of one replicate of one point, besides its outcomes.

    Parameters
    ----------
    sweep : Sweep
        Any.
    regions, sectors, firms : int
        Their numbers.

    Returns
    -------
    int
        Raw variables and tables of firms; 0 if neither is stored.
    """
    sizes = {"region": regions, "sector": sectors, "size_class": len(SIZE_EDGES)}
    values = sum(math.prod(sizes[dim] for dim in kept_dims(name, sweep.level)) for name in sweep.variables)
    one_time = 8 * values if sweep.stores_raw else 0
    if sweep.firm_variables:
        one_time += firm_bytes(sweep.firm_variables) * firms
    return int(sweep.times.size) * one_time


def recorded_bytes(sweep: Sweep, regions: int, sectors: int) -> int:
    """Return the bytes of the recording of one replicate, from which its part of the store is made.

    Parameters
    ----------
    sweep : Sweep
        Any.
    regions, sectors : int
        Their numbers.

    Returns
    -------
    int
        Bytes, at least 1.
    """
    sizes = {"region": regions, "sector": sectors, "size_class": len(SIZE_EDGES)}
    values = sum(math.prod(sizes[dim] for dim in RECORDS[name].dims[2:]) for name in sweep.recorded)
    return max(1, 8 * (sweep.periods // sweep.output.stride) * values)


def _sizes(plan: Plan) -> dict[str, int]:
    return {
        "point": plan.n_points,
        "replicate": plan.replicates,
        "block": plan.n_blocks,
        "moment": len(MOMENTS),
        "time": plan.sweep.times.size,
        "region": len(plan.regions),
        "sector": len(plan.sectors),
        "size_class": len(SIZE_EDGES),
        "quantile": len(plan.sweep.output.quantiles),
    }


def _variable(plan: Plan, sizes: dict[str, int], name: str) -> list[OutputVariable]:
    """Return what units write of a variable."""
    sweep, row = plan.sweep, RECORDS[name]
    dims = ("time", *kept_dims(name, sweep.level))
    method = cell_method(name, sweep.level)
    arrays = []
    if sweep.stores_raw:
        arrays.append(_by_unit(plan, sizes, name, "", dims, "f8", row.unit, row.long_name, name, method))
    if moments_wanted(sweep):
        words = f"{row.long_name}: {', '.join(MOMENTS)} of a block of replicates"
        every = ("moment", *dims)
        arrays.append(_by_unit(plan, sizes, name, PARTIAL, every, "f8", row.unit, words, name, method))
    return arrays


def moments_wanted(sweep: Sweep) -> bool:
    """Tell whether any statistic but quantiles is wanted."""
    return any(word != "quantiles" for word in sweep.output.statistics)


def _by_unit(
    plan: Plan,
    sizes: dict[str, int],
    name: str,
    group: str,
    dims: tuple[str, ...],
    dtype: str,
    unit: str,
    words: str,
    of: str,
    method: str,
) -> OutputVariable:
    """Return an array of which each unit writes one chunk."""
    axis, chunk = ("block", 1) if group else ("replicate", plan.replicate_block)
    all_dims = ("point", axis, *dims)
    shape = tuple(sizes[dim] for dim in all_dims)
    part = "moments" if group else ""
    chunks = (min(plan.point_block, shape[0]), min(chunk, shape[1]), *shape[2:])
    return OutputVariable(name, group, all_dims, shape, chunks, dtype, unit, words, "unit", of, part, method)


def _statistics(
    plan: Plan, sizes: dict[str, int], of: str, dims: tuple[str, ...], unit: str, words: str, method: str
) -> list[OutputVariable]:
    arrays = []
    for word in plan.sweep.output.statistics:
        for part, dtype, meaning in STATISTICS[word]:
            every = ("point", "quantile", *dims) if word == "quantiles" else ("point", *dims)
            shape = tuple(sizes[dim] for dim in every)
            one_point = 8 * math.prod(shape[1:])
            chunk = (max(1, min(shape[0], FINAL_BYTES // max(one_point, 1))), *shape[1:])
            arrays.append(
                OutputVariable(
                    statistic_name(of, part),
                    "",
                    every,
                    shape,
                    chunk,
                    dtype,
                    "1" if part == "n" else unit,
                    f"{words}: {meaning}",
                    "final",
                    of,
                    part,
                    _methods(method, part),
                )
            )
    return arrays


def _methods(method: str, part: str) -> str:
    over = {"mean": "replicate: mean", "sd": "replicate: standard_deviation"}.get(part, "")
    return f"{method} {over}".strip() if over else ""


def _coordinates(plan: Plan) -> list[OutputVariable]:
    arrays = []
    for name, (dim, values, attributes) in coordinate_values(plan).items():
        dtype = "str" if values.dtype == object else values.dtype.str.lstrip("<|=>")
        arrays.append(
            OutputVariable(
                name,
                "",
                (dim,),
                values.shape,
                values.shape,
                dtype,
                attributes.get("units", ""),
                attributes.get("long_name", ""),
                "template",
            )
        )
    return arrays


def coordinate_values(plan: Plan, tables: Tables | None = None) -> dict[str, tuple[str, Any, dict[str, str]]]:
    """Return the coordinates of the store.

    Parameters
    ----------
    plan : Plan
        Any.
    tables : Tables, optional
        In place of the labels of the plan.

    Returns
    -------
    dict of str to tuple
        Name → dimension, values, attributes. Parameters of the design stand along ``point`` under their
        dotted keys.
    """
    from technopole.data.loading import load_tables
    from technopole.results.output import coordinates

    named: Tables | Labels = tables or plan.labels or load_tables(plan.sweep.config)
    sweep, points = plan.sweep, plan.points
    attributes = {"long_name": "point of the design"}
    labels: dict[str, tuple[str, Any, dict[str, str]]] = {"point": ("point", points.ids, attributes)}
    if points.names:
        named_points = np.array(points.names, dtype=object)
        labels[POINT_NAME] = ("point", named_points, {"long_name": "name of the point"})
    for key, values in points.values.items():
        entry = VARIED[key]
        words = {"long_name": entry.doc.rstrip(".")} | ({"units": entry.unit} if entry.unit else {})
        labels[key] = ("point", values, words)
    given = coordinates(sweep.config, named)
    dim, _, words = given["time"]
    given["time"] = (dim, sweep.times, words)
    wanted = {"replicate", "time"} | {dim for name in sweep.variables for dim in kept_dims(name, sweep.level)}
    if sweep.firm_variables:
        wanted |= {"region", "sector"}
    labels |= {name: value for name, value in given.items() if value[0] in wanted}
    if "quantiles" in sweep.output.statistics:
        levels = np.array(sweep.output.quantiles, dtype=np.float64)
        labels["quantile"] = ("quantile", levels, {"long_name": "probability", "units": "1"})
    return labels
