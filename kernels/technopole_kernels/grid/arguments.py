"""Arrays like those of any setting, world and records, for the types of a launch's arguments: sizes do not count."""

import numpy as np

from technopole_kernels.record import Records
from technopole_kernels.types import PARAMS, Constants, Policy, Setting, World

_WHOLE, _NATURAL, _BRANCH = np.int64, np.uint64, np.int16
_KINDS = {
    Constants: {
        "sectors": (2, float),
        "proximity_start": (1, _WHOLE),
        "proximity_region": (1, _WHOLE),
        "group_member": (1, _WHOLE),
        "group_start": (1, _WHOLE),
        "group_region": (1, _WHOLE),
        "group_weight": (2, float),
        "far_guide": (2, _BRANCH),
        "related_start": (1, _WHOLE),
        "related_sector": (1, _WHOLE),
        "suppliers": (2, float),
        "supplier_guide": (2, _BRANCH),
    },
    Policy: {"cells": (4, float), "regions": (3, float), "sectors": (3, float)},
    World: {
        "clock": (1, _WHOLE),
        "offsets": (1, _WHOLE),
        "firms": (2, float),
        "next": (2, float),
        "identity": (2, _NATURAL),
        "age": (2, np.int32),
        "tie": (2, np.uint8),
        "load": (2, float),
        "fate": (1, np.uint32),
        "regions": (2, float),
        "cells": (2, float),
        "sectors": (2, float),
        "counts": (2, _WHOLE),
        "new_offsets": (1, _WHOLE),
        "sizes": (1, _WHOLE),
        "mixed": (2, float),
        "reached": (2, float),
        "partner": (1, np.int32),
        "keys": (1, _NATURAL),
        "tiles": (2, _WHOLE),
        "segments": (2, _WHOLE),
        "segment_sum": (2, float),
    },
    Records: {
        "cell_variables": (1, _WHOLE),
        "region_variables": (1, _WHOLE),
        "sector_variables": (1, _WHOLE),
        "cells": (3, float),
        "regions": (3, float),
        "sectors": (3, float),
        "sizes": (2, _WHOLE),
    },
}
"""Dimensions and element of every array that is not a row of numbers."""


def _example(kind, **given):
    arrays = {}
    for name in kind._fields:
        dimensions, element = _KINDS[kind].get(name, (1, float))
        array = np.zeros((1,) * dimensions, dtype=element)
        arrays[name] = (
            np.arange(2) if name.endswith("_start") else array
        )  # rows of a sparse matrix with one entry
    return kind(**{**arrays, **given})


def example_arguments():
    """Return (setting, world, records) of one region, sector and firm."""
    numbers = ("related_base", "initial_firms", "initial_workforce")
    constants = _example(Constants, proximity_start=np.arange(2), **dict.fromkeys(numbers, 0.0))
    seed, params = np.zeros(1, dtype=np.uint64), np.zeros(1, dtype=PARAMS)
    setting = Setting(seed, params, constants, _example(Policy))
    return setting, _example(World), _example(Records)
