"""What is wrong with a table of data: gathered, so that one message says it all."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import TracebackType
from typing import Any

from technopole.errors import DataError

MOST = 10
"""Problems of a table that are said at once."""


class TableProblems:
    """Gathers problems of a table; at the end of the ``with`` block, or when there are `MOST`, all are raised together.

    Examples
    --------
    >>> from technopole.errors import DataError
    >>> def read(text: str) -> float:
    ...     if not text.isdigit():
    ...         raise DataError(f"found {text}")
    ...     return float(text)
    >>> try:
    ...     with TableProblems() as problems:
    ...         values = [problems.take(read, text) for text in ("1", "b", "c")]
    ... except DataError as failure:
    ...     print(failure)
    found b
    found c
    """

    def __init__(self) -> None:
        self._lines: list[str] = []

    def __enter__(self) -> TableProblems:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise what was gathered; an error that ended the block early comes last."""
        if not self._lines or len(self._lines) > MOST:
            return  # nothing to say, or it is being said
        if kind is None:
            raise DataError(self._lines)
        if isinstance(failure, DataError):
            raise DataError([*self._lines, *failure.problems]) from None

    def add(self, line: str) -> None:
        """Note a problem.

        Parameters
        ----------
        line : str
            With file and row.

        Raises
        ------
        DataError
            If there are as many as are said at once.
        """
        self._lines.append(line)
        if len(self._lines) == MOST:
            self._lines.append("… and perhaps more problems of this table")
            raise DataError(self._lines)

    def take(self, read: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Return what a function reads; NaN if it finds a problem, which is noted.

        Parameters
        ----------
        read : callable
            Raises `DataError` for what cannot be read.
        *arguments, **options
            Of it.

        Returns
        -------
        object
            Of use only if the block ends without an error.
        """
        try:
            return read(*arguments, **options)
        except DataError as failure:
            self.add(str(failure))
            return math.nan
