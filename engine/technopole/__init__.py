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
    from technopole.claim_tests.experiment import claims
    from technopole.config.config import Config
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
    from technopole.experiments.comparison import compare
    from technopole.experiments.run import experiment
    from technopole.experiments.run import open_experiment as open
    from technopole.experiments.sensitivity import sensitivity
    from technopole.facts.validation import validate
    from technopole.figures.draw import draw
    from technopole.files.firm_reading import open_firms
    from technopole.files.write import write
    from technopole.model.group import Models
    from technopole.model.model import Model
    from technopole.model.snapshot import Snapshot
    from technopole.reports.make import report
    from technopole.results.summary import summarise
    from technopole.simulation.simulation import Simulation, run
    from technopole.sweeps.sweep import Sweep

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
    "Config": "config.config",
    "ConfigError": "errors",
    "DataError": "errors",
    "Interrupted": "errors",
    "Model": "model.model",
    "Models": "model.group",
    "NotFiniteError": "errors",
    "OutputError": "errors",
    "Simulation": "simulation.simulation",
    "Snapshot": "model.snapshot",
    "StaleViewError": "errors",
    "StateError": "errors",
    "Sweep": "sweeps.sweep",
    "TechnopoleError": "errors",
    "claims": "claim_tests.experiment",
    "compare": "experiments.comparison",
    "draw": "figures.draw",
    "experiment": "experiments.run",
    "indicators": "indicators",
    "open": "experiments.run",
    "open_firms": "files.firm_reading",
    "report": "reports.make",
    "run": "simulation.simulation",
    "sensitivity": "experiments.sensitivity",
    "summarise": "results.summary",
    "validate": "facts.validation",
    "write": "files.write",
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
