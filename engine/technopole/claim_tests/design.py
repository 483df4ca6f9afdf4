"""The claims under study as a table: which mechanism is switched off, what is measured, what is expected.

The claims are those of Song, Wang and Bian (2010); C1 to C12 and ⇄ as in docs/CLAIMS.md. A *row* is one outcome of
one claim; the row with the id of the claim is its primary outcome, others have an id such as ``C1.technology``.
"""

from __future__ import annotations

from typing import NamedTuple

from technopole.errors import ConfigError
from technopole.schema import suggestion

BASE = "base"
"""The arm in which everything is as configured."""
SHARES = ("C7", "C7.quality")
"""Rows that compare two shares: of high-tech sectors in what innovation adds to growth, and in sales."""
NO_INNOVATION = "no_innovation"
"""The arm that tells what innovation adds at all: no sector innovates."""
NO_HIGH_TECH = "no_high_tech_innovation"
"""The arm that is no parameter: high-tech sectors do not innovate (sectors may have rates of their own)."""


class Row(NamedTuple):
    """One outcome of one claim.

    The effect is the value with the mechanism less the value without it, replicate by replicate.
    """

    id: str
    title: str
    mechanism: str
    """What is switched off, or compared, in words."""
    outcome: str
    unit: str
    sign: int
    """Expected sign of the effect."""
    arm: str
    """Arm in which the mechanism is off; ``base``: both values come from the run as configured."""
    factor: float = 1.0
    """From the unit in which it is measured to `unit`."""

    @property
    def claim(self) -> str:
        """Id of the claim that the row belongs to."""
        return self.id.partition(".")[0]

    @property
    def primary(self) -> bool:
        """Whether the verdict on the claim hangs on this row."""
        return "." not in self.id


SWITCHES: dict[str, dict[str, float]] = {
    "no_learning": {"learning.organisation": 0.0, "learning.technology": 0.0, "learning.sourcing": 0.0},
    "no_contact": {"learning.contact": 0.0, "spillover.rate": 0.0},
    "no_sharing": {"sharing.cost": 0.0, "sharing.congestion": 0.0},
    "no_scale": {
        "sharing.scale_exponent": 1.0,
        "agglomeration.localisation": 0.0,
        "agglomeration.urbanisation": 0.0,
        "agglomeration.diversity": 0.0,
    },
    "no_science": {"science.rate": 0.0},
    "no_relatedness": {"entry.relatedness": 0.0},
    "no_herding": {"entry.herding": 0.0},
    "no_transaction": {"transaction.trust": 0.0, "transaction.services": 0.0},
    "no_reputation": {"reputation.weight": 0.0},
    "no_social_capital": {"mobility.trust": 0.0, "mobility.reputation": 0.0},
    "no_upgrading": {"upgrading.rate": 0.0},
    "no_small_firm_support": {"sme.pooling": 0.0, "finance.credit_index": 0.0},
    "no_small_firm_radical": {"sme.radical": 1.0},
}
"""Parameters of an arm, at the value at which they do nothing; all others are as configured."""

FEEDBACK: dict[str, dict[str, float]] = {
    "none": {"feedback.cluster_to_ris": 0.0, "feedback.ris_to_cluster": 0.0},
    "cluster_to_ris": {"feedback.ris_to_cluster": 0.0},
    "ris_to_cluster": {"feedback.cluster_to_ris": 0.0},
}
"""The arms of the 2×2 experiment beside the one as configured (``both``)."""

LOG, POINTS, SALES = "log points", "percentage points", "% of sales"

