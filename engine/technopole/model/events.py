"""What comes between the periods of a model: policies, shocks and hooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.errors import NotFiniteError, StateError
from technopole.model.checks import refuse_fixed, set_state
from technopole.model.hooks import CompiledHooks, Hook, Hooked
from technopole.model.names import Label, described
from technopole.model.periods import ModelPeriods
from technopole.model.shocks import Periods, Shock, make_shock
from technopole.schema import INSTRUMENTS, STATE
from technopole.world.instruments import as_instrument
from technopole.world.state import state_view


class ModelEvents(ModelPeriods):
    """A model with policies, shocks and hooks; see `technopole.Model`."""

    def set_policy(self, name: str, values: Any) -> None:
        """Replace a policy, from the next period on; one of the configuration too.

        Parameters
        ----------
        name : str
            Instrument, see `technopole.world.policies.DIMS`.
        values : DataArray, Series, DataFrame or array_like
            See `technopole.world.instruments.as_instrument`: a DataArray is aligned by region, sector and period,
            pandas' objects by their index and columns, other arrays have the instrument's shape. Without time it
            holds for ever. Periods count from the start of the world, and labels of ``time`` are their numbers, 1 is
            the first:
            ``time=[model.time + 1]`` is the next period, which ``start = model.time`` is in the configuration.

        Raises
        ------
        ConfigError
            Unknown instrument, wrong shape, unknown label, no label at all, no numbers, value outside the allowed range
            or not finite, periods that are all over.
        """
        self._replace_policy(name, self._policy_array(name, values))

    def _policy_array(self, name: str, values: Any) -> NDArray[np.float64]:
        """Return a policy as `set_policy` would take it; parameters and errors as there."""
        return as_instrument(name, values, self._blueprint.tables, self.time)

    def _replace_policy(self, name: str, array: NDArray[np.float64]) -> None:
        """Replace a policy by what `_policy_array` has returned."""
        self._instruments.set(name, array)
        self._pack()

    def _pack(self) -> None:
        horizon = 2 * max(self.time, self._config.time.periods)
        policy, self._packed_until = self._instruments.packed(horizon)
        self._set(self._setting._replace(policy=policy))

    def shock(
        self,
        name: str,
        factor: float | None = None,
        add: float | None = None,
        *,
        region: Label = None,
        sector: Label = None,
        periods: Periods = None,
    ) -> None:
        """Change a state variable at the start of the next period, or of later ones: value × factor + add.

        Parameters
        ----------
        name : str
            State variable. Market shares are scaled afterwards so that each sector adds up to 1.
        factor, add : float, optional
            At least one of them.
        region, sector : str, sequence of str or DataArray, optional
            Where; everywhere if absent.
        periods : int or iterable of int, optional
            Numbers of periods, 1 is the first: ``model.time + 1`` is the next one, as if absent.

        Raises
        ------
        StateError
            Unknown variable or label, no label at all, neither factor nor sum, a number by which no value could stay
            within the range of the variable, a period that is over. A shock by which a value would leave the range, or
            numbers become infinite, is refused when its period begins: `step` raises, the model is as it was before
            that period, and the shock is dropped with all its periods; other shocks stay.
        """
        if isinstance(name, str) and name in INSTRUMENTS and name not in STATE:
            raise StateError(
                f"{name} is a policy, not a state variable: model.set_policy({name!r}, …) changes it"
            )
        described(name, recorded=False)
        shock = make_shock(name, factor, add, region, sector, periods, self.time)
        self._refuse_place(shock)
        self._shocks = [*self._shocks, shock]

    def _refuse_place(self, shock: Shock) -> None:
        refuse_fixed(shock.name)
        self._select(shock.name, shock.region, shock.sector, None, recorded=False)

    def hook(
        self,
        function: Hooked,
        every: int | None = None,
        at: int | Iterable[int] | None = None,
        data: Any = None,
    ) -> Hook:
        """Have a function called between two periods; it may change the state, policies and shocks.

        Parameters
        ----------
        function : callable
            In Python: ``function(model)``. What it raises is passed on to the caller of `step`, and what it has changed
            is undone; the period before it is done. Compiled (``numba.njit``): ``function(state)`` or
            ``function(state, data)`` with a `technopole_kernels.entry_points.State`; it runs without the interpreter,
            and what it changed before it raises stays.
        every : int, optional
            After each period that is a multiple of it; after every period if neither `every` nor `at` is given.
        at : int or iterable of int, optional
            After these periods: with 3, when three periods are done.
        data : array_like, optional
            Numbers of its own for a compiled function, as ``hook.data`` shared with Python.

        Returns
        -------
        Hook
            For `unhook`. Hooks are called in the order of their registration, compiled ones first.

        Raises
        ------
        StateError
            No function, periods that cannot be or are over, data where there are none to be, or a compiled function
            that would not see changes of a variable, or that numba refuses.
        """
        made = Hook(function, every, at, data)
        if made.next_after(self.time) is None:
            raise StateError(
                f"hook: found at={sorted(made.at)}; allowed: at least one number above {self.time}, the periods done"
            )
        self._use([*self._hooks, made])
        return made

    def unhook(self, hook: Hook) -> None:
        """Call a hook no more.

        Parameters
        ----------
        hook : Hook
            From `hook`.

        Raises
        ------
        StateError
            If the model has no such hook.
        """
        if not any(one is hook for one in self._hooks):
            raise StateError(f"unhook: found {hook!r}; allowed: a hook of this model that hook() returned")
        self._use([one for one in self._hooks if one is not hook])

    def _use(self, hooks: Sequence[Hook]) -> None:
        compiled = [hook for hook in hooks if hook.is_compiled]
        self._compiled = CompiledHooks(compiled, self._handle.layout) if compiled else None
        self._hooks = list(hooks)

    def _call_hooks(self) -> None:
        time = self.time
        due = [hook for hook in self._hooks if not hook.is_compiled and hook.is_due(time)]
        if not due:
            return
        before, hooks = self._before(), self._hooks
        for hook in due:
            try:
                hook.function(self)
            except BaseException as failure:
                self._go_back(before)
                self._use(hooks)
                failure.add_note(
                    f"raised by a hook after period {time}, which is done; what hooks changed is undone"
                )
                raise

    def _next_pause(self, time: int, until: int) -> int:
        """Return the number of periods done at which Python has something to do."""
        if self._packed_until is not None:
            until = min(until, self._packed_until)
        for shock in self._shocks:
            until = min([until, *(period - 1 for period in shock.periods if period - 1 > time)])
        for hook in self._hooks:
            due = None if hook.is_compiled else hook.next_after(time)
            until = until if due is None else min(until, due)
        return until

    def _do_shocked(self, time: int, until: int) -> None:
        """Do periods of which the first one may begin with shocks; if it fails, they have not been.

        A shock that cannot be is dropped, so that it does not stop every later step as well.
        """
        due = [shock for shock in self._shocks if time + 1 in shock.periods]
        if not due:
            self._do_periods(self._next_pause(time, until))
            return
        if self._lent:
            self._refuse_state()  # what the host has left is not the shocks' fault
        before, dropped = self._before(), list[Shock]()
        try:
            for shock in due:
                try:
                    self._change(shock)
                except StateError as failure:
                    dropped = [shock]
                    raise StateError(f"{failure}; the shock of {shock.name} is dropped") from failure
            try:
                self._do_periods(self._next_pause(time, until))
            except NotFiniteError as failure:
                if self.time > time:
                    raise
                dropped = due
                names = ", ".join(dict.fromkeys(shock.name for shock in due))
                raise NotFiniteError(
                    f"{failure}; the shocks with which it began are dropped: {names}"
                ) from failure
        except BaseException:
            if self.time == time:
                self._go_back(before)
                self._shocks = [shock for shock in self._shocks if all(shock is not one for one in dropped)]
            raise
        self._shocks = [shock for shock in self._shocks if shock.periods[-1] > self.time]

    def _change(self, shock: Shock) -> None:
        """Change the state by a shock."""
        selection = self._select(shock.name, shock.region, shock.sector, None, recorded=False)
        part = np.asarray(selection.take(state_view(self._world, shock.name)))
        set_state(self._world, selection, shock.changed(part), renormalise=shock.name == "share")
