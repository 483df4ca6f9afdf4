"""Economic complexity of regions and sectors: the eigenvector form and the method of reflections."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from technopole.indicators.co_occurrence import PRESENCE, Presence, present
from technopole.indicators.core import Floats, compute, dataset, one_of, ratio, require, title

if TYPE_CHECKING:
    import xarray as xr

NEAR = 1e-9
"""Eigenvalues that differ by less count as the same."""


def economic_complexity(
    values: xr.DataArray,
    *,
    region: str = "region",
    sector: str = "sector",
    presence: Presence = "quotient",
) -> xr.Dataset:
    """Return the complexity of regions (ECI) and sectors (PCI) (Hidalgo and Hausmann 2009).

    With presence M(r, k) of 0 or 1, diversity d(r) = Σ_k M and ubiquity u(k) = Σ_r M, ECI is the eigenvector
    to the second largest eigenvalue of D⁻¹ M U⁻¹ Mᵀ, standardised over regions (mean 0, standard deviation 1
    with divisor n), with the sign that makes it rise with diversity. PCI has the same scale: ECI is the mean
    PCI of the sectors that a region has.

    Parameters
    ----------
    values : DataArray, dims (..., region, sector)
        Employment, sales or another amount, at least 0. NaN counts as 0.
    region, sector : str
        Names of the dimensions.
    presence : {"quotient", "positive"}
        A region has a sector if the location quotient is at least 1, or if the value is above 0.

    Returns
    -------
    Dataset
        ``eci`` and ``diversity`` with dims (..., region), ``pci`` and ``ubiquity`` with dims (..., sector),
        ``eigenvalue``, the second largest, with dims (...). Regions and sectors without presence have NaN and
        do not matter for the others. All NaN if there is no second direction, or no single one: the network
        of regions and sectors falls into parts (a second eigenvalue of 1), or the second and third are equal.

    Raises
    ------
    ValueError
        If a dimension is missing, an amount negative or infinite, or the choice unknown.

    Notes
    -----
    In small networks ECI and diversity may hardly be correlated; then the sign means little.
    """
    require(values, region, sector)
    one_of(presence, PRESENCE, "presence")
    function = partial(_complexity, presence=presence, what=title(values))
    outputs: list[tuple[str, ...]] = [(region,), (sector,), (region,), (sector,), ()]
    parts = compute(function, [values], [(region, sector)], outputs)
    text = title(values)
    rows = (
        ("eci", f"economic complexity of the region by {text}"),
        ("pci", f"complexity of the sector by {text}"),
        ("diversity", f"sectors that the region has by {text}"),
        ("ubiquity", f"regions that have the sector by {text}"),
        ("eigenvalue", "second largest eigenvalue"),
    )
    return dataset(parts, rows)


def _complexity(values: Any, presence: str, what: str) -> tuple[Floats, ...]:
    there = present(values, presence, what)
    diversity, ubiquity = there.sum(axis=-1), there.sum(axis=-2)
    if there.shape[-1] <= there.shape[-2]:
        value, pci, unique = _second(np.swapaxes(there, -1, -2))
        eci = ratio((there @ pci[..., None])[..., 0], diversity)
    else:
        value, eci, unique = _second(there)
        pci = ratio((np.swapaxes(there, -1, -2) @ eci[..., None])[..., 0], ubiquity * value[..., None])
    mean, deviation = _moments(eci, diversity > 0.0)
    centred = np.where(diversity > 0.0, eci - mean, 0.0)
    rises = (centred * diversity).sum(axis=-1, keepdims=True)
    scale = np.where(unique[..., None], np.where(rises < 0.0, -deviation, deviation), 0.0)
    eci = np.where(diversity > 0.0, ratio(eci - mean, scale), np.nan)
    pci = np.where(ubiquity > 0.0, ratio(pci - mean, scale), np.nan)
    return eci, pci, diversity, ubiquity, value


def _second(there: Floats) -> tuple[Floats, Floats, Any]:
    """Return the second eigenvalue of D⁻¹ M U⁻¹ Mᵀ, its eigenvector, and whether there is one and only one."""
    rows, columns = there.sum(axis=-1), there.sum(axis=-2)
    root = ratio(np.ones(rows.shape), np.sqrt(rows), 0.0)
    scaled = there * root[..., :, None]
    symmetric = (scaled * ratio(np.ones(columns.shape), columns, 0.0)[..., None, :]) @ np.swapaxes(
        scaled, -1, -2
    )
    if rows.shape[-1] < 2:
        nothing = np.full(rows.shape, np.nan)
        return nothing[..., 0], nothing, np.zeros(rows.shape[:-1], dtype=bool)
    values, vectors = np.linalg.eigh(symmetric)
    second = values[..., -2]
    third = values[..., -3] if rows.shape[-1] > 2 else np.zeros(second.shape)
    unique = (second > NEAR) & (second < 1.0 - NEAR) & (second - third > NEAR)
    return np.where(second > NEAR, second, 0.0), vectors[..., -2] * root, unique


def _moments(values: Floats, use: Any) -> tuple[Floats, Floats]:
    """Return mean and standard deviation over the last axis, kept, of the entries in use."""
    count = use.sum(axis=-1, keepdims=True)
    mean = ratio(np.where(use, values, 0.0).sum(axis=-1, keepdims=True), count)
    squares = (np.where(use, values - mean, 0.0) ** 2).sum(axis=-1, keepdims=True)
    return mean, np.sqrt(ratio(squares, count))


def reflections(
    values: xr.DataArray,
    *,
    region: str = "region",
    sector: str = "sector",
    order: int = 1,
    presence: Presence = "quotient",
) -> xr.Dataset:
    """Return the method of reflections (Hidalgo and Hausmann 2009).

    From diversity k(r, 0) and ubiquity k(k, 0): k(r, n) = Σ_k M(r, k) k(k, n − 1) / k(r, 0) and
    k(k, n) = Σ_r M(r, k) k(r, n − 1) / k(k, 0).

    Parameters
    ----------
    values : DataArray, dims (..., region, sector)
        Employment, sales or another amount, at least 0. NaN counts as 0.
    region, sector : str
        Names of the dimensions.
    order : int
        n, at least 0.
    presence : {"quotient", "positive"}
        A region has a sector if the location quotient is at least 1, or if the value is above 0.

    Returns
    -------
    Dataset
        ``regions`` with dims (..., region) and ``sectors`` with dims (..., sector). NaN for those without
        presence, from order 1.

    Raises
    ------
    ValueError
        If a dimension is missing, an amount negative or infinite, the order negative or the choice unknown.
    """
    require(values, region, sector)
    one_of(presence, PRESENCE, "presence")
    if order < 0:
        raise ValueError(f"order is {order}; it must be at least 0")
    function = partial(_reflections, order=order, presence=presence, what=title(values))
    parts = compute(function, [values], [(region, sector)], [(region,), (sector,)])
    text = title(values)
    rows = (
        ("regions", f"reflection {order} of the regions by {text}"),
        ("sectors", f"reflection {order} of the sectors by {text}"),
    )
    return dataset(parts, rows)


def _reflections(values: Any, order: int, presence: str, what: str) -> tuple[Floats, Floats]:
    there = present(values, presence, what)
    diversity, ubiquity = there.sum(axis=-1), there.sum(axis=-2)
    regions, sectors = diversity, ubiquity
    for _ in range(order):
        seen = np.nan_to_num(sectors)[..., None], np.nan_to_num(regions)[..., None]
        regions = ratio((there @ seen[0])[..., 0], diversity)
        sectors = ratio((np.swapaxes(there, -1, -2) @ seen[1])[..., 0], ubiquity)
    return regions, sectors
