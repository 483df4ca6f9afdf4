"""The claims of the founding essay as paired experiments: ``technopole.claims``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from technopole.claim_tests.design import select
from technopole.claim_tests.map import Over, checked_over, configurations, map_variables, parse_over
from technopole.claim_tests.results import assemble, paired_values
from technopole.claim_tests.threads import Work
from technopole.claim_tests.units import Study
from technopole.config.config import Config
from technopole.config.resolve import ConfigLike, resolve_config
from technopole.errors import ConfigError
from technopole.simulation.ensemble import Report
from technopole.world.build import make_blueprint

if TYPE_CHECKING:
    import xarray as xr

REPLICATES = 64
"""Of the claims, unless something else is asked for: ``run.replicates`` of a scenario is meant for runs."""
FEW = 4
"""Most replicates of the attribution, which takes as many arms as there are subsets of mechanisms."""
MAPPED = 16
"""Most replicates at each value of a map."""

LEAST_PERIODS = 2
"""Growth is over some time."""


class Claims:
    """An experiment that is ready to start: its data are loaded, and all that was asked for is valid.

    Parameters
    ----------
    config : Config or path
    replicates, seed, threads : int, optional
    over : str or Over, optional
    only : sequence of str, optional
    attribution_replicates, map_replicates : int, optional
        As for `claims`.
    options : bool
        Whether the arguments are options of the command line, for messages.
    backend : str, optional
        As for `claims`.

    Attributes
    ----------
    study : Study
        The configuration itself.
    mapped : list of Study
        The configuration at each value of a map.
    work : Work
        All units.

    Raises
    ------
    ConfigError
        If something cannot be used.
    """

    def __init__(
        self,
        config: ConfigLike,
        replicates: int | None = None,
        seed: int | None = None,
        threads: int | None = None,
        over: str | Over | None = None,
        only: str | Sequence[str] | None = None,
        attribution_replicates: int | None = None,
        map_replicates: int | None = None,
        options: bool = False,
        backend: str | None = None,
    ) -> None:
        resolved = resolve_config(
            config,
            replicates=REPLICATES if replicates is None else replicates,
            seed=seed,
            threads=threads,
            backend=backend,
        )
        named = _Names.of_options() if options else _Names()
        chosen = only if only is None or isinstance(only, str) else tuple(only)
        selection = select(chosen, named.only)
        number: int = resolved.run.replicates
        if number < 2:
            raise ConfigError(
                f"{named.replicates}: found {number}; allowed: 2 or more, for an interval ({REPLICATES} unless "
                "something else is asked for)"
            )
        few = _at_most(attribution_replicates, FEW, number, named.attribution_replicates, 0)
        refuse_few_periods(resolved, "time.periods")
        self.config = resolved
        self.study = Study(make_blueprint(resolved), selection, number, few)
        self.over: Over | None = None
        self.mapped: list[Study] = []
        if over is not None:
            if isinstance(over, str):
                over = parse_over(over, named.over)
            self.over = checked_over(over, named.over)
            if not selection.rows:
                raise ConfigError(f"{named.over}: a map needs at least one claim, such as C1")
            share = _at_most(map_replicates, MAPPED, number, named.map_replicates, 2)
            claims_only = selection._replace(parts=frozenset())
            for one in configurations(resolved, self.over, named.over):
                self.mapped.append(Study(make_blueprint(one), claims_only, share, 0))
        self.work = Work([self.study, *self.mapped], resolved.run.threads)
        self.work.refuse_too_large()

    def run(self, report: Report | None = None) -> xr.Dataset:
        """Compute everything.

        Parameters
        ----------
        report : callable, optional
            Gets a `technopole.simulation.ensemble.Progress` several times a second, on the calling thread.

        Returns
        -------
        xarray.Dataset
            See `claims`.
        """
        found = self.work.run(report)
        results = assemble(self.study, found[0])
        if self.over is not None:
            pairs = [paired_values(study, part) for study, part in zip(self.mapped, found[1:], strict=True)]
            mapped = map_variables(self.over, self.study.selection.rows, pairs, self.mapped[0].replicates)
            results = results.merge(mapped).assign_attrs({**results.attrs, **mapped.attrs})
        return results


class _Names(NamedTuple):
    """What messages call the arguments."""

    only: str = "only"
    over: str = "over"
    replicates: str = "replicates"
    attribution_replicates: str = "attribution_replicates"
    map_replicates: str = "map_replicates"

    @classmethod
    def of_options(cls) -> _Names:
        """Return those of the command line."""
        return cls("--claims", "--over", "--replicates", "--attribution-replicates", "--map-replicates")


def refuse_few_periods(config: Config, called: str) -> None:
    """Raise if the claims cannot be measured in so few periods.

    Parameters
    ----------
    config : Config
        Of the run.
    called : str
        What the message calls the number of periods.

    Raises
    ------
    ConfigError
        If there are fewer than `LEAST_PERIODS`.
    """
    if config.time.periods < LEAST_PERIODS:
        raise ConfigError(
            f"{called}: found {config.time.periods}; the claims need at least {LEAST_PERIODS} periods"
        )


def _at_most(wanted: int | None, default: int, replicates: int, name: str, least: int) -> int:
    if wanted is None:
        return min(default, replicates)
    if not least <= wanted <= replicates:
        raise ConfigError(
            f"{name}: found {wanted}; allowed: a whole number from {least} to {replicates}, the replicates"
        )
    return wanted


def claims(
    config: ConfigLike,
    replicates: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    over: str | Over | None = None,
    only: str | Sequence[str] | None = None,
    *,
    attribution_replicates: int | None = None,
    map_replicates: int | None = None,
    progress: Report | None = None,
    data: str | os.PathLike[str] | None = None,
    backend: str | None = None,
) -> xr.Dataset:
    """Test the claims of the founding essay: what each mechanism changes, and whether that has the expected sign.

    Each claim is a pair of runs with the same random numbers, one as configured and one with the mechanism switched
    off; the effect is the difference of an outcome, replicate by replicate. docs/CLAIMS.md describes all of them. The
    results depend on configuration, data and seed only, not on the number of threads.

    Parameters
    ----------
    config : Config or path
        Configuration, or TOML file.
    replicates : int, optional
        Replicates of each arm, 2 or more; 64 if not given.
    seed, threads : int, optional
        In place of ``run.seed``, ``run.threads`` (0: all available).
    over : str or Over, optional
        ``"PARAM=a:b:n"``: the claims again for n values of a parameter.
    only : str or sequence of str, optional
        Claims (``"C1"`` … ``"C12"``) and parts (``"feedback"``, ``"impulse"``, ``"coupling"``, ``"attribution"``);
        all if not given.
    attribution_replicates : int, optional
        Replicates of the attribution of growth; 4 at most if not given, 0: none.
    map_replicates : int, optional
        Replicates at each value of `over`; 16 at most if not given.
    progress : callable, optional
        Gets a `technopole.simulation.ensemble.Progress` several times a second, on the calling thread.
    data : path, optional
        In place of ``data.path``.
    backend : str, optional
        In place of ``run.backend``.

    Returns
    -------
    xarray.Dataset
        ``effect`` (claim, replicate), ``estimate``, ``low``, ``high``, ``share_with_sign``, ``replicates_used``,
        ``verdict`` (claim); ``feedback_…`` (response, arm or part); ``impulse`` (shock, response_of, horizon);
        ``coupling`` (time); ``attribution`` (mechanism_group); with `over` ``map_…`` (claim, value).

    Raises
    ------
    ConfigError
        If the configuration, the data or an argument cannot be used, or it does not fit into memory.
    NotFiniteError
        If a number became infinite or not a number.
    TechnopoleError
        If there is no room for another firm and ``capacity.fixed`` forbids more.
    KeyboardInterrupt
        On Ctrl-C, about a second later.
    """
    resolved = resolve_config(config, data=data)
    experiment = Claims(
        resolved,
        replicates,
        seed,
        threads,
        over,
        only,
        attribution_replicates,
        map_replicates,
        backend=backend,
    )
    return experiment.run(progress)
