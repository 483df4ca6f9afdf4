"""How many firms a world has room for; needs no kernels."""

from __future__ import annotations

import math

from technopole.config.config import Config


def first_capacity(config: Config, firms: int) -> int:
    """Return the firm slots that a new world of so many firms gets."""
    return int(math.ceil(firms * (1.0 + config.capacity.slack))) + 16
