"""What the kernels work on: named tuples of arrays, grouped by role.

Shapes use R regions, S sectors, C = R*S cells (``cell = r * S + k``), N firm slots (the capacity; the living firms fill
the first ``offsets[C]`` of them). All arrays are C-contiguous; floats are float64. ``World`` is one realisation and is
private to a thread; ``Setting`` is shared by all worlds of a run and never written.
"""

from typing import NamedTuple

import numpy as np

TILE = 1024  # firms per tile: its buffers stay in the second-level cache
CHANNELS = 4  # organisation, technology, sourcing, quality: the order everywhere


class Params(NamedTuple):
    """Scalars of the configuration; a field is the key with ``.`` as ``_``. Rules are their index in the schema."""

    learning_rule: int  # 0 broadcast, 1 barter, 2 mean_field
    learning_organisation: float
    learning_technology: float
    learning_sourcing: float
    learning_quality: float
    learning_contact: float
    learning_far: float
    learning_difficulty: float
    spillover_rate: float
    trust_level: float
    trust_contact: float
    trust_rise: float
    trust_decay: float
    services_contact: float
    upgrading_rate: float
    science_exit_probability: float
    science_tie_speed: float
    science_rate: float
    science_tie_rate: float
    science_tie_break: float
    innovation_elasticity: float
    innovation_step_shape: float
    innovation_radical: float
    innovation_radical_size: float
    innovation_kind_quality: float
    innovation_kind_technology: float
    innovation_kind_organisation: float
    innovation_kind_sourcing: float
    innovation_patented: float
    innovation_smoothing: float
    finance_credit: float
    finance_credit_index: float
    finance_response: float
    sme_size: float
    sme_access: float
    sme_pooling: float
    sme_radical: float
    sharing_rule: int  # 0 proportional, 1 equal, 2 serial
    sharing_need: int  # 0 employment, 1 sales
    sharing_cost: float
    sharing_scale_exponent: float
    sharing_congestion: float
    sharing_congestion_exponent: float
    agglomeration_localisation: float
    agglomeration_urbanisation: float
    agglomeration_diversity: float
    transaction_cost: float
    transaction_trust: float
    transaction_services: float
    market_rule: int  # 0 ces, 1 replicator
    market_material_price: float
    market_quality_weight: float
    market_price_weight: float
    market_choice: float
    market_turbulence: float
    market_size_exponent: float
    market_shock_cap: float
    market_custom_decay: float
    reputation_standard: int  # 0 no, 1 yes
    reputation_tolerance: float
    reputation_weight: float
    reputation_rate: float
    accounts_tax: float
    accounts_payout: float
    exit_closure: float
    exit_minimum: float
    entry_spinoff: float
    entry_home: float
    entry_inheritance: float
    entry_dispersion: float
    entry_startups: float
    entry_agglomeration: float
    entry_outside: float
    entry_finance: float
    entry_reputation: float
    entry_relatedness: float
    entry_herding: float
    entry_custom: float
    entry_custom_sd: float
    entry_size: float
    entry_cash: float
    labour_wage_response: float
    labour_wage_cap: float
    labour_growth: float
    mobility_rate: float
    mobility_size: float
    mobility_wage: float
    mobility_trust: float
    mobility_reputation: float
    mobility_infrastructure: float
    mobility_congestion: float
    institutions_depreciation: float
    institutions_scale: float
    institutions_university_exponent: float
    institutions_services_exponent: float
    feedback_cluster_to_ris: float
    feedback_ris_to_cluster: float
    initial_sd_organisation: float
    initial_sd_technology: float
    initial_sd_sourcing: float
    initial_sd_quality: float
    initial_technology_lead: float
    initial_cash: float
    initial_tied: float


