"""The scenario that is meant where none is given: the states of the United States, embedded in one file."""

from __future__ import annotations

from pathlib import Path

from technopole.errors import ConfigError

NAME = "us-states"
_PACKAGE = Path(__file__).resolve().parents[1]
_PLACES = (_PACKAGE / "scenarios", _PACKAGE.parents[1] / "configs" / "scenarios")
"""In an installed package; in the source tree."""


def default_scenario() -> Path:
    """Return the file of the default scenario.

    Raises
    ------
    ConfigError
        If it came neither with the package nor is this a source tree.
    """
    for folder in _PLACES:
        path = folder / f"{NAME}.toml"
        if path.is_file():
            return path
    raise ConfigError(
        f"the scenario {NAME} did not come with this installation of technopole; name a file, such as "
        f"configs/scenarios/{NAME}.toml"
    )
