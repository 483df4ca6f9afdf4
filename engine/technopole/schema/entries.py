"""What a row of the schema holds: `Parameter`, `Variable`, `Instrument`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Value = bool | int | float | str | tuple[str, ...]
Kind = Literal["float", "int", "bool", "choice", "str", "names"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One key of the configuration.

    Attributes
    ----------
    key : str
        ``group.name``, as in the TOML file.
    default : bool, int, float, str or tuple of str
        Value when the key is absent.
    unit : str
        UDUNITS-like; ``1`` has no dimension, a period is one year by default.
    low, high : float or None
        Bounds, both allowed values unless `low_open`; None for text and choices.
    low_open : bool
        The lower bound itself is not allowed.
    choices : tuple of str or None
        Allowed words; kernels get the index.
    doc : str
        One sentence.
    source : str
        Paper, design probe, assumption or fact behind the default.
    dtype : str
        ``float``, ``int``, ``bool``, ``choice``, ``str`` or ``names`` (a list of words).
    claim : str
        Claim of the founding essay (C1 … C12) that the parameter switches or shapes; ⇄ for the feedback loop.
    kernel : bool
        Passed to the kernels as a scalar; otherwise it shapes tables before the run.
    search : tuple of two floats or None
        Range for calibration and random tests when the bounds are wider than what makes sense.
    """

    key: str
    default: Value
    unit: str = "1"
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    choices: tuple[str, ...] | None = None
    doc: str = ""
    source: str = ""
    dtype: Kind = "float"
    claim: str = ""
    kernel: bool = True
    search: tuple[float, float] | None = None

    @property
    def group(self) -> str:
        """Section of the TOML file."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """Key inside its section."""
        return self.key.partition(".")[2]

    @property
    def field(self) -> str:
        """Name in the kernels: the key with ``_`` for the dot."""
        return self.key.replace(".", "_")

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.choices is not None:
            words = ", ".join(f'"{choice}"' for choice in self.choices)
            return f"one of {words}" if self.dtype == "choice" else f"a list out of {words}"
        if self.dtype in ("bool", "str"):
            return "true or false" if self.dtype == "bool" else "text"
        noun = "a whole number" if self.dtype == "int" else "a number"
        return f"{noun} {'' if self.low_open else 'from '}{self.interval}"

    @property
    def interval(self) -> str:
        """The bounds in words, empty for text and choices."""
        if self.low is None or self.high is None:
            return ""
        start = f"above {plain_number(self.low)}, up" if self.low_open else plain_number(self.low)
        return f"{start} to {plain_number(self.high)}"

    @property
    def search_range(self) -> tuple[float, float]:
        """Sensible range of a number: `search`, else a quarter to twice the default within the bounds."""
        if self.low is None or self.high is None or isinstance(self.default, str | tuple):
            raise TypeError(f"{self.key} is no number")
        if self.search is not None:
            return self.search
        ends = sorted((0.25 * self.default, 2.0 * self.default)) if self.default else [0.0, 0.5]
        return max(self.low, ends[0]), min(self.high, ends[1])


def plain_number(number: float) -> str:
    """Return a number without a needless ``.0``.

    Parameters
    ----------
    number : float
        Finite.

    Returns
    -------
    str
        Shortest form.
    """
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e15 else repr(number)


def counted(number: int, noun: str) -> str:
    """Return a number of things in words.

    Parameters
    ----------
    number : int
        At least 0.
    noun : str
        Singular, with a plural in s.

    Returns
    -------
    str
        Such as ``1 firm`` or ``1,000 firms``.
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


@dataclass(frozen=True, slots=True)
class Variable:
    """A state variable of a world, or a variable recorded after each period.

    Attributes
    ----------
    name : str
        Name in the state or in the dataset; a state and a recorded variable may share it.
    dims : tuple of str
        State of one world: firm, region, sector, cell_edge (the R·S + 1 offsets), stage, channel, norm.
        Recorded: replicate, time, region, sector, size_class.
    unit : str
        UDUNITS-like.
    dtype : str
        NumPy type.
    kind : str
        ``state`` or ``record``.
    long_name : str
        For labels and metadata.
    low, high : float or None
        Range that holds whatever happens; None where there is none.
    """

    name: str
    dims: tuple[str, ...]
    unit: str
    dtype: str
    kind: Literal["state", "record"]
    long_name: str
    low: float | None = None
    high: float | None = None

    @property
    def level(self) -> str:
        """What one value describes: ``firm``, ``cell``, ``region``, ``sector`` or ``economy``."""
        if "firm" in self.dims:
            return "firm"
        if "region" in self.dims:
            return "cell" if "sector" in self.dims else "region"
        return "sector" if "sector" in self.dims else "economy"


@dataclass(frozen=True, slots=True)
class Instrument:
    """A policy or shock.

    Attributes
    ----------
    name : str
        Word in ``[[policies]]``.
    dims : tuple of str
        ``region`` and ``sector`` as far as it differs between them.
    unit : str
        Unit of its value.
    low, high : float
        Allowed values of one policy.
    doc : str
        One sentence.
    """

    name: str
    dims: tuple[str, ...]
    unit: str
    low: float
    high: float
    doc: str
