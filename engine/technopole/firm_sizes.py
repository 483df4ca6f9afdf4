"""From tables of establishments by size class to firms with an employment each.

Three steps, each unbiased and fixed by ``data.seed``:

1. *Sampling* (:func:`sample_establishments`). A share ``data.scale`` of the real establishments is
simulated. In each sector
   the establishments stand in a line, by size class and inside a class by region, and every (1/scale)-th is
   taken from a random start. So the number of firms of a sector, and of its large plants, is right to one
   firm, and no cell is favoured.
2. *Sizes* (:func:`draw_employment`). Inside a class employment is log-uniform between the bounds of the
class; the open class
   1000+ is Pareto with exponent 1 up to 50,000. The draws of a class of a sector are stratified (one in
   each n-th of the distribution, in random order), which keeps the employment of a sector near its expected
   value even for few firms.
3. *Rescaling* (:func:`rescale`). Where employment is known for the cell, its firms are multiplied by one
factor to meet it. No
   firm falls below one worker.
"""

import numpy as np
from numpy.typing import NDArray

from technopole.geography import IndexArray
from technopole.portable_math import FloatArray, exp, log, random_words, uniforms

CLASS_LABELS = ("1-4", "5-9", "10-19", "20-49", "50-99", "100-249", "250-499", "500-999", "1000+")
CLASS_LOWER = np.array([1.0, 5.0, 10.0, 20.0, 50.0, 100.0, 250.0, 500.0, 1000.0])
CLASS_UPPER = np.array([5.0, 10.0, 20.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 50000.0])
CLASSES = len(CLASS_LABELS)
SMALLEST_FIRM = 1.0  # workers

# Shares of all private US establishments by size class (Census Bureau, County Business Patterns 2017).
NATIONAL_SHARES = (0.54374, 0.182759, 0.127452, 0.091129, 0.030527, 0.017175, 0.004552, 0.001663, 0.001003)

# Streams of random numbers, one for each place that draws.
_SAMPLING, _ORDER, _WITHIN, _CELL_CLASSES = 1, 2, 3, 4


def class_means() -> FloatArray:
    """Return the expected employment of a firm drawn from each size class.

    Returns
    -------
    (9,) array of float64
        Workers.
    """
    ratio = CLASS_UPPER / CLASS_LOWER
    means = (CLASS_UPPER - CLASS_LOWER) / log(ratio)
    means[-1] = CLASS_LOWER[-1] * log(ratio[-1:])[0] / (1.0 - 1.0 / ratio[-1])
    return means


def sample_establishments(real: FloatArray, scale: float, seed: int) -> IndexArray:
    """Systematic sample of the establishments of each sector.

    Parameters
    ----------
    real : (R, S, 9) array of float64
        Establishments by region, sector and size class; need not be whole numbers.
    scale : float
        Share to take, larger than 0.
    seed : int
        ``data.seed``.

    Returns
    -------
    (R, S, 9) array of int64
        Firms to simulate. A region or sector that would get none gets one, in the cell and class where it
        has most.
    """
    regions, sectors, classes = real.shape
    line = np.ascontiguousarray(real.transpose(1, 2, 0)).reshape(sectors, classes * regions)
    reached = np.cumsum(line * scale, axis=1) + _coarse(uniforms(seed, _SAMPLING, sectors))[:, None]
    whole = np.floor(reached).astype(np.int64)
    taken = np.diff(whole, axis=1, prepend=0)
    sample = np.ascontiguousarray(taken.reshape(sectors, classes, regions).transpose(2, 0, 1))
    for sector in np.flatnonzero(sample.sum(axis=(0, 2)) == 0):
        best = np.unravel_index(int(np.argmax(real[:, sector])), (regions, classes))
        sample[best[0], sector, best[1]] = 1
    for region in np.flatnonzero(sample.sum(axis=(1, 2)) == 0):
        best = np.unravel_index(int(np.argmax(real[region])), (sectors, classes))
        sample[region, best[0], best[1]] = 1
    return sample


def split_firms(firms: IndexArray, shares: FloatArray, seed: int) -> IndexArray:
    """Split the given number of firms of each cell over the size classes.

    Parameters
    ----------
    firms : (C,) array of int64
        Firms of each cell.
    shares : (C, 9) array of float64
        Shares of the classes, summing to 1 in each cell.
    seed : int
        ``data.seed``.

    Returns
    -------
    (C, 9) array of int64
        Firms by class; each row sums to ``firms``.
    """
    start = _coarse(uniforms(seed, _CELL_CLASSES, firms.size))[:, None]
    reached = np.cumsum(shares, axis=1)
    reached[:, -1] = 1.0
    whole = np.floor(reached * firms[:, None] + start).astype(np.int64)
    return np.asarray(np.diff(whole, axis=1, prepend=0))


