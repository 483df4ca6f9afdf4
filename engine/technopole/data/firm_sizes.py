"""From tables of establishments by size class to firms with an employment each.

Three steps, each unbiased and fixed by ``data.seed``:

1. *Sampling* (:func:`sample_establishments`). A share ``data.scale`` of the real establishments is
   simulated. In each sector the establishments stand in a line, by size class and inside a class by region,
   and every (1/scale)-th is taken from a random start. So the number of firms of a sector, and of its large
   plants, is right to one firm, and no cell is favoured.
2. *Sizes* (:func:`draw_employment`). Inside a class employment has a power-law density, x^(-1-a) between the
   bounds of the class, with the exponent a at which the mean is the published one; where that is not known a
   is 0 (log-uniform), and 1 in the open class 1000+, which ends at 50,000. The draws of a class of a sector
   are stratified (one in each n-th of the distribution, in random order), which keeps the employment of a
   sector near its expected value even for few firms.
3. *Rescaling* (:func:`rescale`). Where employment is known for the cell, its firms are multiplied by one
   factor to meet it. No firm falls below one worker, and none of a sampled cell exceeds what the table leaves
   for it (:func:`largest_possible`).
"""

import numpy as np
from numpy.typing import NDArray

from technopole.basics.portable_math import FloatArray, exp, log, random_words, uniforms
from technopole.data.geography import IndexArray
from technopole.schema import SIZE_CLASSES

CLASS_LABELS = ("1-4", "5-9", "10-19", "20-49", "50-99", "100-249", "250-499", "500-999", "1000+")
CLASSES = len(CLASS_LABELS)
LARGEST_FIRM = 50000.0  # workers; the largest establishments of the United States are of this order
CLASS_LOWER = np.array(SIZE_CLASSES, dtype=np.float64)
CLASS_UPPER = np.append(CLASS_LOWER[1:], LARGEST_FIRM)
_LOG_RATIO = log(CLASS_UPPER / CLASS_LOWER)
_USUAL_EXPONENTS = np.array([0.0] * (CLASSES - 1) + [1.0])
_STEEPEST = (20.0, 30.0)  # largest exponents of a rising and of a falling density
_FLAT = 1e-5  # a smaller exponent is replaced by this one: the formulas divide by it
SMALLEST_FIRM = 1.0  # workers

# Shares of all private US establishments by size class (Census Bureau, County Business Patterns 2017).
NATIONAL_SHARES = (0.54374, 0.182759, 0.127452, 0.091129, 0.030527, 0.017175, 0.004552, 0.001663, 0.001003)

# Streams of random numbers, one for each place that draws.
_SAMPLING, _ORDER, _WITHIN, _CELL_CLASSES = 1, 2, 3, 4


def class_exponents(means: FloatArray) -> FloatArray:
    """Exponent of the density x^(-1-a) inside each class at which the mean is the one given.

    Parameters
    ----------
    means : (S, 9) array of float64
        Mean employment of each class; NaN or 0 where it is not known.

    Returns
    -------
    (S, 9) array of float64
        Exponents a, between -20 and 30: means outside the class, such as below 1 for 1-4, cannot be met.
    """
    low = np.full(means.shape, -_STEEPEST[0])
    high = np.full(means.shape, _STEEPEST[1])
    for _ in range(50):  # bisection: the mean falls with the exponent
        middle = 0.5 * (low + high)
        above = class_means(middle) > means
        low = np.where(above, middle, low)
        high = np.where(above, high, middle)
    return np.where(means > 0.0, 0.5 * (low + high), _USUAL_EXPONENTS)


def class_means(exponents: FloatArray | None = None) -> FloatArray:
    """Return the expected employment of a firm of each size class.

    Parameters
    ----------
    exponents : (..., 9) array of float64, optional
        Exponents as :func:`class_exponents` gives them; without it those that hold where nothing is known.

    Returns
    -------
    (..., 9) array of float64
        Workers.
    """
    used = np.asarray(_USUAL_EXPONENTS if exponents is None else exponents)
    return np.asarray(CLASS_LOWER * _moment(1.0 - used) / _moment(-used))


