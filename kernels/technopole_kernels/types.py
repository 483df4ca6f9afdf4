"""What the kernels work on: named tuples of arrays, grouped by role.

Shapes use R regions, S sectors, C = R*S cells (``cell = r * S + k``), N firm slots (the capacity; the living firms fill
the first ``offsets[C]`` of them). All arrays are C-contiguous; floats are float64, but those of
``firms``, ``next``, ``load`` and ``buffer`` float32 in a world of that precision.
"""

from typing import NamedTuple

import numpy as np

TILE = 1024  # firms per tile: its buffers stay in the second-level cache
GUIDES = 256  # where to begin in a cumulative distribution, for each 1/256 of the uniform (Chen and Asau 1974)
GROUP = 8  # regions whose spillover is added up together
CHANNELS = 4  # organisation, technology, sourcing, quality: the order everywhere


PARAMS = [
    ("learning_rule", np.int64),  # 0 broadcast, 1 barter, 2 mean_field
    ("learning_organisation", np.float64),
    ("learning_technology", np.float64),
    ("learning_sourcing", np.float64),
    ("learning_quality", np.float64),
    ("learning_contact", np.float64),
    ("learning_far", np.float64),
    ("learning_difficulty", np.float64),
    ("spillover_rate", np.float64),
    ("trust_level", np.float64),
    ("trust_contact", np.float64),
    ("trust_rise", np.float64),
    ("trust_decay", np.float64),
    ("services_contact", np.float64),
    ("upgrading_rate", np.float64),
    ("science_exit_probability", np.float64),
    ("science_tie_speed", np.float64),
    ("science_rate", np.float64),
    ("science_tie_rate", np.float64),
    ("science_tie_break", np.float64),
    ("innovation_elasticity", np.float64),
    ("innovation_step_shape", np.float64),
    ("innovation_radical", np.float64),
    ("innovation_radical_size", np.float64),
    ("innovation_kind_quality", np.float64),
    ("innovation_kind_technology", np.float64),
    ("innovation_kind_organisation", np.float64),
    ("innovation_kind_sourcing", np.float64),
    ("innovation_patented", np.float64),
    ("innovation_smoothing", np.float64),
    ("finance_credit", np.float64),
    ("finance_credit_index", np.float64),
    ("finance_response", np.float64),
    ("sme_size", np.float64),
    ("sme_access", np.float64),
    ("sme_pooling", np.float64),
    ("sme_radical", np.float64),
    ("sharing_rule", np.int64),  # 0 proportional, 1 equal, 2 serial
    ("sharing_need", np.int64),  # 0 employment, 1 sales
    ("sharing_cost", np.float64),
    ("sharing_scale_exponent", np.float64),
    ("sharing_congestion", np.float64),
    ("sharing_congestion_exponent", np.float64),
    ("agglomeration_localisation", np.float64),
    ("agglomeration_urbanisation", np.float64),
    ("agglomeration_diversity", np.float64),
    ("transaction_cost", np.float64),
    ("transaction_trust", np.float64),
    ("transaction_services", np.float64),
    ("market_rule", np.int64),  # 0 ces, 1 replicator
    ("market_material_price", np.float64),
    ("market_quality_weight", np.float64),
    ("market_price_weight", np.float64),
    ("market_choice", np.float64),
    ("market_turbulence", np.float64),
    ("market_size_exponent", np.float64),
    ("market_shock_cap", np.float64),
    ("market_custom_decay", np.float64),
    ("reputation_standard", np.int64),  # 0 no, 1 yes
    ("reputation_tolerance", np.float64),
    ("reputation_weight", np.float64),
    ("reputation_rate", np.float64),
    ("accounts_tax", np.float64),
    ("accounts_payout", np.float64),
    ("exit_closure", np.float64),
    ("exit_minimum", np.float64),
    ("entry_spinoff", np.float64),
    ("entry_home", np.float64),
    ("entry_inheritance", np.float64),
    ("entry_dispersion", np.float64),
    ("entry_startups", np.float64),
    ("entry_agglomeration", np.float64),
    ("entry_outside", np.float64),
    ("entry_finance", np.float64),
    ("entry_reputation", np.float64),
    ("entry_relatedness", np.float64),
    ("entry_herding", np.float64),
    ("entry_custom", np.float64),
    ("entry_custom_sd", np.float64),
    ("entry_size", np.float64),
    ("entry_cash", np.float64),
    ("labour_wage_response", np.float64),
    ("labour_wage_cap", np.float64),
    ("labour_growth", np.float64),
    ("mobility_rate", np.float64),
    ("mobility_size", np.float64),
    ("mobility_wage", np.float64),
    ("mobility_trust", np.float64),
    ("mobility_reputation", np.float64),
    ("mobility_infrastructure", np.float64),
    ("mobility_congestion", np.float64),
    ("institutions_depreciation", np.float64),
    ("institutions_scale", np.float64),
    ("institutions_university_exponent", np.float64),
    ("institutions_services_exponent", np.float64),
    ("feedback_cluster_to_ris", np.float64),
    ("feedback_ris_to_cluster", np.float64),
    ("initial_sd_organisation", np.float64),
    ("initial_sd_technology", np.float64),
    ("initial_sd_sourcing", np.float64),
    ("initial_sd_quality", np.float64),
    ("initial_technology_lead", np.float64),
    ("initial_cash", np.float64),
    ("initial_tied", np.float64),
]
"""Scalars of the configuration, fields of a record: the key with ``.`` as ``_``; a rule is its index in the schema."""


