"""Moving a model: steps of whole periods."""

from __future__ import annotations

import operator

from technopole.model.events import ModelEvents


class ModelSteps(ModelEvents):
    """A model that moves when it is told to; see `technopole.Model`."""

    def step(self, n: int = 1) -> None:
        """Do `n` periods.

        Parameters
        ----------
        n : int
            0 or more.

        Raises
        ------
        TypeError
            If `n` is no whole number.
        ValueError
            If `n` is negative.
        NotFiniteError
            If a number became, or was set to, infinite or not a number; the model is as it was before that period.
        StateError
            If the host has set a value that is out of bounds, or shares that do not add up to 1; if the model is being
            stepped already, by another thread or around a hook.
        TechnopoleError
            If there is no room for another firm and ``capacity.fixed`` forbids more.
        """
        n = whole_periods(n)
        self.take("step")
        try:
            self._go(self.time + n)
        finally:
            self.leave()

    def update_until(self, time: float) -> None:
        """Do periods until so many are done.

        Parameters
        ----------
        time : int
            At least `time` of now; a whole number.

        Raises
        ------
        ValueError
            If it is no whole number, or lies in the past.
        TechnopoleError
            As `step`.
        """
        self.refuse_time(time)
        self.step(int(time) - self.time)

    def refuse_time(self, time: float) -> None:
        """Raise if a model cannot be brought to a time.

        Parameters
        ----------
        time : float
            Periods done.

        Raises
        ------
        ValueError
            If it is no whole number, or lies in the past.
        """
        try:
            is_whole = time == int(time)
        except (TypeError, ValueError, OverflowError):
            is_whole = False
        if not is_whole:
            raise ValueError(f"time is {time!r}; a model does whole periods")
        if time < self.time:
            raise ValueError(f"time is {time}, and {self.time} periods are done; a model cannot go back")

    def _go(self, until: int) -> None:
        """Do periods until so many are done, with policies, shocks and hooks at their times."""
        while (time := self.time) < until:
            if self._packed_until is not None and time >= self._packed_until:
                self._pack()
            if not self._shocks:
                self._do_periods(self._next_pause(time, until))
            else:
                self._do_shocked(time, until)
            if self._hooks:
                self._call_hooks()


def whole_periods(n: int) -> int:
    """Return a number of periods to do as an int.

    Parameters
    ----------
    n : int
        Or what Python takes for one, such as a NumPy integer.

    Returns
    -------
    int
        0 or more.

    Raises
    ------
    TypeError
        If it is no whole number.
    ValueError
        If it is negative.
    """
    try:
        whole = operator.index(n)
    except TypeError:
        raise TypeError(f"n is {n!r}; a model does whole periods") from None
    if whole < 0:
        raise ValueError(f"n is {whole}; a model cannot go back (snapshot and restore can)")
    return whole