def _moment(power: FloatArray) -> FloatArray:
    """Integral of x^(power-1) from 1 to the ratio of the bounds of the class."""
    safe = np.where(np.abs(power) < _FLAT, _FLAT, power)
    return (exp(safe * _LOG_RATIO) - 1.0) / safe


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


def draw_employment(sample: IndexArray, exponents: FloatArray, seed: int) -> FloatArray:
    """Employment of each firm inside its size class.

    Parameters
    ----------
    sample : (R, S, 9) array of int64
        Firms by region, sector and class.
    exponents : (S, 9) array of float64
        From :func:`class_exponents`.
    seed : int
        ``data.seed``.

    Returns
    -------
    (n,) array of float64
        Workers; firms in order of region, sector, class.
    """
    regions, sectors, classes = sample.shape
    counts = sample.ravel()
    stratum = np.repeat(np.tile(np.arange(sectors * classes, dtype=np.uint16), regions), counts)
    position = _stratified(stratum, sectors * classes, uniforms(seed, _WITHIN, stratum.size), seed)
    exponent = np.where(np.abs(exponents) < _FLAT, _FLAT, exponents)
    covered = 1.0 - exp(-exponent * _LOG_RATIO)  # of the unbounded distribution, by the class
    inside = exp(-log(1.0 - position * covered.ravel()[stratum]) / exponent.ravel()[stratum])
    return np.asarray(CLASS_LOWER[stratum % np.uint16(classes)] * inside)


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
    """Bring drawn employment to what the tables say of each cell.

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
        Expected employment of each class, from :func:`class_means`.

    Returns
    -------
    (n,) array of float64
        Workers, at least one each. The firms of a cell that is simulated in full sum to its known employment
        (unless that is below one worker each); in a sampled cell each firm keeps its real size.
    """
    regions, sectors, classes = sample.shape
    per_cell = sample.sum(axis=2)
    cell = np.repeat(np.arange(regions * sectors), per_cell.ravel())
    simulated = np.bincount(cell, weights=drawn, minlength=regions * sectors).reshape(regions, sectors)
    expected = np.zeros((regions, sectors))
    for index in range(classes):  # a fixed order of addition
        expected = expected + real[:, :, index] * means[None, :, index]
    complete = per_cell == real.sum(axis=2)
    base = np.where(complete, simulated, expected)
    factor = np.divide(known, base, out=np.ones_like(known), where=(known > 0.0) & (base > 0.0))
    return np.asarray(np.maximum(drawn * factor.ravel()[cell], SMALLEST_FIRM))


def largest_possible(sample: IndexArray, real: FloatArray, known: FloatArray) -> FloatArray:
    """Return what each firm of a sampled cell can have at most, given the table that it was drawn from.

    The other establishments of the cell have at least the lower bounds of their classes; a firm has what
    these leave of the known employment. Without this bound a draw from the open class of a small cell can be
    larger than all its cell, and in a small sample larger than all its region.

    Parameters
    ----------
    sample : (R, S, 9) array of int64
        Firms by region, sector and class.
    real : (R, S, 9) array of float64
        Real establishments behind the sample.
    known : (R, S) array of float64
        Real employment of each cell; NaN or 0 where it is unknown.

    Returns
    -------
    (n,) array of float64
        Workers; infinite where the cell is simulated in full, its employment is unknown, or its
        establishments are shares of larger tables rather than whole numbers.
    """
    least = np.zeros(known.shape)
    for index in range(CLASSES):  # a fixed order of addition
        least = least + real[:, :, index] * CLASS_LOWER[index]
    spare = np.maximum(known - least, 0.0)
    whole = (real == np.floor(real)).all(axis=2)
    bounded = (known > 0.0) & whole & (sample.sum(axis=2) < real.sum(axis=2))
    bound = np.where(bounded[:, :, None], CLASS_LOWER + spare[:, :, None], np.inf)
    return np.repeat(bound.ravel(), sample.ravel())


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
    """Cut uniform numbers to 24 bits: added to a whole number below 2**28 they never round up to the next."""
    return np.asarray(np.floor(uniform * 2.0**24) * 2.0**-24)
