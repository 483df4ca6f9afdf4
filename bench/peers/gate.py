"""The gate before the clock: an implementation counts only if it computes the same model.

Three tests on the outcomes (worlds, periods, outcomes): identities that hold in every world and period; means within
Monte Carlo error of technopole's; and, where the random numbers are the same, agreement to rounding.
"""

from __future__ import annotations

import numpy as np

from peers.problem import OUTCOMES, Parameters

MOST_ERRORS = 4.0
"""Standard errors between two means that pass: one implementation in a thousand fails by bad luck."""
LEAST_POWER = 0.05
"""Standard errors above this part of the reference mean would let anything pass."""
_NAMES = {name: j for j, name in enumerate(OUTCOMES)}


def check_identities(outcomes: np.ndarray, p: Parameters, tolerance: float = 1e-9) -> list[str]:
    """What follows from the equations whatever the random numbers are (MODEL.md, invariants)."""
    if not np.isfinite(outcomes).all():
        return ["outcomes are not finite"]
    complaints = []
    cash, research = outcomes[:, :, _NAMES["cash"]], outcomes[:, :, _NAMES["research"]]
    cash_before = np.concatenate([np.ones((len(cash), 1)), cash[:, :-1]], axis=1)
    research_before = np.concatenate([np.full((len(cash), 1), 0.5), research[:, :-1]], axis=1)
    kept = cash - (1.0 - p.payout) * cash_before + research - (1.0 - p.fading) * research_before
    off = float(np.abs(kept - (p.margin - p.operating)).max())
    if off > tolerance:
        complaints.append(f"accounts are off by {off:.2e}: shares do not sum to one or money is lost")
    for name in ("technology", "quality"):
        if (np.diff(outcomes[:, :, _NAMES[name]], axis=1) < -tolerance).any():
            complaints.append(f"{name} falls")
    for name in ("concentration", "agglomeration"):
        if (outcomes[:, :, _NAMES[name]] < 1.0 - tolerance).any():
            complaints.append(f"{name} is below one")
    return complaints


def transform(values: np.ndarray, name: str) -> np.ndarray:
    """What is compared: indices of inequality, which have long tails, by the logarithm of their excess over one."""
    return np.log(np.maximum(values - 1.0, 1e-12)) if name in ("concentration", "agglomeration") else values


def check_means(outcomes: np.ndarray, reference: np.ndarray, tolerance: float) -> list[str]:
    """Compare means over the worlds, half way and at the end, with those of the reference."""
    complaints = []
    for period in (outcomes.shape[1] // 2, outcomes.shape[1] - 1):
        for j, name in enumerate(OUTCOMES):
            a, b = transform(outcomes[:, period, j], name), transform(reference[:, period, j], name)
            error = np.sqrt(a.var(ddof=1) / a.size + b.var(ddof=1) / b.size)
            if error > LEAST_POWER * max(abs(b.mean()), 0.1):
                complaints.append(f"{name}: too few worlds to tell (error {error:.2e} of {b.mean():.4g})")
            elif abs(a.mean() - b.mean()) > MOST_ERRORS * error + tolerance * abs(b.mean()):
                distance = abs(a.mean() - b.mean()) / error
                complaints.append(
                    f"{name}: {a.mean():.6g} against {b.mean():.6g}, {distance:.1f} standard errors"
                )
    return complaints


def check_numbers(outcomes: np.ndarray, reference: np.ndarray, tolerance: float = 1e-9) -> list[str]:
    """The same random numbers give the same outcomes to rounding."""
    off = float(np.abs(outcomes / reference[: len(outcomes)] - 1.0).max())
    return [] if off <= tolerance else [f"outcomes with the same random numbers differ by {off:.2e}"]


def check(
    outcomes: np.ndarray,
    reference: np.ndarray,
    p: Parameters,
    tolerance: float = 1e-9,
    same_numbers: bool = False,
) -> list[str]:
    """All tests; an empty list means that times count."""
    if outcomes.ndim != 3 or outcomes.shape[1:] != reference.shape[1:]:
        return [f"outcomes have shape {outcomes.shape}"]
    complaints = check_identities(outcomes, p, tolerance)
    if complaints:
        return complaints
    return check_numbers(outcomes, reference) if same_numbers else check_means(outcomes, reference, tolerance)
