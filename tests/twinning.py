"""Between the worlds of the kernels and the dictionaries of the NumPy twin (tests/reference), and their comparison."""

import numpy as np

import reference
from technopole.schema import PARAMETERS
from technopole.world.policies import CELLS, REGIONS, SECTORS
from technopole_kernels import layout
from technopole_kernels.record import CELL_VARIABLES, REGION_VARIABLES, SECTOR_VARIABLES
from worlds import FIRM_ROWS, REGION_ROWS, Run

TOLERANCE = 1e-12
FLOOR = 0.01
"""Numbers below this part of the largest of their array are held to the error of the largest."""

LOGARITHMS = {name: 0.1 for name in (*FIRM_ROWS[:4], "custom", "knowledge", "reputation")}
LOGARITHMS |= {name: 1.0 for name in ("productivity", "price", "fitness_level")}
"""Logarithms, and the size of what they are sums of: near 0 they are as exact as that."""

SECTOR_TRAITS = (
    "labour_share",
    "markup",
    "rd_intensity",
    "innovation_rate",
    "innovation_scale",
    "appropriability",
    "demand_growth",
    "reference_size",
)


def twin_parameters(blueprint):
    """Parameters by key, as the kernels have them, rules as words."""
    values = {}
    for key, entry in PARAMETERS.items():
        if not entry.kernel:
            values[key] = getattr(getattr(blueprint.config, entry.group), entry.name)
            continue
        value = blueprint.params[0][entry.field]
        values[key] = float(value) if entry.choices is None else entry.choices[int(value)]
    return values


def twin_constants(blueprint):
    """Sector arrays and tables, the geography as dense matrices."""
    constants = blueprint.constants
    traits = {name: constants.sectors[getattr(layout, f"K_{name.upper()}")] for name in SECTOR_TRAITS}
    far = _dense(constants, constants.far)
    return {
        **traits,
        "high_tech": constants.sectors[layout.K_HIGH_TECH] > 0.0,
        "initial_firms": constants.initial_firms,
        "initial_workforce": constants.initial_workforce,
        "proximity": _dense(constants, constants.proximity),
        # a region that is not in the row has no probability: the cumulative distribution stays as it is
        "far": np.maximum.accumulate(far, axis=1),
        "relatedness": blueprint.tables.relatedness,
        "suppliers_cumulative": constants.suppliers[:, 1:],
    }


def _dense(constants, values):
    regions = constants.proximity_start.size - 1
    matrix = np.zeros((regions, regions))
    row = np.repeat(np.arange(regions), np.diff(constants.proximity_start))
    matrix[row, constants.proximity_region] = values
    return matrix


def twin_policy(blueprint):
    """Policies by name."""
    return {
        name: values
        for names, arrays in zip((CELLS, REGIONS, SECTORS), blueprint.policy, strict=True)
        for name, values in zip(names, arrays, strict=True)
    }


def twin_start(blueprint, seed, replicate):
    """Return the twin's world at the start of period 0."""
    tables = blueprint.tables
    return reference.initialise(
        tables.offsets,
        tables.employment,
        twin_constants(blueprint),
        twin_parameters(blueprint),
        tables.stocks,
        seed,
        replicate,
    )


def twin_state(world):
    """Copy the state of a world as the twin holds it."""
    firms = int(world.offsets[-1])
    regions, sectors = world.regions.shape[1], world.sectors.shape[1]
    knowledge = layout.S_KNOWLEDGE
    return {
        **{name: world.firms[row, :firms].copy() for row, name in enumerate(FIRM_ROWS)},
        **{name: getattr(world, name)[layout.NOW, :firms].copy() for name in ("identity", "age", "tie")},
        **{name: world.regions[row].copy() for row, name in enumerate(REGION_ROWS)},
        "pipeline": world.regions[layout.R_PIPELINE : layout.R_PIPELINE + 3].T.copy(),
        "market": world.sectors[layout.S_MARKET].copy(),
        "fitness_level": world.sectors[layout.S_FITNESS_LEVEL].copy(),
        "knowledge": world.sectors[knowledge : knowledge + 4].T.copy(),
        "reputation": world.cells[layout.C_REPUTATION].reshape(regions, sectors).copy(),
        "norms": world.economy[[layout.NORM_TAX, layout.NORM_RESEARCH]],
        "offsets": world.offsets.copy(),
        "period": int(world.clock[layout.PERIOD]),
    }