_ROWS: tuple[Row, ...] = (
    Row("C1", "Firms learn from each other", "imitation in organisation, technology, sourcing",
        "mean knowledge of firms, three channels", LOG, 1, "no_learning"),
    Row("C1.organisation", "… organisation of production", "the same", "mean knowledge of organisation",
        LOG, 1, "no_learning"),
    Row("C1.technology", "… technology of machines", "the same", "mean knowledge of technology",
        LOG, 1, "no_learning"),
    Row("C1.sourcing", "… cheaper materials", "the same", "mean knowledge of sourcing", LOG, 1, "no_learning"),
    Row("C1.spread_organisation", "… become alike in organisation", "the same",
        "standard deviation within sectors, organisation", LOG, -1, "no_learning"),
    Row("C1.spread_technology", "… in technology", "the same", "standard deviation within sectors, technology",
        LOG, -1, "no_learning"),
    Row("C1.spread_sourcing", "… in sourcing", "the same", "standard deviation within sectors, sourcing",
        LOG, -1, "no_learning"),
    Row("C2", "Links speed up information", "contacts and spillover",
        "half-life of a knowledge gap between firms", "years", -1, "no_contact"),
    Row("C2.left", "… less of the gap is left", "the same", "share of the gap left at the end of the test", "1",
        -1, "no_contact"),
    Row("C3", "Sharing lowers cost where many are", "shared facilities and their congestion",
        "overhead per sales: slope on ln workforce of the region", f"{SALES} per {LOG[:-1]}", -1, "no_sharing",
        100.0),
    Row("C3.saving", "… and costs less than being alone", "shared facilities against facilities of one's own",
        "overhead per sales", SALES, -1, BASE, 100.0),
    Row("C4", "Scale raises productivity", "agglomeration and economies of scale in sharing",
        "elasticity of productivity to employment of the region", "1", 1, "no_scale"),
    Row("C4.net", "… net of overhead and transactions", "the same",
        "elasticity of productivity net of these costs", "1", 1, "no_scale"),
    Row("C5", "University ties shorten lags", "tied firms against untied firms",
        "mean lag from a pulse of research to technology in firms", "years", -1, BASE),
    Row("C5.technology", "… and raise technology", "use of university research by tied firms",
        "technology of tied less untied firms of a cluster", LOG, 1, "no_science"),
    Row("C6", "Regions divide labour", "start-ups prefer related sectors", "mean structural similarity of regions",
        "1", -1, "no_relatedness"),
    Row("C6.krugman", "… their structures differ", "the same", "mean Krugman index of pairs of regions", "1", 1,
        "no_relatedness"),
    Row("C6.herding", "Herding makes regions alike", "start-ups prefer sectors that grow",
        "mean structural similarity of regions", "1", 1, "no_herding"),
    Row("C7", "High-tech sectors drive growth", "innovation in high-tech sectors",
        "their share of the growth that innovation adds against their share of sales", POINTS, 1, NO_HIGH_TECH, 100.0),
    Row("C7.quality", "… counting the quality of products", "the same",
        "the same, of productivity and quality, against their share of sales", POINTS, 1, NO_HIGH_TECH,
        100.0),
    Row("C7.sectors", "… they grow faster themselves", "high-tech sectors (all else as configured)",
        "their share of productivity growth against their share of sales", POINTS, 1, BASE, 100.0),
    Row("C7.small", "… and so do small firms", "small firms (all else as configured)",
        "their share of productivity growth against their share of sales", POINTS, 1, BASE, 100.0),
    Row("C7.radical", "… by radical innovations", "radical innovations more often in small firms",
        "share of small firms in productivity growth less that in sales", POINTS, 1, "no_small_firm_radical", 100.0),
    Row("C8", "Transactions are cheaper in clusters", "trust and services in transactions",
        "transaction cost per sales: slope on ln firms of the region", f"{SALES} per {LOG[:-1]}", -1,
        "no_transaction", 100.0),
    Row("C8.level", "… and cheaper on the whole", "the same", "transaction cost per sales", SALES, -1,
        "no_transaction", 100.0),
    Row("C9", "The name of the place sells", "weight of reputation in demand",
        "sales at given price and quality: slope on reputation", f"{LOG} per {LOG[:-1]}", 1, "no_reputation"),
    Row("C10", "Social capital attracts people", "trust and reputation in the choice of a region",
        "net inflow of workers: slope on trust", "% a year per 0.1", 1, "no_social_capital"),
    Row("C10.reputation", "… and so does the name", "the same", "net inflow of workers: slope on reputation",
        "% a year per 0.1", 1, "no_social_capital"),
    Row("C11", "The RIS upgrades clusters", "upgrading by high-tech firms of the region",
        "technology gap, high-tech less traditional firms", LOG, -1, "no_upgrading"),
    Row("C12", "The RIS activates small firms", "pooled research, credit by the index of finance",
        "small firms that are left after five years", POINTS, 1, "no_small_firm_support", 100.0),
    Row("C12.innovation", "… they innovate more", "the same", "small firms' share of innovations", POINTS, 1,
        "no_small_firm_support", 100.0),
)  # fmt: skip
SAME = "the same"


