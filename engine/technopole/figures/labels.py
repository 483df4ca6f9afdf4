"""Labels that do not overlap: beside the ends of lines, and at the marks of a scatter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib import patheffects
from numpy.typing import NDArray

from technopole.figures.style import DPI, INK, SOFT
from technopole.results.arrays import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LARGE = 3.5
"""Radius in points from which on a mark should neither be covered nor be mistaken for the one labelled."""


class Label(NamedTuple):
    """A text beside the end of a line or layer."""

    height: float
    text: str
    colour: str
    ink: str = ""
    """Colour of the text, that of the line if empty."""


def spread(heights: Floats, gap: float, low: float, high: float) -> Floats:
    """Move heights as little as needed so that neighbours are `gap` apart and all lie in [low, high].

    Pool adjacent violators: blocks of labels that would overlap are centred on their mean.
    """
    order = np.argsort(heights, kind="stable")
    gap = min(gap, (high - low) / max(len(heights) - 1, 1))
    blocks: list[list[float]] = []  # sum of (height - offset), number
    for rank, index in enumerate(order):
        blocks.append([float(heights[index]) - rank * gap, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, number = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += number
    flat = np.concatenate([np.full(int(number), total / number) for total, number in blocks])
    flat = np.clip(flat, low, high - gap * (len(heights) - 1))
    moved = np.empty(len(heights))
    moved[order] = flat + gap * np.arange(len(heights))
    return moved


def end_labels(axes: Axes, labels: Sequence[Label], size: float = 9.0, always: bool = False) -> None:
    """Write labels right of the axes, apart from each other; moved ones (or `always` all) get a line."""
    labels = [label for label in labels if np.isfinite(label.height)]
    if not labels:
        return
    low, high = axes.get_ylim()
    inches = axes.get_position().height * axes.figure.get_figheight()  # type: ignore[union-attr]
    per_point = (high - low) / (inches * 72.0)
    heights = np.array([label.height for label in labels])
    for label, height in zip(labels, spread(heights, 1.28 * size * per_point, low, high), strict=True):
        moved = always or abs(height - label.height) > 0.35 * size * per_point
        axes.annotate(
            label.text,
            xy=(1.0, label.height),
            xytext=(1.035, height),
            xycoords=axes.get_yaxis_transform(),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            size=size,
            color=label.ink or label.colour,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": label.colour,
                "lw": 1.0,
                "shrinkA": 1,
                "shrinkB": 0,
                "relpos": (0.0, 0.5),
            }
            if moved
            else None,
        )


def halo(width: float = 2.2) -> list[Any]:
    """Return a white outline that keeps text readable over marks."""
    return [patheffects.withStroke(linewidth=width, foreground="white")]


def place_labels(
    axes: Axes,
    where: Floats,
    radii: Floats,
    texts: Sequence[str],
    blocked: Floats | None = None,
    size: float = 8.5,
    faces: Floats | None = None,
) -> None:
    """Label the first marks of a scatter without overlap.

    Every label tries its mark's inside, then eight directions at growing distance, and takes the place
    that hides the least; labels further away get a line.

    Parameters
    ----------
    axes : Axes
        Limits already set.
    where : ndarray, shape (n, 2)
        Marks in data units, those to be labelled first.
    radii : ndarray, shape (n,)
        Points (1/72 inch).
    texts : sequence of str
        At most n labels; more important ones first.
    blocked : ndarray, shape (m, 4), optional
        Boxes (x0, y0, x1, y1) in pixels that are no place for a label.
    size : float
        Points.
    faces : ndarray, shape (n, 4), optional
        Colours of the marks (RGBA); text inside a dark mark becomes white.
    """
    pixel = DPI / 72.0
    marks = axes.transData.transform(where)
    radius = np.asarray(radii) * pixel
    boxes_of_marks = np.column_stack([marks - radius[:, None], marks + radius[:, None]])
    taken: NDArray[np.float64] = (
        np.empty((0, 4)) if blocked is None else np.asarray(blocked, dtype=np.float64)
    )
    frame = axes.get_window_extent()
    to_data = axes.transData.inverted()
    drawn_lines: list[Floats] = []
    for index, text in enumerate(texts):
        drawn = axes.text(0, 0, text, size=size, ha="center", va="center", path_effects=halo(), zorder=6)
        extent = drawn.get_window_extent()
        half = np.array([extent.width, extent.height]) / 2.0 + [2.0 * pixel, 1.0]
        centres, costs = _candidates(marks[index], radius[index], half, pixel)
        boxes = np.column_stack([centres - half, centres + half])
        own, others = marks[index], np.delete(boxes_of_marks, index, 0)
        large = np.delete(radius, index) >= LARGE * pixel
        strange = _nearer(
            boxes, own, radius[index], np.delete(marks, index, 0), np.delete(radius, index), large
        )
        lines = [_line(own, radius[index], centre, half) for centre in centres]
        costs = costs + 40.0 * _overlap(boxes, taken) + 4.0 * _overlap(boxes, others)
        costs = costs + 8.0 * _covered(boxes, others[large]) + 1.0 * strange
        costs = costs + 6.0 * np.array([_crossings(line, drawn_lines, taken) for line in lines])
        outside = (boxes[:, :2] < [frame.x0, frame.y0]) | (boxes[:, 2:] > [frame.x1, frame.y1])
        best = int(np.argmin(np.where(outside.any(axis=1), np.inf, costs)))
        drawn.set_position(tuple(to_data.transform(centres[best])))
        if best == 0 and faces is not None:
            dark = float(faces[index, :3] @ [0.299, 0.587, 0.114]) < 0.5
            drawn.set(path_effects=[], color="white" if dark else INK)
        taken = np.vstack([taken, boxes[best]])
        if float(np.hypot(*(lines[best][1] - lines[best][0]))) > 5.0 * pixel or strange[best]:
            drawn_lines.append(lines[best])
            ends = to_data.transform(lines[best])
            axes.plot(ends[:, 0], ends[:, 1], color=SOFT, linewidth=0.7, zorder=5, scalex=False, scaley=False)


def _candidates(mark: Floats, radius: float, half: Floats, pixel: float) -> tuple[Floats, Floats]:
    """Centres where a label may stand, shape (n, 2), and what each costs by itself."""
    angles = np.pi / 4.0 * np.arange(8)
    directions = np.column_stack([np.cos(angles), np.sin(angles)]).round(12)
    preference = np.array([0.0, 0.05, 0.10, 0.05, 0.03, 0.06, 0.10, 0.06])
    centres, costs = [mark], [0.0 if np.hypot(*half) < radius else 1e3]
    for ring, distance in enumerate((1.5, 8.0, 16.0, 26.0, 38.0, 52.0)):
        # The box touches the circle of this radius from outside in the given direction.
        reach = radius + distance * pixel
        for direction, cost in zip(directions, preference, strict=True):
            centres.append(mark + direction * reach + np.sign(direction) * half * (np.abs(direction) > 0.1))
            costs.append(0.02 + cost + 0.6 * ring)
    return np.array(centres), np.array(costs)


def _overlap(boxes: Floats, others: Floats) -> Floats:
    """Area of each box that others cover, as a share of the box (summed over the others), shape (n,)."""
    if len(others) == 0:
        return np.zeros(len(boxes))
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = np.clip(high - low, 0.0, None).prod(axis=2)
    return np.asarray(common.sum(axis=1) / (boxes[:, 2:] - boxes[:, :2]).prod(axis=1))


def _covered(boxes: Floats, marks: Floats) -> Floats:
    """Share of each mark that a box covers, summed over the marks, shape (n,)."""
    if len(marks) == 0:
        return np.zeros(len(boxes))
    return np.array([_overlap(marks, box[None]).sum() for box in boxes])


def _nearer(
    boxes: Floats, own: Floats, radius: float, marks: Floats, radii: Floats, large: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which boxes stand nearer to the rim of another large mark than to that of their own."""

    def gap(mark: Floats, rim: float) -> Floats:
        nearest = np.clip(mark, boxes[:, :2], boxes[:, 2:])
        return np.asarray(np.hypot(*(nearest - mark).T) - rim)

    mine = gap(own, radius)
    gaps = [gap(mark, rim) for mark, rim in zip(marks[large], radii[large], strict=True)]
    return np.asarray(np.min(gaps, axis=0) < mine + 1.0) if gaps else np.zeros(len(boxes), dtype=bool)


def _line(mark: Floats, radius: float, centre: Floats, half: Floats) -> Floats:
    """Line from the rim of a mark to the nearest point of its label, shape (2, 2)."""
    nearest = np.clip(mark, centre - half, centre + half)
    away = float(np.hypot(*(nearest - mark)))
    rim = mark + (nearest - mark) / away * radius if away > radius else nearest
    return np.array([rim, nearest])


def _crossings(line: Floats, lines: Sequence[Floats], boxes: Floats) -> int:
    """Count the lines and boxes that a line to a label would cross."""
    along = line[0] + np.linspace(0.0, 1.0, 9)[:, None] * (line[1] - line[0])
    inside = (along[:, None] > boxes[None, :, :2]) & (along[:, None] < boxes[None, :, 2:])
    return int(inside.all(axis=2).any(axis=0).sum()) + sum(_cross(line, other) for other in lines)


def _cross(one: Floats, other: Floats) -> bool:
    def side(line: Floats, point: Floats) -> float:
        (ax, ay), (bx, by) = line
        return float((bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax))

    apart = side(one, other[0]) * side(one, other[1]) < 0.0
    return apart and side(other, one[0]) * side(other, one[1]) < 0.0
