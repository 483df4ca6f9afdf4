"""What the policy environments refuse: actions outside their space, a way of rendering."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from technopole.basics.given import numbers_of
from technopole.errors import ConfigError, StateError

ROUNDING = 1e-6
"""So far outside 0 to 1 a weight is taken for the bound: float32 is no more exact."""


def action_weights(action: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the weights of an action.

    Parameters
    ----------
    action : array_like
        Weights from 0 to 1.
    shape : tuple of int
        Of the space of actions.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    StateError
        If it is not of the space.
    """

    def fail(found: str) -> StateError:
        return StateError(f"action: {found}; allowed: numbers from 0 to 1 of shape {shape} (action_space)")

    weights = numbers_of(action, fail)
    if weights.shape != shape:
        raise fail(f"found shape {weights.shape}")
    outside = ~((weights >= -ROUNDING) & (weights <= 1.0 + ROUNDING))
    if outside.any():
        raise fail(f"found {weights[outside][0]:g}")
    return np.clip(weights, 0.0, 1.0)


def refuse_rendering(render_mode: Any) -> None:
    """Raise if something is to be rendered.

    Raises
    ------
    ConfigError
        If a way of rendering is given.
    """
    if render_mode is not None:
        raise ConfigError(f"render_mode: found {render_mode!r}; allowed: None (there is nothing to render)")
