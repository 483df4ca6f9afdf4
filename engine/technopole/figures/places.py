"""Where the regions stand on the map, and which of them are so far away that they would squash it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from technopole.results.arrays import CannotDraw, Floats

if TYPE_CHECKING:
    import xarray as xr


class Places(NamedTuple):
    """Positions in the plane of the map."""

    points: Floats
    """(region, 2), degrees of longitude and latitude, or x and y."""
    squeeze: float
    """Length of one unit of x relative to one unit of y (cosine of the middle latitude)."""
    degrees: bool


def positions(ds: xr.Dataset) -> Places:
    """Return the positions; longitudes are turned so that the map is cut at the widest empty stretch."""
    degrees = _on_regions(ds, "longitude", "latitude")
    if not degrees and not _on_regions(ds, "x", "y"):
        raise CannotDraw("the regions have no positions (coordinates latitude and longitude, or x and y)")
    names = ("longitude", "latitude") if degrees else ("x", "y")
    x, y = (np.asarray(ds[name].values, dtype=np.float64) for name in names)
    known = np.isfinite(x) & np.isfinite(y)
    squeeze = 1.0
    if degrees:
        ring = np.sort(x[known] % 360.0)
        gaps = np.diff(np.append(ring, ring[0] + 360.0))
        start = ring[(int(gaps.argmax()) + 1) % len(ring)]
        turned = (x - start) % 360.0 + start
        x = turned - 360.0 * np.round(np.nanmedian(turned) / 360.0)
        squeeze = float(np.clip(np.cos(np.radians(np.nanmedian(y[known]))), 0.1, 1.0))
    points = np.column_stack([x, y])
    points[~known] = np.nan
    return Places(points, squeeze, degrees)


def _on_regions(ds: xr.Dataset, *names: str) -> bool:
    """Tell whether these coordinates exist, one value per region, and at least one region has them all."""
    if not all(name in ds.coords and ds[name].dims == ("region",) for name in names):
        return False
    return bool(
        np.isfinite([np.asarray(ds[name].values, dtype=np.float64) for name in names]).all(axis=0).any()
    )


def components(places: Places) -> list[NDArray[np.int64]]:
    """Split the regions into the main body and far outliers that would squash the map.

    The edges of the minimum spanning tree that are longer than five times the usual edge and than a tenth
    of the diagonal are cut. The largest part is the main body, if it holds three quarters of the regions
    and alone needs at most 70 % of the area; otherwise nothing is cut.

    Returns
    -------
    list of ndarray
        Indices of regions, the main body first, then the outliers, the largest group first.
    """
    known = np.flatnonzero(np.isfinite(places.points).all(axis=1))
    flat = places.points[known] * [places.squeeze, 1.0]
    parent, length = _spanning_tree(flat)
    diagonal = float(np.hypot(*np.ptp(flat, axis=0)))
    long = (
        length > max(5.0 * float(np.median(length[1:])), 0.1 * diagonal) if len(known) > 2 else length < 0.0
    )
    label = np.arange(len(known))
    for node in parent.order:
        if node != parent.order[0] and not long[node]:
            label[node] = label[parent.of[node]]
    groups = sorted((known[label == value] for value in np.unique(label)), key=len, reverse=True)
    if len(groups) == 1:
        return groups
    area = np.ptp(flat, axis=0).prod()
    main_area = np.ptp(places.points[groups[0]] * [places.squeeze, 1.0], axis=0).prod()
    if len(groups[0]) < 0.75 * len(known) or main_area > 0.7 * area:
        return [known]
    return groups


class _Tree(NamedTuple):
    order: list[int]
    of: NDArray[np.int64]


def _spanning_tree(flat: Floats) -> tuple[_Tree, Floats]:
    """Prim's algorithm from point 0: order of joining, parents, and lengths of the edges to the parents."""
    near = np.hypot(*(flat - flat[0]).T)
    of = np.zeros(len(flat), dtype=np.int64)
    length = np.zeros(len(flat))
    outside = np.ones(len(flat), dtype=bool)
    outside[0] = False
    order = [0]
    while outside.any():
        node = int(np.argmin(np.where(outside, near, np.inf)))
        length[node] = near[node]
        outside[node] = False
        order.append(node)
        away = np.hypot(*(flat - flat[node]).T)
        closer = outside & (away < near)
        near[closer], of[closer] = away[closer], node
    return _Tree(order, of), length
