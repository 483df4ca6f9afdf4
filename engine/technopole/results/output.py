"""The results of a run as a labelled dataset: dimensions, units, names, and where they come from."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.kernel_sources import kernel_digest
from technopole.config.config import Config
from technopole.data.loading import Tables
from technopole.data.tables import Labels
from technopole.results.accessor import register
from technopole.schema import ENTRIES, RECORDS, SIZE_EDGES
from technopole.version import __version__

if TYPE_CHECKING:
    import xarray as xr

    from technopole.world.recording import Recording

CONVENTIONS = "CF-1.11"

Coordinates = dict[str, tuple[str, Any, dict[str, str]]]


def make_dataset(config: Config, tables: Tables, recording: Recording) -> xr.Dataset:
    """Label what was recorded.

    Parameters
    ----------
    config : Config
        Configuration of the run.
    tables : Tables
        Names and positions of regions and sectors.
    recording : Recording
        Complete; the dataset holds views of it.

    Returns
    -------
    xarray.Dataset
        Dimensions replicate, time, region, sector, size_class, as far as the variables have them; ``units``
        and ``long_name`` on each; the configuration as TOML, seed and versions in the attributes.
    """
    import xarray as xr

    register()
    data = {}
    for name in recording.names:
        entry = RECORDS[name]
        attributes = {"long_name": entry.long_name, "units": entry.unit}
        data[name] = xr.Variable(entry.dims, recording[name], attributes, fastpath=True)
    used = {dim for variable in data.values() for dim in variable.dims}
    labels = {
        name: xr.Variable(dim, values, attributes, fastpath=True)
        for name, (dim, values, attributes) in coordinates(config, tables).items()
        if dim in used
    }
    return xr.Dataset(data, labels, run_attributes(config))


def coordinates(config: Config, tables: Tables | Labels) -> Coordinates:
    """Return the labels of all dimensions.

    Parameters
    ----------
    config : Config
        Configuration of the run.
    tables : Tables
        Names and positions of regions and sectors.

    Returns
    -------
    dict of str to tuple
        Name → dimension, values, attributes.
    """
    stride = config.output.stride
    periods = np.arange(stride, config.time.periods + 1, stride, dtype=np.int64)
    length = f"{config.time.period_years:g} years" if config.time.period_years != 1 else "1 year"
    labels: Coordinates = {
        "replicate": (
            "replicate",
            np.arange(config.run.replicates, dtype=np.int64),
            {"long_name": "Monte Carlo realisation"},
        ),
        "time": (
            "time",
            periods,
            {"long_name": "periods done", "units": "period", "comment": f"a period is {length}"},
        ),
        "region": ("region", _words(tables.region_ids), {"long_name": "region"}),
        "region_name": ("region", _words(tables.region_names), {"long_name": "name of the region"}),
        "sector": ("sector", _words(tables.sector_ids), {"long_name": "sector"}),
        "sector_name": ("sector", _words(tables.sector_names), {"long_name": "name of the sector"}),
        "high_tech": ("sector", np.array(tables.high_tech, dtype=bool), {"long_name": "high-tech sector"}),
        "size_class": (
            "size_class",
            np.array(SIZE_EDGES),
            {"long_name": "employment of the firm, lower edge of the class", "units": "worker"},
        ),
    }
    return labels | _positions(tables)


def _positions(tables: Tables | Labels) -> Coordinates:
    first, second = np.array(tables.positions, dtype=np.float64).T
    if tables.metric == "great_circle":
        latitude = {"long_name": "latitude", "standard_name": "latitude", "units": "degrees_north"}
        longitude = {"long_name": "longitude", "standard_name": "longitude", "units": "degrees_east"}
        return {
            "latitude": ("region", first.copy(), latitude),
            "longitude": ("region", second.copy(), longitude),
        }
    if tables.metric == "euclidean":
        unit = ENTRIES["spillover.distance_decay"].unit  # to which distances on the map are held
        return {
            name: ("region", axis.copy(), {"long_name": f"position on the map, {name}", "units": unit})
            for name, axis in (("x", first), ("y", second))
        }
    return {}


def _words(values: list[str]) -> NDArray[Any]:
    """Return text as Python strings, which both file formats store as text of any length."""
    words = np.empty(len(values), dtype=object)
    words[:] = values
    return words


def run_attributes(config: Config) -> Mapping[str, str | int]:
    """Return what every result says about where it comes from: configuration, seed, versions.

    Parameters
    ----------
    config : Config
        Configuration of the run.

    Returns
    -------
    dict of str to str or int
        By name.
    """
    import numba

    scenario = config.scenario
    return {
        "Conventions": CONVENTIONS,
        "title": scenario.title or scenario.name or "unnamed scenario",
        "scenario": scenario.name,
        "description": scenario.description,
        "source": f"technopole {__version__}",
        "references": scenario.source,
        "technopole_version": __version__,
        "config": config.to_toml(),
        "config_digest": config.digest(),
        "kernels_digest": kernel_digest(),
        "seed": config.run.seed,
        "precision": config.run.precision,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "numba_version": numba.__version__,
        "numpy_version": np.__version__,
        "python_version": platform.python_version(),
    }
