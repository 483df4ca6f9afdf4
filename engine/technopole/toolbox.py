"""A configuration as a function of its parameters: for SALib, EMA Workbench, optimisers, ABC and the like.

>>> from technopole.toolbox import Function
>>> f = Function("configs/scenarios/two-regions.toml", ["entry_rate", "exit_rate"])  # doctest: +SKIP
>>> f(learning__technology=0.2)  # doctest: +SKIP
{'entry_rate': 0.08, 'exit_rate': 0.08}
>>> f.table(["learning.technology", "entry.spinoff"], sample)  # doctest: +SKIP

An experiment that must survive being killed, or run on a cluster, is `technopole.experiment`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from technopole.basics.given import plain, twice
from technopole.basics.machine import choose_threads
from technopole.config.config import Config
from technopole.config.resolve import resolve_config
from technopole.errors import ConfigError
from technopole.schema import suggestion
from technopole.schema.outcomes import (
    DEFAULT_OUTCOMES,
    Outcome,
    compute_outcomes,
    needed_by_outcomes,
    outcome_problems,
)
from technopole.simulation.device_ensemble import make_ensemble
from technopole.sweeps.design import varied_config
from technopole.sweeps.values import DATA_KEYS, GEOGRAPHY_KEYS, POLICY, TABLE_KEYS, VARIED
from technopole.world.build import Blueprint, make_blueprint, vary_blueprint
from technopole.world.constants import make_constants
from technopole.world.policies import policy_from_config
from technopole.world.recording import Recording

__all__ = ["Function", "Outcome", "evaluate"]

Floats = NDArray[np.float64]
_KNOWN = {outcome.name: outcome for outcome in DEFAULT_OUTCOMES}


class Function:
    """Outcomes of a configuration as a function of its parameters.

    The data are read once. All points have the same seed, so that differences between them are those of the
    parameters and not of luck (common random numbers); pass ``seed`` for others.

    Parameters
    ----------
    config : Config or path
        Configuration, or TOML file.
    outcomes : sequence of str or Outcome, optional
        Names of `technopole.schema.outcomes.DEFAULT_OUTCOMES`, or outcomes of one's own (variable, over, periods,
        region, sector). All of the former if absent; those over more periods than there are take all.
    replicates, seed, periods, threads : int, optional
        In place of ``run.replicates``, ``run.seed``, ``time.periods``, ``run.threads``.
    data : path, optional
        In place of ``data.path``.
    backend : str, optional
        In place of ``run.backend``.

    Attributes
    ----------
    outcomes : tuple of Outcome
        In the order of the columns of `table`.

    Raises
    ------
    ConfigError
        If the configuration, the data or an outcome cannot be used.
    """

    def __init__(
        self,
        config: Config | str | os.PathLike[str],
        outcomes: Iterable[str | Outcome] | None = None,
        *,
        replicates: int | None = None,
        seed: int | None = None,
        periods: int | None = None,
        threads: int | None = None,
        data: str | os.PathLike[str] | None = None,
        backend: str | None = None,
    ) -> None:
        self.config = resolve_config(
            config,
            replicates=replicates,
            seed=seed,
            periods=periods,
            threads=threads,
            data=data,
            backend=backend,
        )
        stride = self.config.output.stride
        self._times = np.arange(stride, self.config.time.periods + 1, stride, dtype=np.int64)
        self._base: Blueprint = make_blueprint(self.config)
        self.outcomes = self._chosen(_KNOWN if outcomes is None else outcomes)
        self._needed = needed_by_outcomes(self.outcomes)

    def _chosen(self, wanted: Iterable[str | Outcome]) -> tuple[Outcome, ...]:
        if isinstance(wanted, str | Outcome) or not isinstance(wanted, Iterable):
            words = f'["{wanted}"]' if isinstance(wanted, str) else '["entry_rate"]'
            raise ConfigError(f"outcomes: found {wanted!r:.60}; allowed: a list of them, such as {words}")
        tables = self._base.tables
        chosen, problems = [], []
        for outcome in wanted:
            if isinstance(outcome, str):
                if outcome not in _KNOWN:
                    hint = suggestion(outcome, _KNOWN) or f"; there are {', '.join(_KNOWN)}"
                    problems.append(f'outcome "{outcome}" is unknown{hint}')
                    continue
                outcome = self._fitted(_KNOWN[outcome])
            found = outcome_problems(outcome, self._times, tables.region_ids, tables.sector_ids)
            problems += [f"outcome {outcome.name}: {problem}" for problem in found]
            chosen.append(outcome)
        names = [outcome.name for outcome in chosen]
        problems += [f"outcome {name}: stands there twice" for name in set(names) if names.count(name) > 1]
        if problems or not chosen:
            raise ConfigError(problems or "outcomes: found none; allowed: at least one")
        return tuple(chosen)

    def _fitted(self, outcome: Outcome) -> Outcome:
        """Take an outcome over as many periods as there are, if there are few."""
        stride = self.config.output.stride
        most = (self._times.size - (outcome.over == "growth")) * stride
        periods = max(min(outcome.periods, int(most)) // stride * stride, 1)
        return Outcome(outcome.name, outcome.variable, outcome.over, periods)

    def __call__(self, *, seed: int | None = None, **parameters: Any) -> dict[str, float]:
        """Return the mean of each outcome over the replicates.

        Parameters
        ----------
        seed : int, optional
            Of this point.
        **parameters
            Keys of the configuration, with ``__`` for the dot; ``policies__INSTRUMENT`` is the value of the policy
            of that instrument, if the configuration has one.

        Returns
        -------
        dict of str to float
            By name of the outcome; NaN if it has no value in some replicate.

        Raises
        ------
        ConfigError
            Unknown key, or a value that is not allowed.
        NotFiniteError
            If the parameters are too extreme for the model.
        """
        return {name: float(values.mean()) for name, values in self.sample(parameters, seed=seed).items()}

    def sample(self, parameters: Mapping[str, Any], *, seed: int | None = None) -> dict[str, Floats]:
        """Return each outcome of each replicate.

        Parameters
        ----------
        parameters : mapping
            Keys of the configuration, with a dot or ``__``.
        seed : int, optional
            Of this point.

        Returns
        -------
        dict of str to ndarray, shape (replicate,)

        Raises
        ------
        ConfigError, NotFiniteError
            As for a call.
        """
        if not isinstance(parameters, Mapping) or not all(isinstance(key, str) for key in parameters):
            raise ConfigError(
                f'parameters: found {parameters!r:.60}; allowed: a mapping such as {{"learning.technology": 0.2}}'
            )
        changes = {key.replace("__", "."): plain(value) for key, value in parameters.items()}
        if seed is not None:
            changes["run.seed"] = int(seed)
        for key in ("time.periods", "output.stride"):
            if key in changes:
                raise ConfigError(
                    f"{key}: found among the parameters; the outcomes were chosen for another one"
                )
        blueprint = self._blueprint(changes)
        run, shape = blueprint.config.run, (blueprint.n_regions, blueprint.n_sectors)
        recording = Recording(self._needed, run.replicates, self._times.size, *shape)
        threads = choose_threads(run.threads, run.replicates, blueprint.n_firms)
        make_ensemble(blueprint, recording, threads).run()
        tables = blueprint.tables
        return compute_outcomes(self.outcomes, recording, self._times, tables.region_ids, tables.sector_ids)

    def table(self, names: Sequence[str], sample: ArrayLike) -> Floats:
        """Return the mean of each outcome at each point of a sample.

        Parameters
        ----------
        names : sequence of str
            Keys of the configuration, one for each column of the sample.
        sample : array_like, shape (point, parameter)
            Values; the columns of a DataFrame whose labels are keys are found by them, in any order.

        Returns
        -------
        ndarray of float64, shape (point, outcome)
            In the order of `outcomes`.

        Raises
        ------
        ConfigError
            If the sample has another number of columns or others, a key is unknown or stands there twice, a value is
            not allowed.
        """
        if isinstance(names, str) or not isinstance(names, Sequence | np.ndarray):
            words = f'["{names}"]' if isinstance(names, str) else '["learning.technology"]'
            raise ConfigError(f"names: found {names!r:.60}; allowed: a list of keys, such as {words}")
        double = twice(names)
        if double is not None:
            raise ConfigError(f"names: found {double!r:.60} twice; allowed: each once")
        points = np.atleast_2d(np.asarray(_in_order(sample, names)))
        if points.ndim != 2 or points.shape[1] != len(names):
            raise ConfigError(
                f"sample: found shape {np.shape(sample)}; allowed: a column for each of {len(names)} parameters"
            )
        rows = [self(**dict(zip(names, point.tolist(), strict=True))) for point in points]
        return np.array([[row[outcome.name] for outcome in self.outcomes] for row in rows])

    def _blueprint(self, changes: dict[str, Any]) -> Blueprint:
        if not changes:
            return self._base
        config = self._config(changes)
        if any(key in TABLE_KEYS or key in DATA_KEYS for key in changes):
            return make_blueprint(config)
        tables = self._base.tables
        moved = any(key in GEOGRAPHY_KEYS for key in changes)
        policies = any(key.startswith(POLICY) for key in changes)
        return vary_blueprint(
            self._base,
            config,
            make_constants(config, tables) if moved else None,
            policy_from_config(config, tables) if policies else None,
        )

    def _config(self, changes: dict[str, Any]) -> Config:
        policies = {key: float(value) for key, value in changes.items() if key.startswith(POLICY)}
        config = self.config.replace({key: value for key, value in changes.items() if key not in policies})
        known = [f"{POLICY}{policy.instrument}" for policy in config.policies]
        problems = []
        for key, value in policies.items():
            if key not in known:
                there = f"the configuration has {', '.join(known)}" if known else "the configuration has none"
                problems.append(f"{key}: there is no such policy{suggestion(key, known)}; {there}")
            elif not VARIED[key].low <= value <= VARIED[key].high:  # type: ignore[operator]
                problems.append(f"{key}: found {value}; allowed: {VARIED[key].allowed}")
        if problems:
            raise ConfigError(problems)
        return varied_config(config, policies) if policies else config


def evaluate(
    config: Config | str | os.PathLike[str],
    names: Sequence[str],
    sample: ArrayLike,
    outcomes: Iterable[str | Outcome] | None = None,
    **options: Any,
) -> Floats:
    """Evaluate a configuration at the points of a sample: ``Y = evaluate(config, problem["names"], X, outcomes)``.

    Parameters
    ----------
    config, outcomes
        As for `Function`.
    names : sequence of str
        Keys of the configuration, one for each column of the sample.
    sample : array_like, shape (point, parameter)
        Values.
    **options
        As for `Function`.

    Returns
    -------
    ndarray of float64, shape (point, outcome)
    """
    return Function(config, outcomes, **options).table(names, sample)


def _in_order(sample: Any, names: Sequence[str] | NDArray[Any]) -> Any:
    """Return a sample with its columns in the order of the names, where they have labels of text."""
    labels = [label for label in getattr(sample, "columns", ()) if isinstance(label, str)]
    if not labels:
        return sample
    if set(labels) != set(names) or len(labels) != len(sample.columns) or twice(labels) is not None:
        raise ConfigError(
            f"sample: found the columns {', '.join(map(str, sample.columns))!s:.200}; allowed: {', '.join(names)}, "
            "each once (sample.to_numpy() is taken by position)"
        )
    return sample[list(names)]