def draw_employment(sample: IndexArray, seed: int) -> FloatArray:
    """Employment of each firm inside its size class.

    Parameters
    ----------
    sample : (R, S, 9) array of int64
        Firms by region, sector and class.
    seed : int
        ``data.seed``.

    Returns
    -------
    (n,) array of float64
        Workers; firms in order of region, sector, class.
    """
    regions, sectors, classes = sample.shape
    counts = sample.ravel()
    total = int(counts.sum())
    stratum = np.repeat(np.tile(np.arange(sectors * classes, dtype=np.uint16), regions), counts)
    kind = stratum % np.uint16(classes)
    position = _stratified(stratum, sectors * classes, uniforms(seed, _WITHIN, total), seed)
    ratio = CLASS_UPPER / CLASS_LOWER
    employment = CLASS_LOWER[kind] * exp(position * log(ratio)[kind])
    tail = kind == classes - 1
    employment[tail] = CLASS_LOWER[-1] / (1.0 - position[tail] * (1.0 - 1.0 / ratio[-1]))
    return employment


def _stratified(stratum: NDArray[np.uint16], number: int, within: FloatArray, seed: int) -> FloatArray:
    """One draw in each n-th of (0, 1) for the n firms of a stratum, in random order."""
    order = np.argsort(random_words(seed, _ORDER, stratum.size), kind="stable")
    order = order[np.argsort(stratum[order], kind="stable")]
    sizes = np.bincount(stratum, minlength=number)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    position = np.empty(stratum.size)
    position[order] = np.arange(stratum.size) - first
    return np.asarray((position + within) / sizes[stratum])


def rescale(
    drawn: FloatArray, sample: IndexArray, real: FloatArray, known: FloatArray, means: FloatArray
) -> FloatArray:
    """Bring drawn employment to what the tables say.

    Parameters
    ----------
    drawn : (n,) array of float64
        Workers, from :func:`draw_employment`.
    sample : (R, S, 9) array of int64
        Firms by region, sector and class.
    real : (R, S, 9) array of float64
        Real establishments behind the sample.
    known : (R, S) array of float64
        Real employment of each cell; NaN or 0 where it is unknown.
    means : (S, 9) array of float64
        Real mean employment of each class; NaN where it is unknown.

    Returns
    -------
    (n,) array of float64
        Workers, at least one each. The firms of a cell that is simulated in full sum to its known
        employment (unless that is below one worker each); in a sampled cell each firm keeps its real size.
    """
    regions, sectors, classes = sample.shape
    usual = class_means()
    adjust = np.where(means > 0.0, means / usual, 1.0)
    counts = sample.ravel()
    employment = drawn * np.repeat(np.broadcast_to(adjust, sample.shape).ravel(), counts)
    per_cell = sample.sum(axis=2)
    cell = np.repeat(np.arange(regions * sectors), per_cell.ravel())
    simulated = np.bincount(cell, weights=employment, minlength=regions * sectors).reshape(regions, sectors)
    expected = np.zeros((regions, sectors))
    for index in range(classes):  # a fixed order of addition
        expected = expected + real[:, :, index] * (adjust * usual)[None, :, index]
    complete = per_cell == real.sum(axis=2)
    base = np.where(complete, simulated, expected)
    factor = np.divide(known, base, out=np.ones_like(known), where=(known > 0.0) & (base > 0.0))
    return np.maximum(employment * factor.ravel()[cell], SMALLEST_FIRM)


def cell_offsets(sample: IndexArray) -> IndexArray:
    """Range of the firms of each cell.

    Parameters
    ----------
    sample : (R, S, 9) array of int64
        Firms by region, sector and class.

    Returns
    -------
    (R*S + 1,) array of int64
        The firms of cell c stand at ``offsets[c]:offsets[c + 1]``.
    """
    offsets = np.zeros(sample.shape[0] * sample.shape[1] + 1, dtype=np.int64)
    offsets[1:] = np.cumsum(sample.sum(axis=2).ravel())
    return offsets


def _coarse(uniform: FloatArray) -> FloatArray:
    ""
    """Cut uniform numbers to 24 bits: added to a whole number below 2**28 they never round up to the next."""
    return np.asarray(np.floor(uniform * 2.0**24) * 2.0**-24)