def fill_world(world, state):
    """Write a state of the twin, with the same firms by cell, into a world."""
    firms = int(world.offsets[-1])
    for row, name in enumerate(FIRM_ROWS):
        world.firms[row, :firms] = state[name]
    for name in ("identity", "age", "tie"):
        getattr(world, name)[layout.NOW, :firms] = state[name]
    for row, name in enumerate(REGION_ROWS):
        world.regions[row] = state[name]
    world.regions[layout.R_PIPELINE : layout.R_PIPELINE + 3] = state["pipeline"].T
    world.sectors[layout.S_MARKET] = state["market"]
    world.sectors[layout.S_FITNESS_LEVEL] = state["fitness_level"]
    world.sectors[layout.S_KNOWLEDGE : layout.S_KNOWLEDGE + 4] = state["knowledge"].T
    world.cells[layout.C_REPUTATION] = np.asarray(state["reputation"]).ravel()
    world.economy[[layout.NORM_TAX, layout.NORM_RESEARCH]] = state["norms"]
    world.clock[layout.PERIOD] = state["period"]


def random_state(world, rng):
    """Draw a valid state for the firms of a world: nothing is at a special value."""
    state = twin_state(world)
    firms, regions = state["share"].size, state["wage"].size
    sectors = state["market"].size
    sector = np.repeat(np.arange(regions * sectors), np.diff(state["offsets"])) % sectors
    weight = rng.lognormal(0.0, 1.2, firms)
    state["share"] = weight / np.bincount(sector, weights=weight, minlength=sectors)[sector]
    for channel in FIRM_ROWS[:4]:
        state[channel] = rng.normal(0.2, 0.4, firms)
    state["research"] = state["research"] * rng.uniform(0.2, 2.0, firms)
    state["custom"] = rng.normal(0.0, 1.0, firms)
    sales = state["share"] * state["market"][sector]
    # many firms have little or no cash, so that credit binds
    state["cash"] = sales * rng.choice([0.3, 0.02, -0.05, -0.3], firms) * rng.uniform(0.5, 1.5, firms)
    state["tie"] = (rng.random(firms) < 0.4).astype(np.uint8)
    state["age"] = rng.integers(0, 60, firms).astype(np.int32)
    for name in ("workforce", "wage"):
        state[name] = state[name] * rng.lognormal(0.0, 0.3, regions)
    state["trust"] = rng.uniform(0.05, 0.95, regions)
    for name in REGION_ROWS[3:]:
        state[name] = rng.uniform(0.2, 2.5, regions)
    state["pipeline"] = rng.uniform(0.1, 3.0, (regions, 3))
    state["reputation"] = rng.normal(0.0, 0.2, (regions, sectors))
    state["fitness_level"] = rng.normal(0.0, 0.5, sectors)
    state["norms"] = rng.uniform(0.01, 0.05, 2)
    state["period"] = int(rng.integers(1, 50))
    return state


def twin_record(run, row):
    """One recorded period as the twin has it: tables by region and sector."""
    names = (*CELL_VARIABLES, *REGION_VARIABLES, *SECTOR_VARIABLES, "size_distribution")
    return {name: run.recorded(name)[row] for name in names}