class Constants(NamedTuple):
    """What stays the same over a run: sectors, geography, relatedness, suppliers."""

    high_tech: np.ndarray  # (S,) u8
    labour_share: np.ndarray  # (S,) 1
    markup: np.ndarray  # (S,) 1
    rd_intensity: np.ndarray  # (S,) share of sales
    innovation_rate: np.ndarray  # (S,) per period
    innovation_scale: np.ndarray  # (S,) 1
    appropriability: np.ndarray  # (S,) 1
    demand_growth: np.ndarray  # (S,) per period
    reference_size: np.ndarray  # (S,) workers, mean per firm at t = 0
    proximity_start: np.ndarray  # (R+1,) i64, rows of the sparse proximity
    proximity_region: np.ndarray  # (nnz,) i64
    proximity: np.ndarray  # (nnz,) 1, diagonal 1
    far: np.ndarray  # (nnz,) cumulative probability of the other regions, in row order
    related_base: float  # relatedness of any two sectors
    related_start: np.ndarray  # (S+1,) i64, rows of what exceeds the base
    related_sector: np.ndarray  # (nnz,) i64
    related_extra: np.ndarray  # (nnz,) 1
    related_sum: np.ndarray  # (S,) row sums of the relatedness
    suppliers: np.ndarray  # (S,S) cumulative supplier shares
    initial_firms: float
    initial_workforce: float


class Policy(NamedTuple):
    """Instruments over time x region (x sector); an axis of length 1 holds for all (time: for ever)."""

    rd_subsidy: np.ndarray  # (T,R,S) 1
    reputation: np.ndarray  # (T,R,S) log points
    entry_support: np.ndarray  # (T,R,S) 1
    infrastructure: np.ndarray  # (T,R) stock units
    university: np.ndarray  # (T,R) stock units
    services: np.ndarray  # (T,R) stock units
    finance: np.ndarray  # (T,R) stock units
    wage_shock: np.ndarray  # (T,R) 1
    demand_shock: np.ndarray  # (T,S) 1


class Setting(NamedTuple):
    """Everything a period reads and never writes."""

    seed: np.ndarray  # (1,) u64, low 32 bits
    params: Params
    constants: Constants
    policy: Policy


class Firms(NamedTuple):
    """One set of firm arrays, (N,) each, in order of cell."""

    identity: np.ndarray  # u64
    age: np.ndarray  # i32 periods
    organisation: np.ndarray  # log points
    technology: np.ndarray  # log points
    sourcing: np.ndarray  # log points
    quality: np.ndarray  # log points
    research: np.ndarray  # share of sales
    custom: np.ndarray  # log points
    share: np.ndarray  # share of the sector's market
    cash: np.ndarray  # money
    tie: np.ndarray  # u8


class Regions(NamedTuple):
    """Region state, (R,) unless said otherwise."""

    workforce: np.ndarray  # workers
    wage: np.ndarray  # money per worker
    trust: np.ndarray  # 0..1
    infrastructure: np.ndarray  # 1 = national average at t = 0
    university: np.ndarray
    services: np.ndarray
    finance: np.ndarray
    pipeline: np.ndarray  # (R,3) research units


class Sectors(NamedTuple):
    """Sector state, (S,) unless said otherwise."""

    market: np.ndarray  # money
    fitness_level: np.ndarray  # log points
    knowledge: np.ndarray  # (S,4) log points


