"""The machine that something was measured on, in words: for tables and files of results."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import Any

from technopole.basics.machine import available_memory, available_processors
from technopole.version import __version__

VECTORS = (
    ("avx512f", "AVX-512"),
    ("avx2", "AVX2"),
    ("avx", "AVX"),
    ("sse2", "SSE2"),
    ("sve", "SVE"),
    ("neon", "NEON"),
)
"""Features of processors, and what people call them; the first that a processor has is what the kernels use."""


def describe_machine() -> dict[str, Any]:
    """Describe the machine and the versions of what computes.

    Returns
    -------
    dict
        For JSON: processor, vectors, cores, caches, memory (bytes), versions, time, digest of the kernels.
    """
    import numba
    import numpy as np
    from llvmlite.binding import get_host_cpu_features, get_host_cpu_name

    from technopole.experiments.plan import kernel_digest

    features = get_host_cpu_features()
    vectors = next((words for feature, words in VECTORS if features.get(feature)), "none known")
    if os.environ.get("NUMBA_CPU_NAME"):
        vectors = f"vectors of {os.environ['NUMBA_CPU_NAME']}"
    threads = available_processors()
    return {
        "technopole": __version__,
        "kernels": kernel_digest(),
        "measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "processor": _processor(),
        "target": os.environ.get("NUMBA_CPU_NAME") or get_host_cpu_name(),
        "vectors": vectors,
        "cores": threads.number,
        "cores_reason": threads.reason,
        "cores_of_machine": os.cpu_count(),
        "caches": _caches(),
        "memory_bytes": available_memory(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
    }


def _processor() -> str:
    for line in _text(Path("/proc/cpuinfo")).splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def _caches() -> dict[str, str]:
    """Return the sizes of the caches of the first core, as the system writes them."""
    caches = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind = _text(folder / "level").strip(), _text(folder / "type").strip()
        if level and kind != "Instruction":
            caches[f"L{level}"] = _text(folder / "size").strip()
    return caches


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
