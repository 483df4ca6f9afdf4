"""Stage 2: learning from partners and from the pools (docs/MODEL.md 7.2)."""

from technopole_kernels import layout as at
from technopole_kernels._jit import device, stage


@device
def absorptive_capacity(research, difficulty, intensity):
    """g = e / (e + difficulty * rho) (Cohen and Levinthal 1989)."""
    return research / (research + difficulty * intensity)


@device
def learned(x, rate, g, gap, spill, pool):
    """x' = x + rate g gap + sigma g max(pool - x, 0)."""
    reach = pool - x
    reach = reach if reach > 0.0 else 0.0
    return x + rate * g * gap + spill * g * reach


@stage
def absorb(setting, world, tile):
    """Absorptive capacity of the firms of a tile."""
    buffer = world.buffer
    begin, end = tile.begin, tile.end
    research = world.firms[at.F_RESEARCH, begin:end]
    difficulty = setting.params[0].learning_difficulty
    for i in range(research.size):
        buffer[at.ABSORPTION + i] = absorptive_capacity(research[i], difficulty, buffer[at.INTENSITY + i])


@stage
def learn_openly(rate, gaps, pools, spill, old, new, buffer):
    """New knowledge of what nobody protects."""
    for i in range(old.size):
        g = buffer[at.ABSORPTION + i]
        new[i] = learned(old[i], rate, g, buffer[gaps + i], spill, buffer[pools + i])


@stage
def learn_protected(rate, gaps, pools, spill, old, new, buffer):
    """The same for what others protect: at the rate times (1 - appropriability)."""
    for i in range(old.size):
        its_rate, g = rate * buffer[at.OPENNESS + i], buffer[at.ABSORPTION + i]
        new[i] = learned(old[i], its_rate, g, buffer[gaps + i], spill, buffer[pools + i])


@stage
def learn(setting, world, tile):
    """New knowledge in the four channels from the gaps and the pools, into the second set of firms."""
    params, buffer = setting.params[0], world.buffer
    begin, end = tile.begin, tile.end
    firms, new = world.firms, world.next
    spill = params.spillover_rate
    learn_openly(
        params.learning_organisation, at.GAP_ORGANISATION, at.POOL_ORGANISATION, spill,
        firms[at.F_ORGANISATION, begin:end], new[at.F_ORGANISATION, begin:end], buffer,
    )  # fmt: skip
    learn_protected(
        params.learning_technology, at.GAP_TECHNOLOGY, at.POOL_TECHNOLOGY, spill,
        firms[at.F_TECHNOLOGY, begin:end], new[at.F_TECHNOLOGY, begin:end], buffer,
    )  # fmt: skip
    learn_openly(
        params.learning_sourcing, at.GAP_SOURCING, at.POOL_SOURCING, spill,
        firms[at.F_SOURCING, begin:end], new[at.F_SOURCING, begin:end], buffer,
    )  # fmt: skip
    learn_protected(
        params.learning_quality, at.GAP_QUALITY, at.POOL_QUALITY, spill,
        firms[at.F_QUALITY, begin:end], new[at.F_QUALITY, begin:end], buffer,
    )  # fmt: skip
