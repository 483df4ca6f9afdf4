"""Figures of structure over time: sector mix of the economy, similarity of the regions."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from technopole.figures.labels import Label, end_labels
from technopole.figures.palette import HIGH_TECH_COLOURS, OTHER, OTHER_HIGH_TECH, TRADITIONAL_COLOURS
from technopole.figures.style import (
    BLUE,
    FEW,
    INK,
    VERMILION,
    YEAR,
    Page,
    number,
    plain_axes,
    series,
    signed,
    time_axis,
    with_bands,
)
from technopole.results.arrays import CannotDraw, Floats, array, high_tech, sector_names, years
from technopole.results.numbers import krugman_index, mean_interval, sparse, structural_similarity
from technopole.schema.variables import CELL

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMED_SECTORS = 9
LONGEST = 47
"""Letters of a sector's name."""
SAME = 0.01
"""Change of the similarity that is called none where too few replicates tell how uncertain it is."""


class Layer(NamedTuple):
    """One layer of the stack."""

    name: str
    share: Floats
    """(time,)"""
    colour: str


def draw_sectors(ds: xr.Dataset, note: str) -> Figure:
    """Draw the shares of the sectors in employment as stacked layers, high-tech sectors below.

    Parameters
    ----------
    ds : xarray.Dataset
        With `employment` (replicate, time, region, sector).
    note : str
        Line below the figure.

    Raises
    ------
    CannotDraw
        If `employment` is missing or nowhere positive, or there is only one sector.
    """
    workers = np.nansum(array(ds, "employment", *CELL), axis=2)
    if workers.shape[-1] < 2:
        raise CannotDraw("one sector only")
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = mean_interval(workers / workers.sum(axis=2, keepdims=True))[0]
    if not np.isfinite(shares).all():
        raise CannotDraw("no employment in some period")
    high, names, when = high_tech(ds), sector_names(ds), years(ds)
    below = _layers(shares, names, high, HIGH_TECH_COLOURS, "Other high-tech", OTHER_HIGH_TECH)
    above = _layers(shares, names, ~high, TRADITIONAL_COLOURS, "Other", OTHER)

    page = Page(
        _sector_title(shares, high, names, when), _sector_subtitle(shares, names, high), note, height=5.6
    )
    axes = page.axes(0.07, 0.43, top_gap=0.32)
    plain_axes(axes, YEAR, "", "share of employment")
    x, stack = when, np.array([layer.share for layer in below + above])
    if len(when) == 1:
        x, stack = when[0] + np.array([-0.5, 0.5]), np.repeat(stack, 2, axis=1)
    axes.stackplot(
        x, stack, colors=[layer.colour for layer in below + above], edgecolor="white", linewidth=0.7
    )
    if below and above:
        border = stack[: len(below)].sum(axis=0)
        axes.plot(x, border, color="white", linewidth=3.2)
        axes.plot(x, border, color=INK, linewidth=1.4)
    time_axis(axes, when)
    axes.set_ylim(0.0, 1.0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    tops = stack[:, -1].cumsum()
    middles = tops - stack[:, -1] / 2.0
    end_labels(
        axes,
        [
            Label(float(middle), _layer_text(layer), layer.colour, INK)
            for middle, layer in zip(middles, below + above, strict=True)
        ],
        size=8.5,
        always=True,
    )
    return page.figure


def draw_similarity(ds: xr.Dataset, note: str) -> Figure:
    """Draw how alike the employment structures of the regions are: cosine similarity and Krugman index.

    Parameters
    ----------
    ds : xarray.Dataset
        With `employment` (replicate, time, region, sector).
    note : str
        Line below the figure.

    Raises
    ------
    CannotDraw
        If `employment` is missing, or never two regions have employment, or there is only one sector.
    """
    employment = array(ds, "employment", *CELL)
    if employment.shape[3] < 2:
        raise CannotDraw("one sector only")
    # World by world: the sorted copy of a large result would not fit in memory.
    cosine = np.array([structural_similarity(world) for world in employment])
    krugman = np.array([krugman_index(world) for world in employment])
    if not np.isfinite(cosine).any():
        raise CannotDraw("fewer than two regions with employment")
    when = years(ds)
    caveat = sparse(array(ds, "firms", *CELL)) if "firms" in ds else ""
    page = Page(
        _similarity_title(cosine, krugman, when, bool(caveat)),
        f"Employment structures of {employment.shape[2]} regions over {employment.shape[3]} sectors, "
        "mean over all pairs of regions, every pair counting the same"
        + (f". Caution: {caveat}" if caveat else ""),
        with_bands(note, len(cosine)),
    )
    for left, values, colour, heading, label in (
        (0.07, cosine, BLUE, "Structural similarity", "cosine of employment shares; 1 = same structure"),
        (
            0.565,
            krugman,
            VERMILION,
            "Krugman index",
            "sum of share differences; 0 = same, 2 = disjoint",
        ),
    ):
        axes = page.axes(left, 0.36)
        plain_axes(axes, YEAR, heading, label)
        last = series(axes, when, values, colour)
        time_axis(axes, when)
        _widen(axes, 0.02)
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        if axes.get_ylim()[0] > 0.0:
            axes.set_xlabel(f"{YEAR} (vertical axis does not start at 0)")
        end_labels(axes, [Label(last, number(last, 3), colour)], size=9.5)
    return page.figure


def _widen(axes: Axes, least: float) -> None:
    """Keep the range of the vertical axis from magnifying what hardly moves."""
    low, high = axes.get_ylim()
    if high - low < least:
        axes.set_ylim((low + high - least) / 2.0, (low + high + least) / 2.0)


def _layers(
    shares: Floats,
    names: list[str],
    member: NDArray[np.bool_],
    colours: tuple[str, ...],
    rest: str,
    rest_colour: str,
) -> list[Layer]:
    """Return the layers of one kind of sector, the largest first, what is not named together as the last."""
    usual = shares.mean(axis=0)
    count = len(usual)
    named = np.argsort(-usual, kind="stable")[: NAMED_SECTORS if count > NAMED_SECTORS + 1 else count]
    mine = [int(k) for k in named if member[k]]
    layers = [Layer(names[k], shares[:, k], colours[i % len(colours)]) for i, k in enumerate(mine)]
    left = np.setdiff1d(np.flatnonzero(member), mine)
    if len(left) == 1:
        layers.append(Layer(names[int(left[0])], shares[:, left[0]], colours[len(mine) % len(colours)]))
    elif len(left):
        layers.append(Layer(f"{rest} ({len(left)})", shares[:, left].sum(axis=1), rest_colour))
    return layers


def _layer_text(layer: Layer) -> str:
    name = textwrap.shorten(layer.name, LONGEST, placeholder=" …").replace(", …", " …")
    change = f" ({signed(100.0 * (layer.share[-1] - layer.share[0]), 1)})" if len(layer.share) > 1 else ""
    return f"{name} {100.0 * layer.share[-1]:.1f} %{change}"


def _sector_title(shares: Floats, high: NDArray[np.bool_], names: list[str], when: Floats) -> str:
    span = when[-1] - when[0]
    if high.any() and not high.all():
        start, end = 100.0 * shares[[0, -1]][:, high].sum(axis=1)
        if span == 0.0:
            return f"High-tech sectors hold {end:.1f} % of employment"
        if abs(end - start) < 0.05:
            return f"High-tech sectors stay at {end:.1f}\u00a0% of employment over {span:g}\u00a0years"
        verb = "rise" if end > start else "fall"
        return f"High-tech sectors {verb} from {start:.1f} % to {end:.1f} % of employment in {span:g} years"
    largest = int(shares[-1].argmax())
    return f"{names[largest]} is the largest sector with {100.0 * shares[-1, largest]:.1f} % of employment"


def _sector_subtitle(shares: Floats, names: list[str], high: NDArray[np.bool_]) -> str:
    text = (
        "High-tech sectors in blue and green below the dark line. " if high.any() and not high.all() else ""
    )
    if len(shares) == 1:
        return text + "Right: share."
    change = 100.0 * (shares[-1] - shares[0])
    gain, loss = int(change.argmax()), int(change.argmin())
    text += "Right: last share (change since the first year in percentage points). "
    if np.abs(change).max() < 0.05:
        return text + "No sector gains or loses."
    return (
        f"{text}Largest gain {names[gain]}\u00a0{signed(change[gain], 1)}, "
        f"largest loss {names[loss]}\u00a0{signed(change[loss], 1)}."
    )


def _similarity_title(cosine: Floats, krugman: Floats, when: Floats, few_firms: bool) -> str:
    mean, index = mean_interval(cosine)[0], mean_interval(krugman)[0]
    if len(when) == 1:
        return f"Structural similarity of the regions is {mean[0]:.3f}, Krugman index {index[0]:.3f}"
    change, half = (float(value) for value in mean_interval(cosine[:, -1] - cosine[:, 0]))
    clear = abs(change) > (half if len(cosine) >= FEW and np.isfinite(half) else SAME)
    alike = "grow more alike" if change > 0 else "grow apart"
    if not np.isfinite(change):  # nobody works at an end in any replicate
        alike = "cannot be compared"
    elif not clear:
        alike = "show no clear change" if abs(change) > SAME else "hardly change their structures"
    return (
        f"{'Samples of regions' if few_firms else 'Regions'} {alike}: "
        f"similarity from {number(mean[0], 3)}\u00a0to\u00a0{number(mean[-1], 3)}, "
        f"Krugman index from {number(index[0], 3)}\u00a0to\u00a0{number(index[-1], 3)}"
    )
