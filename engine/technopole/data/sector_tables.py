"""What the model needs to know of sectors: their parameters, how related they are, where they buy."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from technopole.basics.portable_math import FloatArray
from technopole.errors import DataError
from technopole.schema import SECTOR_DEFAULTS, suggestion

if TYPE_CHECKING:
    from technopole.config.config import Config


def default_parameters(cfg: "Config", high_tech: NDArray[np.bool_]) -> dict[str, FloatArray]:
    """Sector parameters from the values for traditional and for high-tech sectors in the configuration.

    Parameters
    ----------
    cfg : Config
        The configuration.
    high_tech : (S,) array of bool
        Which sectors are high-tech.

    Returns
    -------
    dict of str to (S,) array of float64
        By name, such as ``rd_intensity``.
    """
    return {
        name: np.where(high_tech, _value(cfg, high), _value(cfg, low)).astype(np.float64)
        for name, (low, high) in SECTOR_DEFAULTS.items()
    }


def override_parameters(cfg: "Config", ids: list[str], parameters: dict[str, FloatArray]) -> None:
    """Replace sector parameters, in place, by what ``[[sectors]]`` of the configuration says.

    Parameters
    ----------
    cfg : Config
        The configuration.
    ids : list of str
        Sectors of the tables.
    parameters : dict of str to (S,) array of float64
        Changed where a sector has a value of its own.

    Raises
    ------
    DataError
        ``[[sectors]]`` names a sector that the tables do not have.
    """
    for entry in cfg.sectors:
        index = sector_index(ids, entry.id, "[[sectors]] id")
        for name, values in parameters.items():
            own = getattr(entry, name)
            if own is not None:
                values[index] = own


def relatedness_matrix(groups: list[str], base: float, group: float) -> FloatArray:
    """Relatedness of sectors from their groups.

    Parameters
    ----------
    groups : list of str
        Group of each sector.
    base, group : float
        Relatedness across groups and inside a group.

    Returns
    -------
    (S, S) array of float64
        1 on the diagonal; symmetric.
    """
    codes = np.array([groups.index(name) for name in groups], dtype=np.int64)
    related = np.where(codes[:, None] == codes[None, :], float(group), float(base))
    np.fill_diagonal(related, 1.0)
    return related


def supplier_matrix(cfg: "Config", ids: list[str], base: FloatArray | None = None) -> FloatArray:
    """Supplier shares: those of the tables, with the rows that ``[[suppliers]]`` gives replaced.

    Parameters
    ----------
    cfg : Config
        The configuration.
    ids : list of str
        Sectors.
    base : (S, S) array of float64, optional
        Shares from the tables, row by buying sector. Without it a sector buys from itself only.

    Returns
    -------
    (S, S) array of float64
        Rows sum to 1, or to 0 without suppliers.

    Raises
    ------
    DataError
        A sector that is not listed.
    """
    matrix = np.eye(len(ids)) if base is None else base.copy()
    for entry in cfg.suppliers:
        row = sector_index(ids, entry.sector, "[[suppliers]] sector")
        matrix[row] = 0.0
        for supplier, share in entry.from_.items():
            matrix[row, sector_index(ids, supplier, f"[[suppliers]] sector {entry.sector}, from")] = share
    return normalised_rows(matrix)


def normalised_rows(matrix: FloatArray) -> FloatArray:
    """Divide each row by its sum; rows of zeros stay.

    Parameters
    ----------
    matrix : (S, S) array of float64
        At least 0.

    Returns
    -------
    (S, S) array of float64
        Rows sum to 1 or 0.
    """
    sums = matrix.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(matrix, sums, out=np.zeros_like(matrix), where=sums > 0.0))


def sector_index(ids: list[str], name: str, where: str) -> int:
    """Position of a sector.

    Parameters
    ----------
    ids : list of str
        Sectors.
    name : str
        The id looked for.
    where : str
        Place in the configuration or file, for the message.

    Returns
    -------
    int
        Index in ``ids``.

    Raises
    ------
    DataError
        There is no such sector.
    """
    if name not in ids:
        listed = ", ".join(ids[:12]) + (", …" if len(ids) > 12 else "")
        raise DataError(f'{where}: no sector "{name}"{suggestion(name, ids)}; the sectors are {listed}')
    return ids.index(name)


def _value(cfg: "Config", key: str) -> float:
    group, _, name = key.partition(".")
    return float(getattr(getattr(cfg, group), name))
