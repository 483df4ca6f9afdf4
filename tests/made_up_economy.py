"""A small made-up economy of several worlds and years, for indicators."""

import numpy as np
import xarray as xr

WORLDS, YEARS, REGIONS, SECTORS = 3, 4, 6, 5
DIMS = ("replicate", "time", "region", "sector")


def coordinates(*dims):
    names = {"region": list("fedcba"), "sector": [f"k{k}" for k in range(SECTORS)], "time": range(2001, 2005)}
    return {dim: list(names[dim]) for dim in dims if dim in names}


def made_up_economy():
    """Variables as a run has them, with empty cells."""
    random = np.random.default_rng(8)
    shape = WORLDS, YEARS, REGIONS, SECTORS
    workers = np.where(random.random(shape) < 0.8, random.lognormal(3, 1, shape), 0.0)
    variables = {
        "employment": (DIMS, workers, {"long_name": "employment", "units": "worker"}),
        "sales": (DIMS, 2.0 * workers * random.lognormal(0, 0.2, shape), {"units": "money"}),
        "productivity": (DIMS, np.where(workers > 0, random.normal(size=shape), np.nan), {"units": "1"}),
        "wage": (DIMS[:3], random.lognormal(size=shape[:3]), {"long_name": "wage"}),
        "trust": (DIMS[:3], random.random(shape[:3]), {"long_name": "trust"}),
        "finance": (DIMS[:3], random.random(shape[:3]), {"long_name": "finance"}),
        "workforce": (DIMS[:3], workers.sum(axis=3), {"units": "worker"}),
        "concentration": (("replicate", "time", "sector"), random.random((WORLDS, YEARS, SECTORS)) / 2),
        "group": ("sector", list("xxyyz")),
        "country": ("region", list("ppqqqp")),
    }
    ds = xr.Dataset(variables, coordinates(*DIMS))
    return ds.assign_coords(x=("region", np.arange(6.0)), y=("region", np.zeros(6)))
