"""Pages of the Python interface: which public names stand where. Their text is that of the docstrings."""

from __future__ import annotations

import importlib.util

import technopole

GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "api/run.md": (
        "Runs and models",
        ("run", "Config", "Model", "Models", "Snapshot", "Simulation", "simulation.ensemble.Progress"),
    ),
    "api/experiments.md": (
        "Experiments",
        ("Sweep", "experiment", "open", "compare", "sensitivity", "experiments.run.ExperimentReport"),
    ),
    "api/results.md": ("Results", ("write", "open_firms", "summarise", "draw", "report")),
    "api/judging.md": ("Claims and validation", ("claims", "validate")),
    "api/errors.md": ("Errors", ()),
}
"""Page → title, names; those with a dot are not imported by hand, but come as results.

Errors go to theirs; public names that stand nowhere come to a page of their own.
"""
IN_PARTS = ("Model",)
"""Classes whose methods are written in base classes, one for each subject."""
INHERITED = "\n    options:\n      inherited_members: true"
REST = ("api/others.md", "Other public names")
MODULES: dict[str, str] = {
    "technopole.indicators": "Indicators",
    "technopole.indicators.accessor": "Indicators as methods: ds.tp",
    "technopole.bmi": "Basic Model Interface (BMI)",
    "technopole.gym": "Environments for reinforcement learning",
    "technopole.toolbox": "Functions for toolboxes",
    "technopole.capi": "Models for programs in C",
    "technopole_kernels.entry_points": "Kernels – for compiled hosts",
    "technopole_kernels.period": "Kernels – a period",
    "technopole_kernels.drive": "Kernels – loops over periods",
    "technopole_kernels.types": "Kernels – what they work on",
    "technopole_kernels.status": "Kernels – status codes",
}
"""Public module → title; those that are not there are left out."""


def pages() -> dict[str, str]:
    """Return path → text of the pages."""
    found = {}
    for path, (title, names) in _grouped().items():
        entries = [f"::: technopole.{name}{INHERITED if name in IN_PARTS else ''}" for name in names]
        found[path] = "\n\n".join([f"# {title}", *entries]) + "\n"
    for module, title in MODULES.items():
        if _is_there(module):
            found[f"api/{module.rpartition('.')[2]}.md"] = f"# {title}\n\n{_module(module)}\n"
    return found


def _grouped() -> dict[str, tuple[str, list[str]]]:
    """Return page → title, names that are there."""
    names = [name for name in technopole.__all__ if not name.startswith("_") and name != "indicators"]
    errors = [name for name in names if isinstance(getattr(technopole, name), type) and _is_error(name)]
    listed = {name for _, some in GROUPS.values() for name in some} | set(errors)
    modules = {name for name in names if f"technopole.{name}" in MODULES}
    pages = {
        path: (title, [name for name in some if name in names or "." in name])
        for path, (title, some) in GROUPS.items()
    }
    pages["api/errors.md"] = ("Errors", sorted(errors, key=lambda name: name != "TechnopoleError"))
    rest = [name for name in names if name not in listed | modules]
    return pages | ({REST[0]: (REST[1], rest)} if rest else {})


def _is_error(name: str) -> bool:
    return issubclass(getattr(technopole, name), BaseException)


def _is_there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _module(module: str) -> str:
    options = "    options:\n      show_root_heading: false\n      show_root_toc_entry: false\n"
    return f"::: {module}\n{options}"
