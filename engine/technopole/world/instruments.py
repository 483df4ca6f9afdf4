"""Policies set while a model runs: labelled or plain arrays, brought to time x region x sector."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import Fail, numbers_of, twice, with_labels
from technopole.basics.machine import available_memory, readable_bytes
from technopole.data.loading import Tables
from technopole.errors import ConfigError
from technopole.schema import ENTRIES, INSTRUMENTS, suggestion
from technopole.world.policies import CELLS, DIMS, REGIONS, SECTORS, pack_policy
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


def as_instrument(name: str, values: Any, tables: Tables, done: int = 0) -> Floats:
    """Bring a policy to its dimensions.

    Parameters
    ----------
    name : str
        Instrument, see `technopole.world.policies.DIMS`.
    values : DataArray, Series, DataFrame or array_like
        A DataArray is aligned by its labels: ids of regions and sectors, numbers of periods (1 is the first,
        as in the results), and so are Series and DataFrames of pandas by their index and columns. What has no label
        is 0; a dimension that is not there counts for all. An array without labels has all dimensions of the
        instrument, or all but time, or is one number; an axis of length 1 holds for all, in time: for ever.
    tables : Tables
        Names of regions and sectors.
    done : int
        Periods that are over: a policy that ends before or with them is refused.

    Returns
    -------
    ndarray
        With the dimensions in ``DIMS[name]``; an axis of length 1 holds for all.

    Raises
    ------
    ConfigError
        Unknown instrument, wrong shape, unknown label, no label at all, no numbers, value outside the allowed range
        or not finite, periods that are all over.
    """
    if not isinstance(name, str) or name not in DIMS:
        found = f'"{name}" is unknown{suggestion(name, DIMS)}' if isinstance(name, str) else f"found {name!r}"
        raise ConfigError(f"policy {found}; there are {', '.join(DIMS)}")
    ids = {"region": tables.region_ids, "sector": tables.sector_ids}

    def fail(found: str) -> ConfigError:
        return ConfigError(f"policy {name}: {found}" + ("" if "allowed:" in found else "; allowed: numbers"))

    labelled = with_labels(values, DIMS[name], ids, fail)
    if labelled is None:
        array = _from_shape(name, numbers_of(values, fail), ids)
        last = array.shape[0] if array.shape[0] > 1 else None
    else:
        array, last = _from_labels(name, labelled, ids, fail)
    _refuse_past(name, last, done)
    entry = INSTRUMENTS[name]
    wrong = ~((array >= entry.low) & (array <= entry.high))
    if wrong.any():
        raise ConfigError(
            f"policy {name}: found {array[wrong][0]}; allowed: numbers from {entry.low:g} to {entry.high:g}"
        )
    return array


def _refuse_past(name: str, last: int | None, done: int) -> None:
    """Raise if the last period of a policy is over: it would do nothing."""
    if last is None or last > done:
        return
    if last == 0:
        raise ConfigError(f"policy {name}: found no periods; allowed: at least one")
    raise ConfigError(
        f"policy {name}: found values up to period {last}, and {done} are over; allowed: periods from {done + 1} on "
        "(they count from the start of the world), or no time: from the next period on"
    )


def _from_shape(name: str, array: Floats, ids: dict[str, list[str]]) -> Floats:
    dims = DIMS[name]
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


def _from_labels(name: str, values: Any, ids: dict[str, list[str]], fail: Fail) -> tuple[Floats, int | None]:
    """Return a policy in its dimensions, and its last period (None: for ever)."""
    dims = DIMS[name]
    extra = [str(dim) for dim in values.dims if dim not in dims]
    if extra:
        raise ConfigError(f"policy {name}: found dimension {extra[0]}; allowed: {', '.join(dims)}")
    present = [dim for dim in dims if dim in values.dims]
    array, last = numbers_of(values.transpose(*present).to_numpy(), fail), None
    if "time" in present:
        last = array.shape[0] if array.shape[0] != 1 else None
    for axis, dim in enumerate(dims):
        if dim not in present:
            array = np.expand_dims(array, axis)
        elif dim in values.coords:
            places, size = _places(name, dim, values[dim].to_numpy(), ids)
            if dim == "time":
                last = size - 1
                _refuse_long(name, last, ids)
            spread = np.zeros((*array.shape[:axis], size, *array.shape[axis + 1 :]))
            spread[(slice(None),) * axis + (places,)] = array
            array = spread
    return _from_shape(name, array, ids), last


def _refuse_long(name: str, last: int, ids: dict[str, list[str]]) -> None:
    """Raise if a policy has more periods than there can be, or than fit into memory."""
    most = ENTRIES["time.periods"].high
    if most is not None and last > most:
        raise ConfigError(f"policy {name}: found period {last}; allowed: 1 to {most:.0f}")
    places = np.prod([len(ids[dim]) for dim in DIMS[name][1:]])
    rows = next(len(group) for group in (CELLS, REGIONS, SECTORS) if name in group)
    needed, available = 8 * last * int(places) * (rows + 2), available_memory()
    if available is not None and needed > available:
        raise ConfigError(
            f"policy {name}: found period {last}; all periods up to it take {readable_bytes(needed)} of memory and "
            f"{readable_bytes(available)} are available"
        )


def _places(
    name: str, dim: str, labels: NDArray[Any], ids: dict[str, list[str]]
) -> tuple[NDArray[np.int64], int]:
    """Return where labels stand along an axis, and its length."""
    if not labels.size and dim != "time":
        raise ConfigError(
            f"policy {name}: found no {dim}s; allowed: at least one, or no dimension {dim}: for all"
        )
    repeated = twice(labels.tolist())
    if repeated is not None:
        raise ConfigError(f"policy {name}: {dim} {repeated} stands there twice")
    if dim == "time":
        wrong = [one for one in labels.tolist() if not _is_period(one)]
        if wrong:
            raise ConfigError(
                f"policy {name}: found the label {wrong[0]!r} of time; allowed: numbers of periods, 1 is the first"
            )
        # one period more than labelled: an axis of length 1 would hold for ever
        numbers = [int(one) for one in labels.tolist()]
        return np.array(numbers, dtype=np.int64) - 1, max(numbers, default=0) + 1
    places = {name: place for place, name in enumerate(ids[dim])}
    found = [places.get(str(label), -1) for label in labels.tolist()]
    if -1 in found:
        unknown = str(labels[found.index(-1)])
        raise ConfigError(f'policy {name}: {dim} "{unknown}" is unknown{suggestion(unknown, ids[dim])}')
    return np.array(found, dtype=np.int64), len(ids[dim])


def _is_period(label: Any) -> bool:
    return (
        isinstance(label, int | float)
        and not isinstance(label, bool)
        and 1 <= label <= np.iinfo(np.int64).max // 2
        and label == int(label)
    )
