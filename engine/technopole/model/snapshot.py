"""A state of a model, kept apart from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class Snapshot:
    """All that the future of a model depends on, as plain copies.

    Attributes
    ----------
    digest : str
        Hash of the sections of the configuration that a world depends on.
    seed, replicate : int
        Key of the random numbers.
    state : dict of str to ndarray
        State variables by name, shapes and units as in `technopole.schema.STATE`.
    records : dict of str to ndarray
        What was recorded of the last period; empty before the first.
    config : dict, optional
        What the digest is of: to say where another configuration differs.
    """

    digest: str
    seed: int
    replicate: int
    state: dict[str, NDArray[Any]]
    records: dict[str, NDArray[Any]]
    config: dict[str, Any] | None = None

    def __repr__(self) -> str:
        """Say when it was taken, not all that it holds."""
        return f"<technopole.Snapshot: time {self.time}, {self.n_firms} firms, replicate {self.replicate}>"

    @property
    def time(self) -> int:
        """Periods done."""
        return int(self.state["period"])

    @property
    def n_firms(self) -> int:
        """Number of firms."""
        return int(self.state["offsets"][-1])
