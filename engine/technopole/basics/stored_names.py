"""Names in the store of an experiment, and what would make two arrays of it have the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from technopole.sweeps.sweep import Sweep

POINT_NAME = "point_name"
"""Names of the points, where the design gives them."""
STATUS = "replicate_status"
"""0 missing, 1 done, 2 failed."""
PARTIAL = "partial"
"""Group of the moments of blocks."""
FIRMS = "firm_tables"
"""Group of the tables of firms, one group in it per unit."""
MOMENTS = ("n", "mean", "m2")
"""Along the dimension ``moment`` of the arrays of `PARTIAL`; one array, so that a unit writes few files."""
JOURNAL = "journal"
"""Group without arrays, in whose folder the journals are."""
STATISTICS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "mean": (("mean", "f8", "mean"),),
    "sd": (("sd", "f8", "standard deviation between replicates"),),
    "se": (("se", "f8", "Monte Carlo standard error of the mean"),),
    "interval": (
        ("low", "f8", "lower end of the confidence interval of the mean"),
        ("high", "f8", "upper end of the confidence interval of the mean"),
    ),
    "n": (("n", "i8", "replicates with a value"),),
    "quantiles": (
        ("quantile", "f8", "quantile over replicates"),
        ("quantile_se", "f8", "Monte Carlo standard error of the quantile"),
    ),
}
"""Word in ``output.statistics`` → part, type and meaning of its arrays; see `statistic_name`."""


LABELS = (
    *(
        "point",
        POINT_NAME,
        "replicate",
        "time",
        "region",
        "sector",
        "quantile",
        "size_class",
        "block",
        "moment",
    ),
    *("region_name", "sector_name", "latitude", "longitude", "x", "y", "high_tech"),
)
"""Names that dimensions and coordinates may have."""


def statistic_name(of: str, part: str) -> str:
    """Return the name of the array of a statistic.

    Parameters
    ----------
    of : str
        Variable or outcome.
    part : str
        As in `STATISTICS`.

    Returns
    -------
    str
        Such as ``wage_mean``. The standard deviation is ``wage_std``: ``productivity_sd`` is a variable of its
        own, the spread between firms.
    """
    return f"{of}_{'std' if part == 'sd' else part}"


def name_problems(sweep: Sweep) -> list[str]:
    """Say which arrays of the store would have the same name.

    Parameters
    ----------
    sweep : Sweep
        Otherwise checked.

    Returns
    -------
    list of str
        One line each; empty if all is well.
    """
    parts = [part for word in sweep.output.statistics for part, _, _ in STATISTICS[word]]
    owners: dict[str, str] = {}
    problems = []
    names = [(name, "variable", sweep.stores_raw) for name in sweep.variables]
    names += [(outcome.name, "outcome", True) for outcome in sweep.outcomes]
    for word in (*LABELS, *sweep.design.keys, STATUS, PARTIAL, FIRMS, JOURNAL):
        owners[word] = "the store"
    for name, kind, itself in names:
        for array in [name] * itself + [statistic_name(name, part) for part in parts]:
            owner = owners.setdefault(array, f"{kind} {name}")
            if owner != f"{kind} {name}":
                problems.append(
                    f'{kind} {name}: its array "{array}" is that of {owner}; allowed: other names'
                )
    return problems