class Constants(NamedTuple):
    """What stays the same over a run: sectors, geography, relatedness, suppliers."""

    sectors: np.ndarray  # (K_ROWS, S) rows K_...
    proximity_start: np.ndarray  # (R+1,) i64, rows of the sparse proximity
    proximity_region: np.ndarray  # (nnz,) i64
    proximity: np.ndarray  # (nnz,) 1, diagonal 1
    group_member: np.ndarray  # (R+,) i64, regions of the groups, GROUP each, -1: none
    group_start: np.ndarray  # (R/GROUP+1,) i64, rows of the same for groups of regions
    group_region: np.ndarray  # (n,) i64, regions that any of the group reaches
    group_weight: np.ndarray  # (n,GROUP) 1, their proximity to each of the group, 0 if it does not reach them
    far: np.ndarray  # (nnz,) cumulative probability of the other regions, along each row
    far_guide: np.ndarray  # (R,GUIDES) i16, number of a row's entries up to i / GUIDES
    related_start: np.ndarray  # (S+1,) i64, rows of the relatedness above its base
    related_sector: np.ndarray  # (nnz,) i64
    related_extra: np.ndarray  # (nnz,) 1
    suppliers: np.ndarray  # (S,S+1) supplier shares added up along the row, from 0
    supplier_guide: np.ndarray  # (S,GUIDES) i16, number of suppliers up to i / GUIDES
    related_base: float  # relatedness of any two sectors
    initial_firms: float
    initial_workforce: float  # workers


class Policy(NamedTuple):
    """Instruments over time x region x sector; an axis of length 1 holds for all (time: for ever)."""

    cells: np.ndarray  # (3,T,R,S) rows P_RD_SUBSIDY, P_REPUTATION, P_ENTRY_SUPPORT
    regions: np.ndarray  # (5,T,R) rows P_INFRASTRUCTURE ... P_WAGE_SHOCK
    sectors: np.ndarray  # (1,T,S) row P_DEMAND_SHOCK


class Setting(NamedTuple):
    """Everything a period reads and never writes; shared by all worlds of a run."""

    seed: np.ndarray  # (1,) u64, low 32 bits
    params: np.ndarray  # (1,) record of ``PARAMS``
    constants: Constants
    policy: Policy


class Tile(NamedTuple):
    """A range of firms of one region, ``begin:end``, and its segments, ``first:last``."""

    region: int
    begin: int
    end: int
    first: int
    last: int


class World(NamedTuple):
    """One realisation: its state, the second set of firm arrays and room to work. Rows are named in layout.py.

    Few arrays with many rows, because numba takes every array apart at every call.
    """

    clock: np.ndarray  # (4,) i64: PERIOD, REPLICATE, TILES, SEGMENTS
    offsets: np.ndarray  # (C+1,) i64, first firm of every cell
    firms: np.ndarray  # (F_ROWS, N) the firms
    next: np.ndarray  # (F_ROWS, N) what they become
    identity: np.ndarray  # (2,N) u64, two halves: see halves.py
    age: np.ndarray  # (2,N) i32, the same
    tie: np.ndarray  # (2,N) u8, now and next
    load: np.ndarray  # (2,N) overhead rate; own research, money
    fate: np.ndarray  # (N,) u32: a random word, then STAY, LEAVE or SPAWN
    regions: np.ndarray  # (R_ROWS, R)
    cells: np.ndarray  # (C_ROWS, C)
    sectors: np.ndarray  # (S_ROWS, S)
    counts: np.ndarray  # (N_ROWS, C) i64
    new_offsets: np.ndarray  # (C+1,) i64
    economy: np.ndarray  # (ECONOMY,)
    sizes: np.ndarray  # (SIZE_CLASSES,) i64 operating firms by employment
    mixed: np.ndarray  # (R,8S) sector-mixed sums of knowledge and counts, of each sector side by side
    reached: np.ndarray  # (R/GROUP,5S*GROUP) the same, summed over the regions in reach of each of a group
    buffer: np.ndarray  # (BUFFER_ROWS*ROW,) per-firm values of one tile
    partner: np.ndarray  # (TILE,) i32 places in a tile, or classes of size
    keys: np.ndarray  # (TILE,) u64 slots of partners, counts by size, identities of entrants and what they are made of
    tiles: np.ndarray  # (T_ROWS, tiles+1) i64
    segments: np.ndarray  # (G_ROWS, segments+1) i64
    segment_sum: np.ndarray  # (segments+2, SUM_COLUMNS) partial sums, columns as the first rows of ``cells``; two of 0


class Problem(NamedTuple):
    """Where and what went wrong; written by the kernels, read by the engine."""

    where: np.ndarray  # (4,) i64: period, region, sector, variable; or the capacity needed