class OnePeriod:
    """One period from a random state: what the kernels made of it, and the twin's view of its start.

    Parameters
    ----------
    blueprint : Blueprint
    seed : int
        Of the random numbers of the model and of the random state.
    changes : dict
        Parts of the random state to replace.

    Attributes
    ----------
    before, after : dict
        States in the twin's form.
    pools, felt, policy, params, constants
        What the twin's functions ask for.
    clock : tuple
        Period, seed and replicate.
    """

    def __init__(self, blueprint, seed, **changes):
        replicate = seed % 7
        # room for all entrants: enlarging would drop what the period left in the work arrays
        self.run = Run(blueprint, seed, replicate, capacity=4 * blueprint.n_firms + 500)
        self.before = random_state(self.run.world, np.random.default_rng(seed)) | changes
        fill_world(self.run.world, self.before)
        self.params, self.constants = twin_parameters(blueprint), twin_constants(blueprint)
        self.clock = (self.before["period"], seed, replicate)
        shape = blueprint.n_regions, blueprint.n_sectors
        self.policy = reference.policy_of_period(twin_policy(blueprint), self.clock[0], *shape)
        self.pools = reference.take_pools(
            self.before, self.params, self.constants, self.policy["demand_shock"]
        )
        self.felt = reference.felt_institutions(self.before, self.params)
        self.n, self.shape = self.before["share"].size, shape
        self.run.advance(1, record=True)
        assert self.run.enlarged == 0
        self.world = self.run.world
        self.after = twin_state(self.world)

    def new(self, name):
        """Value of the operating firms (n,) after the period, before exit."""
        if name == "tie":
            return self.world.tie[layout.NEXT, : self.n]
        return self.world.next[FIRM_ROWS.index(name), : self.n]

    @property
    def new_knowledge(self):
        """New knowledge of the operating firms (4, n)."""
        return np.array([self.new(channel) for channel in FIRM_ROWS[:4]])

    def load(self, name):
        """Overhead rate or own research of the operating firms (n,)."""
        if name == "overhead_rate" and self.run.setting.params["sharing_rule"][0] == 0:  # the same in a cell
            return self.world.cells[layout.C_OVERHEAD, self.pools.cell]
        return self.world.load[getattr(layout, name.upper()), : self.n]

    def cell(self, row):
        """Return a row of the cells as a table (R, S)."""
        return self.world.cells[row].reshape(self.shape)

    def recorded(self, name):
        """Return what was recorded of the period."""
        return self.run.recorded(name)[-1]

    def words(self, site):
        """Words w0..w3 of a site for the operating firms."""
        return reference.rng.draw(self.before["identity"], self.clock[0], site, *self.clock[1:])

    def by_firm(self, table):
        """Values of a cell table (R, S) for the operating firms (n,)."""
        return np.asarray(table).ravel()[self.pools.cell]


def error(actual, expected, scale=0.0):
    """Largest relative error of an array; whole numbers count those that differ.

    Parameters
    ----------
    actual, expected : array_like
        Of one shape; not a number must be in the same places.
    scale : float
        Size of the numbers that `expected` is a difference of.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    if actual.shape != expected.shape:
        return np.inf
    if expected.dtype.kind in "iub":
        return float(np.count_nonzero(actual != expected))
    missing = np.isnan(expected)
    if np.any(np.isnan(actual) != missing):
        return np.inf
    actual, expected = actual[~missing], expected[~missing]
    if expected.size == 0:
        return 0.0
    floor = max(FLOOR * np.abs(expected).max(), scale)
    off = np.abs(actual - expected)
    return float(np.max(off / np.maximum(np.maximum(np.abs(expected), floor), 1e-300)))


def assert_close(actual, expected, what="values", tolerance=TOLERANCE, scale=0.0):
    """Fail if an array is further from the expected one than the tolerance allows; see `error`."""
    found = error(actual, expected, scale)
    assert found <= tolerance, f"{what}: relative error {found:.3g}, allowed {tolerance:g}"


def assert_states_agree(actual, expected, tolerance=TOLERANCE):
    """Compare two states of the twin's form: whole numbers exactly."""
    assert actual.keys() == expected.keys()
    for name in ("offsets", *sorted(set(actual) - {"offsets"})):
        assert_close(actual[name], expected[name], name, tolerance, LOGARITHMS.get(name, 0.0))


def assert_records_agree(actual, expected, tolerance=TOLERANCE):
    """Compare the records of one period: counts exactly."""
    assert actual.keys() == expected.keys()
    for name, theirs in expected.items():
        if name == "productivity_sd":
            # made from squares: the error is that of the squared mean
            scale = 1.0 + np.nanmax(np.square(expected["productivity"]), initial=0.0)
            assert_close(np.square(actual[name]), np.square(theirs), name, tolerance, scale)
        else:
            assert_close(actual[name], theirs, name, tolerance, _scale(name, expected))


def _scale(name, record):
    """Size of the numbers that a variable is a difference of."""
    if name in LOGARITHMS:
        return LOGARITHMS[name]
    if name == "tax":
        return FLOOR * np.max(record["sales"])
    return np.max(record["workforce"]) if name == "net_migration" else 0.0
