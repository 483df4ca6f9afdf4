"""Policies set while a model runs: labelled or plain arrays, brought to time x region x sector."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.data import Tables
from technopole.errors import ConfigError
from technopole.policies import CELLS, DIMS, REGIONS, SECTORS, pack_policy
from technopole.schema import INSTRUMENTS, suggestion
from technopole_kernels.types import Policy

Floats = NDArray[np.float64]


class Instruments:
    """The policies of one model by name.

    Parameters
    ----------
    policy : Policy
        Those of the configuration.
    """

    def __init__(self, policy: Policy) -> None:
        self._values: dict[str, Floats] = {}
        for names, stack in zip((CELLS, REGIONS, SECTORS), policy, strict=True):
            self._values.update(zip(names, stack, strict=True))

    def set(self, name: str, values: Floats) -> None:
        """Replace one policy by an array as `as_instrument` returns it."""
        self._values[name] = values

    @property
    def values(self) -> dict[str, Floats]:
        """All policies by name; their arrays are never changed in place."""
        return dict(self._values)

    def packed(self, horizon: int) -> tuple[Policy, int | None]:
        """Return the kernels' arrays.

        Arrays of one group have one length in time there. A policy that holds for ever is therefore
        written out where another one of its group changes in time.

        Parameters
        ----------
        horizon : int
            Periods for which it is written out.

        Returns
        -------
        policy : Policy
            For the kernels.
        until : int or None
            First period for which it must be packed again; None: never.
        """
        values, until = dict(self._values), None
        for names in (CELLS, REGIONS, SECTORS):
            length = max(values[name].shape[0] for name in names)
            for name in names:
                if length > 1 and values[name].shape[0] == 1 and values[name].any():
                    until = max(length, horizon)
                    values[name] = np.repeat(values[name], until, axis=0)
        return pack_policy(values), until


def as_instrument(name: str, values: Any, tables: Tables) -> Floats:
    """Bring a policy to its dimensions.

    Parameters
    ----------
    name : str
        Instrument, see `technopole.policies.DIMS`.
    values : DataArray or array_like
        A DataArray is aligned by its labels: ids of regions and sectors, numbers of periods (1 is the first,
        as in the results). What it has no label for is 0; a dimension it does not have counts for all. An
        array without labels has all dimensions of the instrument, or all but time, or is one number; an axis
        of length 1 holds for all, in time: for ever.
    tables : Tables
        Names of regions and sectors.

    Returns
    -------
    ndarray
        With the dimensions in ``DIMS[name]``; an axis of length 1 holds for all.

    Raises
    ------
    ConfigError
        Unknown instrument, wrong shape, unknown label, value outside the allowed range or not finite.
    """
    if name not in DIMS:
        raise ConfigError(f'policy "{name}" is unknown{suggestion(name, DIMS)}; there are {", ".join(DIMS)}')
    ids = {"region": tables.region_ids, "sector": tables.sector_ids}
    if hasattr(values, "dims") and hasattr(values, "coords"):
        array = _from_labels(name, values, ids)
    else:
        array = _from_shape(name, values, ids)
    entry = INSTRUMENTS[name]
    wrong = ~((array >= entry.low) & (array <= entry.high))
    if wrong.any():
        raise ConfigError(
            f"policy {name}: found {array[wrong][0]}; allowed: numbers from {entry.low:g} to {entry.high:g}"
        )
    return array


def _from_shape(name: str, values: Any, ids: dict[str, list[str]]) -> Floats:
    dims = DIMS[name]
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ConfigError(f"policy {name}: found no array of numbers") from None
    full = array.reshape((1,) * len(dims)) if array.ndim == 0 else array
    full = full[np.newaxis] if full.ndim == len(dims) - 1 else full
    fits = full.ndim == len(dims) and full.shape[0] > 0
    if not fits or any(
        size not in (1, len(ids[dim])) for size, dim in zip(full.shape[1:], dims[1:], strict=True)
    ):
        sizes = ", ".join(["any number of periods", *(f"{len(ids[dim])} {dim}s" for dim in dims[1:])])
        raise ConfigError(
            f"policy {name}: found shape {array.shape}; allowed: ({sizes}), time may be left out"
        )
    return full


def _from_labels(name: str, values: Any, ids: dict[str, list[str]]) -> Floats:
    dims = DIMS[name]
    extra = [str(dim) for dim in values.dims if dim not in dims]
    if extra:
        raise ConfigError(f"policy {name}: found dimension {extra[0]}; allowed: {', '.join(dims)}")
    present = [dim for dim in dims if dim in values.dims]
    array = np.array(values.transpose(*present).to_numpy(), dtype=np.float64)
    for axis, dim in enumerate(dims):
        if dim not in present:
            array = np.expand_dims(array, axis)
        elif dim in values.coords:
            places, size = _places(name, dim, values[dim].to_numpy(), ids)
            spread = np.zeros((*array.shape[:axis], size, *array.shape[axis + 1 :]))
            spread[(slice(None),) * axis + (places,)] = array
            array = spread
    return _from_shape(name, array, ids)


def _places(
    name: str, dim: str, labels: NDArray[Any], ids: dict[str, list[str]]
) -> tuple[NDArray[np.int64], int]:
    """Return where labels stand along an axis, and its length."""
    if len(set(labels.tolist())) < labels.size:
        raise ConfigError(f"policy {name}: a label of {dim} stands there twice")
    if dim == "time":
        if labels.dtype.kind not in "iu" or (labels < 1).any():
            raise ConfigError(f"policy {name}: labels of time are numbers of periods, 1 is the first")
        # one period more than labelled: an axis of length 1 would hold for ever
        return labels.astype(np.int64) - 1, int(labels.max(initial=0)) + 1
    places = {name: place for place, name in enumerate(ids[dim])}
    found = [places.get(str(label), -1) for label in labels.tolist()]
    if -1 in found:
        unknown = str(labels[found.index(-1)])
        raise ConfigError(f'policy {name}: {dim} "{unknown}" is unknown{suggestion(unknown, ids[dim])}')
    return np.array(found, dtype=np.int64), len(ids[dim])