def _resolved(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Put the mechanism of the row before in the place of `SAME`."""
    done: list[Row] = []
    for row in rows:
        done.append(row._replace(mechanism=done[-1].mechanism) if row.mechanism == SAME else row)
    return tuple(done)


ROWS = _resolved(_ROWS)
"""All rows; a primary one stands before the others of its claim."""

CLAIMS: tuple[str, ...] = tuple(row.id for row in ROWS if row.primary)
PARTS: tuple[str, ...] = ("feedback", "impulse", "coupling", "attribution")
"""What there is beside the claims: the 2×2 experiment, impulse responses, coupling coordination, Shapley values."""

MECHANISMS: dict[str, dict[str, float]] = {
    "innovation": {},
    "learning and spillover": {
        "learning.organisation": 0.0,
        "learning.technology": 0.0,
        "learning.sourcing": 0.0,
        "learning.quality": 0.0,
        "spillover.rate": 0.0,
    },
    "science and upgrading": {"science.rate": 0.0, "upgrading.rate": 0.0},
    "agglomeration": {
        "agglomeration.localisation": 0.0,
        "agglomeration.urbanisation": 0.0,
        "agglomeration.diversity": 0.0,
    },
    "feedback": {"feedback.cluster_to_ris": 0.0, "feedback.ris_to_cluster": 0.0},
}
"""Groups of mechanisms to which growth is attributed, and how they are switched off; no sector innovates without
the first."""
REST = "selection and entry"
"""What grows without any of them."""


class Selection(NamedTuple):
    """What is asked for."""

    rows: tuple[Row, ...]
    parts: frozenset[str]

    @property
    def arms(self) -> tuple[str, ...]:
        """Arms that run from the start, without the base."""
        wanted = {row.arm for row in self.rows} - {BASE, "no_contact"}
        if NO_HIGH_TECH in wanted:
            wanted.add(NO_INNOVATION)
        return tuple(arm for arm in (*SWITCHES, NO_HIGH_TECH, NO_INNOVATION) if arm in wanted)


def select(only: str | tuple[str, ...] | list[str] | None, called: str = "only") -> Selection:
    """Return the rows and parts that are asked for.

    Parameters
    ----------
    only : sequence of str, or str with commas, optional
        Ids of claims (``C1`` … ``C12``, each with all its rows) and names of parts (see `PARTS`; ``⇄`` is
        ``feedback``). None: everything.
    called : str
        What messages call it.

    Raises
    ------
    ConfigError
        If one is unknown, or none is given.
    """
    if only is None:
        return Selection(ROWS, frozenset(PARTS))
    words = [word.strip() for word in (only.split(",") if isinstance(only, str) else only)]
    names = {"⇄": "feedback", **{name.lower(): name for name in (*CLAIMS, *PARTS)}}
    chosen = set()
    for word in filter(None, words):
        if word.lower() not in names:
            hint = suggestion(word.upper(), CLAIMS) or suggestion(word.lower(), PARTS)
            raise ConfigError(
                f'{called}: "{word}" is unknown{hint}; there are {", ".join((*CLAIMS, *PARTS))}'
            )
        chosen.add(names[word.lower()])
    if not chosen:
        raise ConfigError(f"{called}: none given; there are {', '.join((*CLAIMS, *PARTS))}")
    return Selection(tuple(row for row in ROWS if row.claim in chosen), frozenset(chosen & set(PARTS)))
