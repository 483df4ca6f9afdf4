"""Years of made-up firms, from which facts are measured."""

import numpy as np

from technopole.facts.panel import Year

SIGMAS = 5.0


def make_year(regions=1, sectors=1, after=None, **before):
    """Year of firms that all stay as they are unless something else is said.

    ``before`` are arrays over the operating firms, ``after`` over those at the end.
    """
    cell = np.asarray(before.pop("cell", np.zeros(len(before.get("employment", [1.0])), dtype=int)))
    n = cell.size
    stays = np.asarray(before.pop("stays", np.ones(n, dtype=bool)))
    employment = np.asarray(before.pop("employment", np.full(n, 10.0)), dtype=float)
    age = np.asarray(before.pop("age", np.full(n, 9)))
    after = after or {}
    next_cell = np.asarray(after.get("cell", cell[stays]))
    m = next_cell.size
    values = {
        "period": 0,
        "regions": regions,
        "sectors": sectors,
        "cell": cell,
        "age": age,
        "employment": employment,
        "old_efficiency": np.asarray(before.pop("old_efficiency", np.zeros(n))),
        "stays": stays,
        "innovates": np.asarray(before.pop("innovates", np.zeros(n, dtype=bool))),
        "parents": np.asarray(before.pop("parents", np.zeros(0, dtype=int))),
        "children": np.asarray(before.pop("children", np.zeros(0, dtype=int))),
        "next_identity": np.asarray(after.get("identity", np.arange(m))).astype(np.uint64),
        "next_cell": next_cell,
        "next_age": np.asarray(after.get("age", age[stays] + 1)),
        "next_employment": np.asarray(after.get("employment", employment[stays]), dtype=float),
        "since": np.asarray(after.get("since", np.full(m, 100))),
        "efficiency": np.asarray(after.get("efficiency", np.zeros(m)), dtype=float),
        "quality": np.zeros(m),
        "share": np.asarray(after.get("share", np.full(m, 1.0 / m)), dtype=float),
        "sales": np.asarray(after.get("sales", np.ones(m)), dtype=float),
        "wage": np.ones(regions),
        "workforce": np.full(regions, 100.0),
        "university": np.ones(regions),
        "research": np.ones(regions),
        "lag": np.full(regions, 7.0),
    }
    values["is_new"] = np.asarray(after.get("is_new", values["next_age"] == 0))
    assert not before, before
    return Year(**values)


def collect(collector, *years):
    for year in years:
        collector.add(year)
    return collector.facts()
