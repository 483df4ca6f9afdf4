"""The result of a run made up, for figures; and what a figure says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL = ("replicate", "time", "region", "sector")
EDGES = np.array([0.0, *(step * 2.0**power for power in range(20) for step in (1.0, 1.5))])


def pareto_counts(exponent: float, firms: float) -> np.ndarray:
    """Exact expected counts per bin of firms whose sizes exceed x with probability x^-exponent."""
    above = firms * np.maximum(EDGES, 1.0) ** -exponent
    return above - np.append(above[1:], 0.0)


def fake_run(replicates: int = 3, periods: int = 12, regions: int = 14, sectors: int = 12) -> xr.Dataset:
    """Make up the result of a run: invented places, growth, and firms with a Pareto tail of exponent 1.1."""
    random = np.random.default_rng(5)
    shape = (replicates, periods, regions, sectors)
    year = np.arange(1, periods + 1)[None, :, None, None]
    high = np.arange(sectors) < sectors // 3
    pace = 0.01 + 0.01 * high + random.normal(0.0, 0.004, shape[2:])
    firms = random.integers(5, 200, shape[2:]) + random.integers(0, 4, shape)
    turnover = random.uniform(0.06, 0.14, regions)[:, None]
    noise = random.normal(0.0, 0.02, shape)
    data = {
        "employment": 12.0 * firms * np.exp(pace * year + noise),
        "firms": firms,
        "exits": random.binomial(firms, turnover),
        "spinoffs": random.binomial(firms, 0.1 * turnover),
        "startups": random.binomial(firms, 0.9 * turnover),
        "productivity": pace * year + noise,
    }
    for channel, rate in (
        ("organisation", 0.008),
        ("technology", 0.012),
        ("sourcing", 0.004),
        ("quality", 0.02),
    ):
        data[channel] = rate * year + 0.2 * high + noise
    counts = random.poisson(pareto_counts(1.1, 5000.0), (replicates, periods, len(EDGES)))
    return xr.Dataset(
        {name: (CELL, values) for name, values in data.items()}
        | {"size_distribution": (("replicate", "time", "size_class"), counts)},
        coords={
            "replicate": np.arange(replicates),
            "time": np.arange(1, periods + 1),
            "region": [f"r{index}" for index in range(regions)],
            "sector": [f"s{index}" for index in range(sectors)],
            "region_name": ("region", [f"Province {index}, $ Land" for index in range(regions)]),
            "latitude": ("region", random.uniform(-8.0, 4.0, regions)),
            "longitude": ("region", random.uniform(11.0, 32.0, regions)),
            "sector_name": ("sector", [f"Trade number {index}" for index in range(sectors)]),
            "high_tech": ("sector", high),
            "size_class": EDGES,
        },
        attrs={
            "title": "Invented",
            "seed": 7,
            "technopole_version": "0.0",
            "config": "[time]\nperiod_years = 2.0\n",
        },
    )


def only(ds: xr.Dataset, kept: xr.DataArray) -> xr.Dataset:
    """Leave only these regions' values, NaN elsewhere."""
    return ds.assign({name: ds[name].where(kept) for name in ds if ds[name].dims == CELL})


def texts(figure: Figure) -> str:
    """All texts of the page itself (title, subtitle, note) on one line, ordinary spaces only."""
    return " ".join(text.get_text() for text in figure.texts).replace("\u00a0", " ")
