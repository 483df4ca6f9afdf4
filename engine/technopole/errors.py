"""Errors with a message for people and an exit code for the shell."""

from __future__ import annotations

from collections.abc import Sequence

EXIT_DONE = 0
EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_FAILED_UNITS = 3
EXIT_INTERRUPTED = 75

TO_DRAW = "drawing needs matplotlib: pip install matplotlib (the extra technopole[plot])"
TO_REPORT = (
    "a report needs Bokeh, Jinja2 and scipy: pip install bokeh jinja2 scipy (the extra technopole[report])"
)
TO_WRITE_NETCDF = "writing netCDF needs h5netcdf: pip install h5netcdf h5py (the extra technopole[netcdf])"
FOR_INTERVALS = "scipy: pip install scipy (the extra technopole[statistics])"
FOR_INDICES = "SALib: pip install scipy SALib (the extra technopole[sensitivity])"
TO_DISTRIBUTE = "the executor dask needs Dask: pip install dask distributed (the extra technopole[dask])"
TO_COUPLE = "the Basic Model Interface needs bmipy: pip install bmipy (the extra technopole[bmi])"
TO_LEARN = "the environments need Gymnasium: pip install gymnasium (the extra technopole[gym])"

LINES_SHOWN = 200
"""Problems printed by one message; `ConfigError.problems` holds all of them."""


class TechnopoleError(Exception):
    """Base of the errors that technopole raises on purpose.

    Attributes
    ----------
    exit_code : int
        What the command line returns to the shell.
    """

    exit_code: int = EXIT_ERROR


class ConfigError(TechnopoleError):
    """The configuration cannot be used; the message lists every problem with its file and key.

    Parameters
    ----------
    problems : str or sequence of str
        One line per problem.

    Attributes
    ----------
    problems : tuple of str
        All problems, also those that a long message leaves out.
    """

    exit_code = EXIT_USAGE

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        shown = list(self.problems[:LINES_SHOWN])
        if len(self.problems) > LINES_SHOWN:
            shown.append(f"… and {len(self.problems) - LINES_SHOWN} more problems")
        super().__init__("\n".join(shown))


class FrozenConfigError(ConfigError, AttributeError):
    """A key of a configuration was assigned to; an `AttributeError` too, as Python's frozen objects raise."""


class DataError(ConfigError):
    """The input tables are missing or contradict each other."""


class OutputError(ConfigError):
    """The results cannot be written where they were asked for."""


class NotFiniteError(TechnopoleError):
    """A state variable became infinite or not a number during a run."""

    exit_code = EXIT_ERROR


class StateError(TechnopoleError, ValueError):
    """What was asked of a model's state, or done to it from outside, does not make sense."""

    exit_code = EXIT_USAGE


class StaleViewError(StateError):
    """A view of a firm array was used after the firms had become others."""


class FailedReplicates(TechnopoleError):
    """An experiment is finished, but some replicates failed; the others are as they should be."""

    exit_code = EXIT_FAILED_UNITS


class Abandoned(TechnopoleError):
    """What a command did was stopped from outside; it can only be done anew."""

    exit_code = EXIT_ERROR


class Interrupted(TechnopoleError):
    """The experiment was stopped from outside and can be resumed."""

    exit_code = EXIT_INTERRUPTED
