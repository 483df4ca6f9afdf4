"""A quicker start of commands: the compiler without what the kernels have no use for."""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import Any


def load_compiler_without_blas() -> None:
    """Import numba so that it does not look for the BLAS of scipy, whose import takes a tenth of the time of a start.

    For processes that belong to the command line alone: afterwards compiled code has no matrix products in this
    process. The kernels have none. Where scipy or the compiler are loaded already, nothing is done.
    """
    loaded: dict[str, Any] = sys.modules
    if "scipy" in loaded or "numba.np.arraymath" in loaded:
        return
    loaded["scipy"] = None  # an import of it fails, as if it was not installed
    try:
        # numba may move its modules about: then they are loaded when they are needed, as ever
        with contextlib.suppress(ImportError):
            importlib.import_module("numba.np.arraymath")
    finally:
        del loaded["scipy"]
