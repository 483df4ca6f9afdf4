"""The colours of figures and reports, told apart by colour-blind readers."""

from __future__ import annotations

INK, SOFT, GRID = "#222222", "#5f6368", "#e3e5e8"
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
"""The colours of Okabe and Ito (2008)."""

HIGH_TECH_COLOURS = (
    "#08306b",
    "#0072B2",
    "#4f9fd0",
    "#00795a",
    "#56B4E9",
    "#3fb598",
    "#9ecbea",
    "#97d6c6",
    "#cfe3f3",
)
TRADITIONAL_COLOURS = (
    "#b34700",
    "#E69F00",
    "#e8824a",
    "#f0c75e",
    "#9c4f7c",
    "#f4b183",
    "#CC79A7",
    "#f6e2a6",
    "#e8bdd5",
)
OTHER_HIGH_TECH, OTHER = "#aebcc8", "#d6d3ce"
"""Layers of the sector mix: blue and green are high-tech, warm colours are not."""

RISING_COLOURS = ["#fde9a9", "#f3b25b", "#d9694f", "#93366a", "#3b1c54"]
"""Scale of values of one sign, light to dark."""
BOTH_WAYS_COLOURS = ["#8c3b00", "#e08a3c", "#f2efe9", "#5aa0cf", "#08447c"]
"""Scale that diverges from zero."""