class Totals(NamedTuple):
    """Sums and indices of the period, made from the state and read by the stages. Cells are (C,), regions (R,)."""

    demand: np.ndarray  # (S,) money
    growth: np.ndarray  # (S,) market growth of the period
    sector_firms: np.ndarray  # (S,) f64 count
    labour_per_share: np.ndarray  # (C,) workers per unit of market share
    start: np.ndarray  # (START, C) sums over the firms at the start of the period, see tiles.py
    end: np.ndarray  # (END, C) sums over the operating firms at the end
    upper: np.ndarray  # (4,C) upper means by channel, row 0 unused (mean_field only)
    upper_region: np.ndarray  # (R,) upper mean of organisation
    mean_field: np.ndarray  # (3,C) weight of other regions, their technology, their quality
    supplier_field: np.ndarray  # (2,C) weight of the suppliers present, their sourcing
    pool: np.ndarray  # (4,C) spillover pools, log points
    mixed: np.ndarray  # (R,5,S) sector-mixed counts and sums
    reached: np.ndarray  # (5*S,) one region's sums over the regions in reach
    upgrading: np.ndarray  # (C,) technology to catch up with
    price_level: np.ndarray  # (C,) ln p of a firm without knowledge and overhead
    efficiency: np.ndarray  # (C,) ln A
    overhead: np.ndarray  # (C,) overhead rate under proportional sharing
    scale: np.ndarray  # (S,) multiplier of shares after exit and entry
    share_keep: np.ndarray  # (S,) coefficients of the market rule
    share_win: np.ndarray  # (S,)
    contact: np.ndarray  # kappa
    index: np.ndarray  # (R,4) infrastructure, university, services, finance as firms see them
    crowd: np.ndarray
    transaction: np.ndarray  # tau
    leaving: np.ndarray  # p of the pipeline
    outflow: np.ndarray
    tied: np.ndarray  # share of tied firms
    region_firms: np.ndarray  # f64 count
    region_need: np.ndarray  # total need of the shared facilities
    reputation: np.ndarray  # employment-weighted reputation
    labour_demand: np.ndarray  # workers
    attraction: np.ndarray
    inflow: np.ndarray  # workers who arrive
    outgoing: np.ndarray  # workers who choose their region again
    startup_mean: np.ndarray  # (C,) Poisson means
    sector_employment: np.ndarray  # (S,) workers
    present: np.ndarray  # (S,) 1 where a region is specialised
    survivors: np.ndarray  # (C,) i64
    children: np.ndarray  # (C,) i64 by destination
    startups: np.ndarray  # (C,) i64
    new_offsets: np.ndarray  # (C+1,) i64
    cursor: np.ndarray  # (C,) i64 next free slot for an entrant
    next_regions: Regions  # what the regions become
    next_reputation: np.ndarray  # (C,)
    next_sectors: Sectors
    sizes: np.ndarray  # (41,) i64 operating firms by employment
    economy: np.ndarray  # (8,) scalars of the period, see tiles.py


class Work(NamedTuple):
    """Room the period needs beside the two sets of firms."""

    buffer: np.ndarray  # flat rows of TILE floats, see tiles.py
    partner: np.ndarray  # (TILE,) i32 places of partners, or of survivors, of a tile
    overhead: np.ndarray  # (N,) overhead rate
    own_research: np.ndarray  # (N,) money
    fate: np.ndarray  # (N,) u32: a random word, then STAY, LEAVE or SPAWN
    tile_region: np.ndarray  # (tiles,) i64
    tile_begin: np.ndarray  # (tiles+1,) i64 first firm
    tile_segment: np.ndarray  # (tiles+1,) i64 first segment
    segment_cell: np.ndarray  # (segments,) i64
    segment_begin: np.ndarray  # (segments+1,) i64 first firm
    segment_sum: np.ndarray  # (segments, max(START, END))


class World(NamedTuple):
    """One realisation: its state, the second set of firm arrays and the work space."""

    clock: np.ndarray  # (4,) i64: period, replicate, tiles, segments
    norms: np.ndarray  # (2,) tax and R&D per worker in national wages, period 0
    offsets: np.ndarray  # (C+1,) i64
    reputation: np.ndarray  # (C,) log points
    firms: Firms
    next: Firms
    regions: Regions
    sectors: Sectors
    totals: Totals
    work: Work


class Problem(NamedTuple):
    """Where and what went wrong; written by the kernels, read by the engine."""

    code: np.ndarray  # (1,) i64 status
    where: np.ndarray  # (4,) i64: period, region, sector, variable; or the capacity needed
