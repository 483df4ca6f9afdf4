"""Values that are to be set in a model: put in order by their labels, brought to the shape of the chosen part."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import numbers_of, twice, with_labels
from technopole.errors import StateError
from technopole.model.access import Selection, positions
from technopole.model.names import identities_given


def aligned(selection: Selection, values: Any, unit: str | None) -> NDArray[np.float64]:
    """Bring values to the shape of a chosen part.

    Parameters
    ----------
    selection : Selection
        The part.
    values : DataArray, Series, DataFrame or array_like
        What has labels is put in order by them and must cover the chosen part; a plain array has its shape or can be
        spread over it.
    unit : str or None
        Unit of the values, if it is said; so does the attribute ``units`` of a DataArray.

    Returns
    -------
    ndarray of float64
        Of the shape of the chosen part.

    Raises
    ------
    StateError
        Other unit, other dimensions, labels that are unknown, missing or there twice, wrong shape, no numbers.
    """
    name, shape = selection.entry.name, selection.shape
    said = unit if unit is not None else getattr(values, "attrs", {}).get("units")
    if said is not None and str(said) != selection.entry.unit:
        raise StateError(
            f"{name}: found the unit {said!r}; allowed: {selection.entry.unit!r} (values are not converted)"
        )
    where = ", ".join(selection.kept) or "one number"
    words = f"allowed: numbers of shape {shape} ({where})"

    def fail(found: str) -> StateError:
        return StateError(f"{name}: {found}" if "allowed:" in found else f"{name}: {found}; {words}")

    labelled = with_labels(values, selection.kept, selection.names.ids, fail)
    array = numbers_of(values if labelled is None else _in_order(selection, labelled), fail)
    try:
        return np.broadcast_to(array, shape).copy()
    except ValueError:
        raise fail(f"found shape {array.shape}") from None


def _in_order(selection: Selection, values: Any) -> Any:
    """Transpose a DataArray and put its labels in the order of the chosen part."""
    name, kept = selection.entry.name, selection.kept
    extra = [str(dim) for dim in values.dims if dim not in kept]
    if extra:
        raise StateError(f"{name}: found the dimension {extra[0]}; allowed: {', '.join(kept) or 'none'}")
    values = values.transpose(*(dim for dim in kept if dim in values.dims))
    for dim in values.dims:
        if dim == "firm":
            values = _firms_in_order(selection, values)
        elif dim in selection.names.ids and dim in values.coords:
            values = _places_in_order(selection, values, dim)
    return values.to_numpy().reshape([values.sizes.get(dim, 1) for dim in kept])


def _places_in_order(selection: Selection, values: Any, dim: str) -> Any:
    name, wanted = selection.entry.name, selection.labels(dim)
    labels = [str(label) for label in values[dim].to_numpy().tolist()]
    for label in labels:
        selection.names.place(dim, label, name)
    if len(set(labels)) < len(labels):
        raise StateError(f"{name}: found {dim} {twice(labels)} twice; allowed: each label once")
    other, missing = set(labels) - set(wanted), [one for one in wanted if one not in labels]
    if missing or other:
        problem = (
            f"no value for {dim} {missing[0]}" if missing else f"{dim} {min(other)}, which is not selected"
        )
        raise StateError(f"{name}: found {problem}; select what is given with {dim}=[…]")
    return values.isel({dim: [labels.index(label) for label in wanted]})


def _firms_in_order(selection: Selection, values: Any) -> Any:
    """Put firms in order by their identity; without one they stand as in the chosen part."""
    coordinate = next((one for one in ("identity", "firm") if one in values.coords), None)
    if coordinate is None:
        return values
    name, wanted = selection.entry.name, selection.identities
    given = np.atleast_1d(identities_given(values[coordinate], f"{name}: {coordinate}"))
    if np.array_equal(given, wanted):
        return values
    place, back = positions(wanted, given), positions(given, wanted)
    missing, other = wanted[place < 0], given[back < 0]
    if missing.size or other.size:
        problem = (
            f"no value for the firm with the identity {missing[0]} ({missing.size} are missing)"
            if missing.size
            else f"the firm with the identity {other[0]}, which is not selected or is no more"
        )
        raise StateError(
            f"{name}: found {problem}; select what is given with firm=[…]; in each period the firms are others"
        )
    return values.isel(firm=place)
