"""What the units of the claims found, put together as one labelled dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from technopole.claim_tests.design import FEEDBACK, MECHANISMS, REST, SHARES, Row
from technopole.claim_tests.interventions import PUSHES
from technopole.claim_tests.outcomes import Floats, ratio
from technopole.claim_tests.statistics import factorial_parts, interval, shapley, share_with_sign, verdict
from technopole.claim_tests.units import RESPONSES, Found, Study
from technopole.results.output import run_attributes

if TYPE_CHECKING:
    import xarray as xr

ARMS = ("none", *(name for name in FEEDBACK if name != "none"), "both")
PARTS = ("cluster_to_ris", "ris_to_cluster", "synergy")

ByReplicate = Mapping[int, list[Found]]
Variables = dict[str, Any]


def paired_values(study: Study, found: ByReplicate) -> tuple[Floats, Floats]:
    """Return what each row has with its mechanism and without it.

    Returns
    -------
    with_mechanism, without : ndarray, shape (row, replicate)
        In the unit of the row; NaN where there is no value. The effect is their difference.
    """
    rows = study.selection.rows
    on, off = np.full((2, len(rows), study.replicates), np.nan)
    for replicate, parts in found.items():
        merged: dict[str, dict[str, float]] = {"on": {}, "off": {}, "none": {}}
        for part in parts:
            for side in merged:
                merged[side] |= part.get(side, {})
        for place, row in enumerate(rows):
            first, second = (merged[side].get(row.id, np.nan) for side in ("on", "off"))
            if row.id in SHARES:
                added = first - merged["none"][row.id]
                first, second = ratio(first - second, added), parts[0]["high_tech_sales"]
            if np.isfinite(first) and np.isfinite(second):
                on[place, replicate], off[place, replicate] = row.factor * first, row.factor * second
    return on, off


def assemble(study: Study, found: ByReplicate) -> xr.Dataset:
    """Return the results of a study.

    Parameters
    ----------
    study : Study
    found : mapping
        By replicate, what its units found.

    Returns
    -------
    xarray.Dataset
        As far as it was asked for; see docs/CLAIMS.md.
    """
    import xarray as xr

    config = study.blueprint.config.replace({"run.replicates": study.replicates})
    data: Variables = {}
    labels: Variables = {}
    if study.selection.rows:
        data |= _claims(study, found)
        labels |= row_labels(study.selection.rows)
    for part, make in _MAKERS.items():
        if part in study.selection.parts:
            more, names = make(study, found)
            data |= more
            labels |= names
    if any("replicate" in entry[0] for entry in data.values()):
        labels["replicate"] = (
            "replicate",
            np.arange(study.replicates),
            {"long_name": "Monte Carlo realisation"},
        )
    attrs = {"kind": "claims", **run_attributes(config), "replicates": study.replicates, "confidence": 0.95}
    if "attribution" in data:
        attrs["attribution_replicates"] = study.few
    return xr.Dataset(data, labels, attrs)


def row_labels(rows: Sequence[Row]) -> Variables:
    """Return the coordinates along the dimension ``claim``."""
    columns = {
        "claim": ("id", "id of the claim, or of a further outcome of it"),
        "title": ("title", "what is claimed"),
        "mechanism": ("mechanism", "what is switched off"),
        "outcome": ("outcome", "what is measured"),
        "unit": ("unit", "unit of the effect"),
    }
    labels: Variables = {
        name: ("claim", words(getattr(row, field) for row in rows), {"long_name": text})
        for name, (field, text) in columns.items()
    }
    labels["expected_sign"] = (
        "claim",
        np.array([row.sign for row in rows]),
        {"long_name": "expected sign of the effect"},
    )
    labels["primary"] = (
        "claim",
        np.array([row.primary for row in rows]),
        {"long_name": "the outcome on which the verdict on the claim hangs"},
    )
    return labels


def claim_statistics(rows: Sequence[Row], on: Floats, off: Floats) -> dict[str, NDArray[Any]]:
    """Return what is told of each row, arrays along the rows by name.

    Parameters
    ----------
    rows : sequence of Row
    on, off : ndarray, shape (row, replicate)
        Of `paired_values`.
    """
    effect = on - off
    estimate, low, high = interval(effect.T)
    return {
        "estimate": estimate,
        "low": low,
        "high": high,
        "share_with_sign": share_with_sign(effect, np.array([row.sign for row in rows])),
        "replicates_used": np.isfinite(effect).sum(axis=1),
        "verdict": words(verdict(low[place], high[place], row.sign) for place, row in enumerate(rows)),
    }


_TEXTS = {
    "estimate": "mean effect, with the mechanism less without it",
    "low": "lower end of the 95 % interval of the mean effect",
    "high": "upper end of the 95 % interval of the mean effect",
    "share_with_sign": "share of replicates with the expected sign",
    "replicates_used": "replicates with a value",
    "verdict": "verdict on the claim",
}


def _claims(study: Study, found: ByReplicate) -> Variables:
    rows = study.selection.rows
    on, off = paired_values(study, found)
    data: Variables = {
        "effect": (
            ("claim", "replicate"),
            on - off,
            {"long_name": "effect, with the mechanism less without it", "units": "unit of the row"},
        )
    }
    for name, values in claim_statistics(rows, on, off).items():
        units = "unit of the row" if name in ("estimate", "low", "high") else "1"
        data[name] = ("claim", values, {"long_name": _TEXTS[name], "units": units})
    for name, values, text in (("with_mechanism", on, "with"), ("without_mechanism", off, "without")):
        mean, _, _ = interval(values.T)
        data[name] = ("claim", mean, {"long_name": f"mean outcome {text} it", "units": "unit of the row"})
    return data


def _feedback(study: Study, found: ByReplicate) -> tuple[Variables, Variables]:
    table = np.full((len(ARMS), len(RESPONSES), study.replicates), np.nan)
    for replicate, parts in found.items():
        for part in parts:
            for arm, values in part.get("feedback", {}).items():
                table[ARMS.index(arm), :, replicate] = values
    by_name = dict(zip(ARMS, table, strict=True))
    parts_ = factorial_parts(*(by_name[arm] for arm in ARMS))
    effect = np.moveaxis(parts_, 0, 1)
    estimate, low, high = interval(np.moveaxis(effect, -1, 0))
    dims = ("response", "part")
    data: Variables = {
        "feedback_mean": (
            ("response", "arm"),
            interval(np.moveaxis(table, (2, 1, 0), (0, 1, 2)))[0],
            {"long_name": "mean outcome by arm of the 2×2 experiment", "units": "unit of the response"},
        ),
        "feedback_effect": (
            ("response", "part", "replicate"),
            effect,
            {
                "long_name": "main effects of the two directions and their synergy",
                "units": "unit of the response",
            },
        ),
    }
    data |= with_interval(
        "feedback_estimate", "feedback", dims, (estimate, low, high), "mean effect", "unit of the response"
    )
    labels: Variables = {
        "response": ("response", words(name for name, _ in RESPONSES), {"long_name": "outcome"}),
        "response_unit": ("response", words(unit for _, unit in RESPONSES), {"long_name": "unit"}),
        "arm": ("arm", words(ARMS), {"long_name": "directions of the feedback that are on"}),
        "part": ("part", words(PARTS), {"long_name": "main effect of a direction, or synergy"}),
    }
    return data, labels


def _impulse(study: Study, found: ByReplicate) -> tuple[Variables, Variables]:
    values = np.stack([found[replicate][0]["impulse"] for replicate in range(study.replicates)])
    dims = ("shock", "response_of", "horizon")
    sides = words(PUSHES)
    data = with_interval(
        "impulse",
        "impulse",
        dims,
        interval(values),
        "response of an index to a push, mean of the pushed regions",
        "1",
    )
    return data, {
        "shock": ("shock", sides, {"long_name": "side that is pushed for five periods"}),
        "response_of": ("response_of", sides.copy(), {"long_name": "side whose index responds"}),
        "horizon": (
            "horizon",
            np.arange(values.shape[-1]),
            {"long_name": "periods since the push began", "units": "period"},
        ),
    }


def _coupling(study: Study, found: ByReplicate) -> tuple[Variables, Variables]:
    from technopole.indicators.coupling import GRADES, grade

    values = np.stack([found[replicate][0]["coupling"] for replicate in range(study.replicates)])
    mean, low, high = interval(values)
    data = with_interval(
        "coupling", "coupling", ("time",), (mean, low, high), "coupling coordination of clusters and RIS", "1"
    )
    data["coupling_grade"] = (
        "time",
        grade(mean).astype(np.int8),
        {
            "long_name": "grade of the mean coordination",
            "units": "1",
            "flag_values": list(range(1, 11)),
            "flag_meanings": " ".join(name.replace(" ", "_") for name in GRADES),
        },
    )
    return data, {
        "time": ("time", np.arange(1, study.periods + 1), {"long_name": "periods done", "units": "period"})
    }


def _attribution(study: Study, found: ByReplicate) -> tuple[Variables, Variables]:
    if not study.few:
        return {}, {}
    outcomes: dict[tuple[int, ...], Floats] = {}
    for replicate in range(study.few):
        for part in found[replicate]:
            for name, value in part.get("growth", {}).items():
                subset = tuple(int(number) for number in name.split(",") if number)
                outcomes.setdefault(subset, np.full(study.few, np.nan))[replicate] = value
    values = np.concatenate([shapley(outcomes, len(MECHANISMS)), outcomes[()][None]])
    data = with_interval(
        "attribution",
        "attribution",
        ("mechanism_group",),
        interval(values.T),
        "part of the growth of productivity (Shapley value)",
        "% per year",
    )
    data["attribution"][2]["comment"] = (
        f"sums to the growth of the run as configured; '{REST}' is the growth with all groups off; "
        f"from {study.few} replicates"
    )
    names = words((*MECHANISMS, REST))
    return data, {"mechanism_group": ("mechanism_group", names, {"long_name": "group of mechanisms"})}


_MAKERS = {"feedback": _feedback, "impulse": _impulse, "coupling": _coupling, "attribution": _attribution}


def with_interval(
    name: str, stem: str, dims: tuple[str, ...], values: tuple[Floats, Floats, Floats], text: str, units: str
) -> Variables:
    """Return three variables: a mean and the ends of its 95 % interval."""
    names = (name, f"{stem}_low", f"{stem}_high")
    texts = (text, f"{text}: lower end of the 95 % interval", f"{text}: upper end of the 95 % interval")
    return {
        one: (dims, np.asarray(numbers), {"long_name": words_, "units": units})
        for one, numbers, words_ in zip(names, values, texts, strict=True)
    }


def words(values: Any) -> NDArray[Any]:
    """Return text as Python strings, which both file formats store as text of any length."""
    listed = list(values)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array
