"""Doing periods in compiled code: one thread or several, room for more firms, what is wrong with the state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from technopole.basics.signals import interrupts_later
from technopole.errors import NotFiniteError, StateError
from technopole.model.copies import ModelCopies
from technopole.model.handle import NOWHERE, refusal
from technopole.model.hooks import CompiledHooks, Hook
from technopole.schema import STATE
from technopole.simulation.advance import advance
from technopole.world.crew import Crew
from technopole.world.problems import not_finite, with_room
from technopole.world.state import state_view
from technopole_kernels import entry_points
from technopole_kernels.host_check import OUTSIDE, SHARES
from technopole_kernels.status import Status

_TOLD = {*map(int, Status), OUTSIDE, SHARES} - {int(Status.STOPPED)}
_ALLOWED = ", ".join(map(str, sorted(_TOLD)))
FIRM_PERIODS = 2_000_000
"""Firms times periods that compiled code does without looking at signals: some tens of milliseconds."""


class ModelPeriods(ModelCopies):
    """A model whose periods are done by compiled code; see `technopole.Model`."""

    _hooks: list[Hook]
    _compiled: CompiledHooks | None
    _crew: Crew
    _threads: int

    def _do_periods(self, until: int) -> None:
        """Do periods with nothing between them but compiled hooks."""
        if self._lent:
            self._refuse_state()
        while (time := self.time) < until:
            if self._elsewhere:
                alone = self._compiled is not None or not self._on_device
                self._do_elsewhere(time + 1 if alone else until)
                continue
            some = max(1, FIRM_PERIODS // max(self.n_firms, 1))
            end = min(until, time + some)
            if self._compiled is None:
                status = entry_points.advance(self._handle.address, end - time)
            else:
                status = self._do_hooked(end)
            if status != Status.DONE:
                self._resolve(status)
        self._lent_firms = False

    @property
    def _elsewhere(self) -> bool:
        """Whether something else than one thread does the periods: several threads, or a device."""
        return self._threads > 1 or self._on_device

    @property
    def _on_device(self) -> bool:
        return bool(self._config.run.backend != "cpu")

    def _do_elsewhere(self, until: int) -> None:
        """Do periods on a device, fewer if a Ctrl-C comes; or one in which several threads share the work."""
        stop = np.zeros(1, dtype=np.int64)
        with interrupts_later(stop):
            if not self._advance(until, stop):
                # another one, so that what was recorded of the last period is there
                self._advance(self.time + 1, np.zeros(1, dtype=np.int64))
        if self._compiled is not None:
            status = entry_points.call_hooks(self._handle.address, *self._compiled.arguments, 1)
            if status != Status.DONE:
                self._resolve(status)

    def _advance(self, until: int, stop: NDArray[np.int64]) -> bool:
        world, records = self._world, self._records
        return advance(
            self._blueprint, self._setting, world, records, until, until, stop, self._crew, self._put
        )[1]

    def _do_hooked(self, end: int) -> int:
        assert self._compiled is not None
        for hook in self._hooks:
            hook.refuse_changed()
        try:
            return int(entry_points.advance_hooked(self._handle.address, end, *self._compiled.arguments, 1))
        except Exception as failure:
            failure.add_note(
                f"raised by a compiled hook after period {self.time}; what it has changed stays (restore a snapshot)"
            )
            raise

    @property
    def is_simple(self) -> bool:
        """Whether nothing but periods is to be done in a step."""
        return not (self._hooks or self._shocks or self._elsewhere or self._packed_until is not None)

    @property
    def address(self) -> int:
        """Address of the block, for callers that do not change the state."""
        return self._handle.address

    @property
    def look(self) -> int:
        """What is to be checked before the next period: nothing, what is no firm, all."""
        return (2 if self._lent_firms else 1) if self._lent else 0

    def end_periods(self) -> None:
        """Forget the views of firms, after compiled code has done periods."""
        self._lent_firms = False

    def resolve(self, status: int) -> None:
        """Do what `resume` does, for callers that move the model already.

        Parameters
        ----------
        status : int
            What the compiled code returned.

        Raises
        ------
        NotFiniteError
            If a number became infinite or not a number; the model is as it was before that period.
        StateError
            If the host has left a value that the model cannot go on with.
        """
        self._resolve(status)

    def _resolve(self, status: int) -> None:
        """Make room, or say why a period could not be done."""
        problem = self._handle.problem
        if status == Status.NEED_CAPACITY:
            self._put(with_room(self._blueprint, self._world, problem))
        elif status == Status.NOT_FINITE:
            raise NotFiniteError(not_finite(self._blueprint, self._world, problem))
        else:
            self._lent = self._lent_firms = True
            self._refuse_state()

    def _refuse_state(self) -> None:
        """Raise if the host has left a value that the model cannot go on with."""
        found = entry_points.check(self._handle.address, int(self._lent_firms))
        if found == 0:
            return
        problem = self._handle.problem
        failure = refusal(self._blueprint, self._world, found, problem.where)
        if all(np.isfinite(state_view(self._world, name)).all() for name in STATE):
            raise failure
        problem.where[0] = self.time
        raise NotFiniteError(not_finite(self._blueprint, self._world, problem))

    def resume(self, status: int) -> None:
        """Make room, or raise what is wrong, after compiled code of the host was told another status than 0.

        Parameters
        ----------
        status : int
            What `technopole_kernels.entry_points.advance` or ``check`` returned. Afterwards they can be called again.

        Raises
        ------
        NotFiniteError, TechnopoleError
            As `step`.
        StateError
            As `step`; if the status is none, or not one of this model as it is now.
        """
        told = isinstance(status, int | np.integer) and not isinstance(status, bool)
        if not told or status not in _TOLD:
            raise StateError(
                f"resume: found {status!r:.60}; allowed: what advance or check returned: {_ALLOWED}"
            )
        if status != Status.DONE:
            with self.moving("resume"):
                self._refuse_untold(status)
                self._resolve(status)

    def _refuse_untold(self, status: int) -> None:
        """Raise if it is not this model, as it is now, that could not do a period."""
        where, room = self._handle.problem.where, self._world.firms.shape[1]
        if status == Status.NEED_CAPACITY and where[0] <= room:
            raise StateError(
                f"resume: found {status} (more room), but no period of this model needs it: there is room for {room} "
                "firms"
            )
        if status == Status.NOT_FINITE and (where[0] != self.time or where[3] == NOWHERE):
            raise StateError(
                f"resume: found {status} (not finite), but it is not this model that could not do period "
                f"{self.time + 1}, or it has been put right since"
            )
