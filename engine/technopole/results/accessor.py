"""``ds.tp`` of datasets, known from the start and loaded when it is used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr


def open_accessor(ds: xr.Dataset) -> Any:
    """Return the indicators of a dataset, `technopole.indicators.accessor.Accessor`."""
    # by name: the indicators register this function themselves
    importlib.import_module("technopole.indicators")
    return importlib.import_module("technopole.indicators.accessor").Accessor(ds)


def register() -> None:
    """Make ``ds.tp`` of all datasets; doing so again changes nothing."""
    import xarray as xr

    if getattr(xr.Dataset, "tp", None) is not open_accessor:
        xr.register_dataset_accessor("tp")(open_accessor)  # type: ignore[no-untyped-call]
