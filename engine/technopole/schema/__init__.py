"""One table of everything that has a name: settings, parameters, variables, policies.

Allocation, checks, metadata of the results, documentation and random test configurations are derived from
it. The rows stand in `technopole.schema.parameters` and `technopole.schema.variables`; here are the settings of a run.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from technopole.schema.entries import Instrument, Kind, Parameter, Value, Variable
from technopole.schema.parameters import PARAMETERS
from technopole.schema.variables import (
    CHANNELS,
    DEFAULT_OUTPUT,
    RECORDS,
    SIZE_EDGES,
    STATE,
    STOCKS,
    VARIABLES,
)

__all__ = [
    "CHANNELS",
    "DEFAULT_OUTPUT",
    "ENTRIES",
    "GROUPS",
    "INSTRUMENTS",
    "PARAMETERS",
    "RECORDS",
    "SECTOR_DEFAULTS",
    "SETTINGS",
    "SIZE_CLASSES",
    "SIZE_EDGES",
    "STATE",
    "STOCKS",
    "VARIABLES",
    "Instrument",
    "Parameter",
    "Value",
    "Variable",
    "defaults",
    "kernel_parameters",
    "suggestion",
]

BACKENDS = ("cpu", "cuda")
"""What can compute."""

SEED_LIMIT = 2**32 - 1
"""Seed and replicate are the two 32-bit halves of the key of the random numbers."""

SIZE_CLASSES: tuple[int, ...] = (1, 5, 10, 20, 50, 100, 250, 500, 1000)
"""Lower bounds (workers) of the size classes of establishments in the tables; the last class is open."""


def _setting(
    key: str,
    default: Value,
    doc: str,
    dtype: Kind,
    bounds: tuple[float, float] | None = None,
    unit: str = "1",
    choices: tuple[str, ...] | None = None,
    low_open: bool = False,
) -> Parameter:
    low, high = bounds or (None, None)
    return Parameter(
        key, default, unit, low, high, low_open, choices, doc, source="setting", dtype=dtype, kernel=False
    )


_SETTING_ROWS = (
    _setting("scenario.name", "", "Short name, used for files.", "str"),
    _setting("scenario.title", "", "Title, used in figures and metadata.", "str"),
    _setting("scenario.description", "", "What the scenario is about.", "str"),
    _setting("scenario.source", "", "Where its numbers come from.", "str"),
    _setting("time.periods", 60, "Number of periods.", "int", (1, 1_000_000), "period"),
    _setting(
        "time.period_years",
        1.0,
        "Length of a period; documents what the rates per period mean.",
        "float",
        (0, 100),
        "year",
        low_open=True,
    ),
    _setting("run.replicates", 8, "Number of Monte Carlo realisations.", "int", (1, SEED_LIMIT)),
    _setting(
        "run.seed", 1, "Seed; with the number of the replicate it keys all draws.", "int", (0, SEED_LIMIT)
    ),
    _setting("run.threads", 0, "Threads; 0 takes all that are available.", "int", (0, 4096)),
    _setting(
        "run.backend",
        "cpu",
        "What computes: the processor, or a GPU of NVIDIA; the results have the same bits.",
        "choice",
        choices=BACKENDS,
    ),
    _setting(
        "run.block",
        0,
        "Replicates that a thread takes at a time, or that are on a GPU together; 0 decides by itself.",
        "int",
        (0, 1_000_000),
    ),
    _setting(
        "run.precision",
        "float64",
        "How the numbers of firms are held and computed; those of cells, regions and sectors are float64 always.",
        "choice",
        choices=("float64", "float32"),
    ),
    _setting(
        "data.kind",
        "embedded",
        "The economy comes from the tables of this file, a folder of tables, County Business Patterns, or is "
        "made up as [synthetic] says.",
        "choice",
        choices=("embedded", "folder", "cbp", "synthetic"),
    ),
    _setting("data.path", "", "Folder or file of the data, relative to this file.", "str"),
    _setting(
        "data.scale",
        0.01,
        "Share of the real number of firms that is simulated.",
        "float",
        (0, 1),
        low_open=True,
    ),
    _setting(
        "data.regions",
        "metro",
        "Areas to take from a folder: metropolitan, all, or states.",
        "choice",
        choices=("metro", "all", "state"),
    ),
    _setting(
        "data.specialisation",
        0.3,
        "Standard deviation of the log weight of a sector in a region, where firms are spread by population.",
        "float",
        (0, 3),
    ),
    _setting("data.seed", 1, "Seed of the generator of the initial firms.", "int", (0, SEED_LIMIT)),
    _setting(
        "data.university_exponent",
        0.5,
        "Elasticity of the initial stock of universities to research and patents per head.",
        "float",
        (0, 2),
    ),
    _setting("synthetic.firms", 100_000, "Number of firms of a made-up economy.", "int", (1, 10**9)),
    _setting("synthetic.regions", 48, "Number of regions.", "int", (1, 100_000)),
    _setting("synthetic.sectors", 12, "Number of sectors.", "int", (1, 1_000)),
    _setting(
        "synthetic.sizes",
        "zipf",
        "Firms by region: falling with the rank of the region (Zipf), or equal.",
        "choice",
        choices=("zipf", "equal"),
    ),
    _setting("synthetic.exponent", 0.8, "Fall of ln firms with ln rank, for Zipf.", "float", (0, 3)),
    _setting(
        "synthetic.largest",
        0.0,
        "Share of all firms in the largest region; 0: as the sizes say.",
        "float",
        (0, 0.99),
    ),
    _setting(
        "synthetic.spacing",
        100.0,
        "Mean distance of neighbouring regions.",
        "float",
        (0, 1e6),
        "km",
        low_open=True,
    ),
    _setting("synthetic.high_tech", 0.3, "Share of sectors that are high-tech.", "float", (0, 1)),
    _setting("synthetic.group", 4, "Sectors of a group, which are related.", "int", (1, 1_000)),
    _setting(
        "output.variables",
        DEFAULT_OUTPUT,
        "Variables to record.",
        "names",
        choices=tuple(RECORDS),
    ),
    _setting("output.stride", 1, "Record every so many periods.", "int", (1, 1_000_000), "period"),
    _setting(
        "capacity.slack", 0.10, "Room for more firms than at the start, as a share of them.", "float", (0, 10)
    ),
    _setting("capacity.fixed", False, "Stop, rather than enlarge the arrays, when it is used up.", "bool"),
)

SETTINGS: dict[str, Parameter] = {row.key: row for row in _SETTING_ROWS}
"""Keys that say what to run, not how the economy works."""

ENTRIES: dict[str, Parameter] = {**SETTINGS, **PARAMETERS}
"""All keys of the configuration but its lists of tables, in the order of the file."""

GROUPS: dict[str, dict[str, Parameter]] = {}
"""The same by section."""
for _row in ENTRIES.values():
    GROUPS.setdefault(_row.group, {})[_row.name] = _row

SECTOR_DEFAULTS: dict[str, tuple[str, str]] = {
    "rd_intensity": ("innovation.rd_intensity", "innovation.rd_intensity_high_tech"),
    "innovation_rate": ("innovation.rate", "innovation.rate_high_tech"),
    "innovation_scale": ("innovation.scale", "innovation.scale"),
    "appropriability": ("learning.appropriability", "learning.appropriability"),
    "markup": ("market.markup", "market.markup"),
    "labour_share": ("market.labour_share", "market.labour_share"),
    "demand_growth": ("market.demand_growth", "market.demand_growth_high_tech"),
}
"""Key of ``[[sectors]]`` → parameters that hold where it is absent: of traditional, of high-tech sectors."""

_INSTRUMENT_ROWS = (
    Instrument("rd_subsidy", ("region", "sector"), "1", -1, 10, "Share added to firms' own research."),
    Instrument("reputation", ("region", "sector"), "1", -5, 5, "Added to the target of reputation."),
    Instrument("entry_support", ("region", "sector"), "1", -1, 100, "Relative rise of start-ups."),
    Instrument("infrastructure", ("region",), "1", -10, 100, "Added to the supply of infrastructure."),
    Instrument("university", ("region",), "1", -10, 100, "Added to the supply of universities."),
    Instrument("services", ("region",), "1", -10, 100, "Added to the supply of services."),
    Instrument("finance", ("region",), "1", -10, 100, "Added to the supply of finance."),
    Instrument("wage_shock", ("region",), "1", -0.9, 10, "Relative rise of wages in a period."),
    Instrument("demand_shock", ("sector",), "1", -0.9, 10, "Relative rise of demand in a period."),
)

INSTRUMENTS: dict[str, Instrument] = {row.name: row for row in _INSTRUMENT_ROWS}
"""Policies and shocks by name."""


def defaults() -> dict[str, Value]:
    """Return the default of every key of the configuration.

    Returns
    -------
    dict of str to value
        Dotted key → default.
    """
    return {key: row.default for key, row in ENTRIES.items()}


def kernel_parameters() -> tuple[Parameter, ...]:
    """Return the parameters that the kernels get as scalars.

    Returns
    -------
    tuple of Parameter
        In the order of the schema; `Parameter.field` is the name in the kernels.
    """
    return tuple(row for row in PARAMETERS.values() if row.kernel)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return a hint at the nearest known word.

    Parameters
    ----------
    word : str
        What was found.
    known : iterable of str
        What is allowed.

    Returns
    -------
    str
        ``; did you mean "…"?`` or nothing.
    """
    near = difflib.get_close_matches(word[:80], list(known), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""
