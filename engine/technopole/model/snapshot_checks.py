"""Whether a snapshot is whole: its arrays may have come through a file, another program or other hands."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.errors import StateError
from technopole.model.snapshot import Snapshot
from technopole.schema import RECORDS, SEED_LIMIT, SIZE_EDGES, STATE
from technopole.world.state import state_view
from technopole_kernels.types import World

LAST_PERIOD = 2**31 - 1
"""The most periods done that a snapshot may say."""


def refuse_damaged(snapshot: Snapshot, world: World) -> None:
    """Raise if a snapshot cannot be the state of a world with these regions and sectors.

    Values within the arrays are looked at when the next period begins, as those that a host has set.

    Parameters
    ----------
    snapshot : Snapshot
        Of an economy with as many regions and sectors.
    world : World
        Where it is to be put.

    Raises
    ------
    StateError
        With the variable, what was found and what is allowed.
    """
    for name in ("seed", "replicate"):
        number = getattr(snapshot, name)
        if (
            isinstance(number, bool)
            or not isinstance(number, int | np.integer)
            or not 0 <= number <= SEED_LIMIT
        ):
            raise _damaged(name, repr(number), f"a whole number from 0 to {SEED_LIMIT}")
    state = snapshot.state
    if not isinstance(state, dict):
        raise _damaged("state", type(state).__name__, "arrays by name")
    for name in state:
        if name not in STATE:
            raise _damaged(
                str(name), "a variable of this name", "the state variables of technopole.schema.STATE"
            )
    for name in ("offsets", *STATE):
        _refuse_kind(name, state.get(name), state_view(world, name))
    _refuse_offsets(state["offsets"], state_view(world, "offsets").shape)
    for name, row in STATE.items():
        firms = int(state["offsets"][-1])
        sizes = zip(row.dims, state_view(world, name).shape, strict=True)
        wanted = tuple(firms if dim == "firm" else size for dim, size in sizes)
        if state[name].shape != wanted:
            raise _damaged(name, f"the shape {state[name].shape}", str(wanted))
    if not 0 <= state["period"] <= LAST_PERIOD:
        raise _damaged("period", str(state["period"]), f"whole numbers from 0 to {LAST_PERIOD}")
    identities = state["identity"]
    if np.unique(identities).size != identities.size:
        raise _damaged("identity", "one that two firms have", "each firm its own")
    _refuse_records(snapshot.records, world)


def _refuse_records(records: Any, world: World) -> None:
    """Raise if what was recorded is neither nothing nor all, each as the schema has it."""
    if not isinstance(records, dict):
        raise _damaged("records", type(records).__name__, "arrays by name, or none")
    for name in records:
        if name not in RECORDS:
            raise _damaged(
                str(name), "a recorded variable of this name", "those of technopole.schema.RECORDS"
            )
    sizes = {
        "region": world.regions.shape[1],
        "sector": world.sectors.shape[1],
        "size_class": len(SIZE_EDGES),
    }
    for name, row in RECORDS.items() if records else ():
        wanted = tuple(sizes[dim] for dim in row.dims if dim in sizes)
        _refuse_kind(name, records.get(name), np.empty(0, dtype=row.dtype))
        if records[name].shape != wanted:
            raise _damaged(f"the recorded {name}", f"the shape {records[name].shape}", str(wanted))


def difference(its: Any, mine: Any, key: str = "") -> str | None:
    """Return the first key in which two configurations differ, with both values.

    Parameters
    ----------
    its, mine : Any
        Nested dictionaries and lists, or values.
    key : str
        Where they stand.

    Returns
    -------
    str or None
        None if they are equal.
    """
    if isinstance(its, dict) and isinstance(mine, dict):
        parts = [
            (f"{key}.{one}" if key else str(one), its.get(one), mine.get(one)) for one in {**mine, **its}
        ]
    elif isinstance(its, list | tuple) and isinstance(mine, list | tuple) and len(its) == len(mine):
        parts = [(f"{key} no. {at}", *pair) for at, pair in enumerate(zip(its, mine, strict=True), start=1)]
    else:
        shown = [
            f"{len(one)} entries" if isinstance(one, list | tuple | dict) else repr(one)
            for one in (its, mine)
        ]
        return None if its == mine else f"{key} is {shown[0]:.60} there and {shown[1]:.60} here"
    return next((found for name, a, b in parts if (found := difference(a, b, name)) is not None), None)


def _refuse_kind(name: str, values: Any, here: NDArray[Any]) -> None:
    if not isinstance(values, np.ndarray):
        raise _damaged(
            name, "nothing" if values is None else type(values).__name__, f"an array of {here.dtype}"
        )
    if values.dtype != here.dtype:
        raise _damaged(name, f"numbers of type {values.dtype}", str(here.dtype))


def _refuse_offsets(offsets: NDArray[np.int64], wanted: tuple[int, ...]) -> None:
    if offsets.shape != wanted:
        raise _damaged("offsets", f"the shape {offsets.shape}", str(wanted))
    if offsets[0] != 0 or (np.diff(offsets) < 0).any():
        raise _damaged("offsets", "other numbers", "the first one 0, and none smaller than the one before")


def _damaged(name: str, found: str, allowed: str) -> StateError:
    return StateError(f"the snapshot is damaged: {name}: found {found}; allowed: {allowed}")
