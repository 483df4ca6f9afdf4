"""Industrial clusters and regional innovation systems that build each other: a simulation engine.

>>> import technopole as tp
>>> config = tp.Config.from_toml("configs/scenarios/two-regions.toml")  # doctest: +SKIP
>>> ds = tp.run(config, replicates=100, seed=7)  # doctest: +SKIP

Importing the package costs little; numba, xarray and the kernels are imported when they are needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from technopole.version import __version__

if TYPE_CHECKING:
    from technopole import indicators
    from technopole.claims_experiment import claims
    from technopole.comparison import compare
    from technopole.config import Config
    from technopole.errors import (
        ConfigError,
        DataError,
        Interrupted,
        NotFiniteError,
        OutputError,
        StaleViewError,
        StateError,
        TechnopoleError,
    )
    from technopole.experiment_run import experiment
    from technopole.experiment_run import open_experiment as open
    from technopole.figures import draw
    from technopole.firm_reading import open_firms
    from technopole.model import Model
    from technopole.model_group import Models
    from technopole.report_make import report
    from technopole.sensitivity_analysis import sensitivity
    from technopole.simulation import Simulation, run
    from technopole.snapshot import Snapshot
    from technopole.store import write
    from technopole.summary import summarise
    from technopole.sweep import Sweep
    from technopole.validation import validate

__all__ = [
    "Config",
    "ConfigError",
    "DataError",
    "Interrupted",
    "Model",
    "Models",
    "NotFiniteError",
    "OutputError",
    "Simulation",
    "Snapshot",
    "StaleViewError",
    "StateError",
    "Sweep",
    "TechnopoleError",
    "__version__",
    "claims",
    "compare",
    "draw",
    "experiment",
    "indicators",
    "open",
    "open_firms",
    "report",
    "run",
    "sensitivity",
    "summarise",
    "validate",
    "write",
]

_MODULES = {
    "Config": "config",
    "ConfigError": "errors",
    "DataError": "errors",
    "Interrupted": "errors",
    "Model": "model",
    "Models": "model_group",
    "NotFiniteError": "errors",
    "OutputError": "errors",
    "Simulation": "simulation",
    "Snapshot": "snapshot",
    "StaleViewError": "errors",
    "StateError": "errors",
    "Sweep": "sweep",
    "TechnopoleError": "errors",
    "claims": "claims_experiment",
    "compare": "comparison",
    "draw": "figures",
    "experiment": "experiment_run",
    "indicators": "indicators",
    "open": "experiment_run",
    "open_firms": "firm_reading",
    "report": "report_make",
    "run": "simulation",
    "sensitivity": "sensitivity_analysis",
    "summarise": "summary",
    "validate": "validation",
    "write": "store",
}
_OTHER_NAMES = {"open": "open_experiment"}
"""Names that would hide something in their module."""


if not TYPE_CHECKING:  # type checkers know all names from above, and that there are no others

    def __getattr__(name: str) -> Any:
        """Import the module of a public name when the name is first used."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
        value = module if _MODULES[name] == name else getattr(module, _OTHER_NAMES.get(name, name))
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return list(__all__)
