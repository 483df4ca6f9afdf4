"""Kernels of the reduced model with technopole's device functions: strict IEEE arithmetic.

A world runs through all its periods while its state is in the cache. A sweep over its cells ends one period, whose
market needed the sum of all firms' fitness, and begins the next; each mechanism is a small loop of its own over the
slice of a cell.
"""

import numpy as np

from technopole_kernels._jit import chain, device, kernel, stage
from technopole_kernels._lane_math import within
from technopole_kernels._lanes import WIDTH, fetch, load, nothing, total
from technopole_kernels.choose import list_below, natural
from technopole_kernels.mathx import exp_core, log, log_core
from technopole_kernels.reduce import gather
from technopole_kernels.rng import MEETING, draw, uniform, uniform_open

_HIGHEST = 600.0
_HALF = np.uint64(32)

TECHNOLOGY, QUALITY, SHARE, CASH, RESEARCH, FITNESS = range(6)
TECHNOLOGY_SUM, QUALITY_SUM, FITNESS_SUM, SHARE_SUM, SQUARES, CASH_SUM, RESEARCH_SUM = range(7)
POOL_T, POOL_Q, OVERHEAD = range(7, 10)
LEVEL, WIN = range(2)
MET_T, MET_Q, CHANCE = range(3)


@device
def place(word, count):
    """A uniform index below ``count``: the upper half of a product, the same number as floor(uniform(word) * count)."""
    return np.int32(np.uint64(word * count) >> _HALF)


@chain
def draw_numbers(first, period, seed, world_number, partner_t, partner_q, chance, size):
    """Philox numbers of a cell: two partners, the chance of an innovation and the word behind its size."""
    count = np.uint64(np.uint32(chance.size))
    for i in range(chance.size):
        firm = np.uint64(np.uint32(first + i))  # one of fewer than 2**32
        w0, w1, w2, w3 = draw(firm, period, MEETING, seed, world_number)
        partner_t[i] = place(w0, count)
        partner_q[i] = place(w1, count)
        chance[i] = uniform(w2)
        size[i] = w3


@device
def absorptive_capacity(research, difficulty):
    return research / (research + difficulty)


@device
def learned(own, met, absorption, rate, spillover, pool):
    gap = met - own
    gap = gap if gap > 0.0 else 0.0
    reach = pool - own
    reach = reach if reach > 0.0 else 0.0
    return own + absorption * (rate * gap + spillover * reach)


@stage
def learn(technology, quality, met_t, met_q, research, p, pool_t, pool_q):
    for i in range(research.size):
        g = absorptive_capacity(research[i], p.difficulty)
        technology[i] = learned(technology[i], met_t[i], g, p.learning_technology, p.spillover, pool_t)
        quality[i] = learned(quality[i], met_q[i], g, p.learning_quality, p.spillover, pool_q)


@stage
def list_innovators(chance, size, research, p, listed, chances, sizes):
    """List who innovates: first all who might at the highest absorption, without a branch on chance.

    ``chances`` are relative to that of an innovation of technology: below zero it is one, else one of quality.
    """
    candidates = list_below(chance, 2.0 * p.chance, listed)
    count = 0
    for j in range(candidates):
        i = natural(listed[natural(j)])
        h = p.chance * absorptive_capacity(research[i], p.difficulty)
        listed[natural(count)] = np.int32(i)
        chances[natural(count)] = chance[i] - h
        sizes[natural(count)] = uniform_open(size[i])
        count += 1 if chance[i] < 2.0 * h else 0
    return count


@stage
def take_logarithms(sizes, count):
    """Replace the first ``count`` sizes by their logarithms, and some behind them, which nobody reads."""
    for j in range((count + WIDTH - 1) // WIDTH * WIDTH):
        sizes[j] = log_core(sizes[j])


@stage
def innovate(technology, quality, step, listed, chances, sizes, count):
    for j in range(count):
        i = natural(listed[j])
        jump = -step * sizes[j]
        process = chances[j] < 0.0
        technology[i] = technology[i] + (jump if process else 0.0)
        quality[i] = quality[i] + (0.0 if process else jump)


@chain
def rate_fitness(technology, quality, fitness, price_weight, quality_weight, level):
    for i in range(fitness.size):
        f = quality_weight * quality[i] + price_weight * technology[i] - level
        fitness[i] = exp_core(within(f, _HIGHEST))


@device
def add_first(sums, technology, quality, fitness, i, count):
    a, b, d = sums
    return a + load(technology, i, count), b + load(quality, i, count), d + load(fitness, i, count)


@stage
def sum_first(technology, quality, fitness, cells, c):
    n, none = fitness.size, nothing(fitness)
    whole, sums = n - n % WIDTH, (none, none, none)
    for i in range(0, whole, WIDTH):
        sums = add_first(sums, technology, quality, fitness, i, WIDTH)
    a, b, d = add_first(sums, technology, quality, fitness, whole, n - whole)
    cells[TECHNOLOGY_SUM, c] = total(a)
    cells[QUALITY_SUM, c] = total(b)
    cells[FITNESS_SUM, c] = total(d)


@stage
def account(share, fitness, cash, research, keep, win, demand, margin, effort, operating, payout, fading):
    for i in range(share.size):
        s = keep * share[i] + win * fitness[i]
        share[i] = s
        sales = demand * s
        spent = effort * sales if cash[i] >= 0.0 else 0.0
        cash[i] = (1.0 - payout) * cash[i] + (margin * sales - spent - operating)
        research[i] = (1.0 - fading) * research[i] + spent


@device
def add_second(sums, share, cash, research, i, count):
    a, b, d = sums
    s = load(share, i, count)
    return a + s * s, b + load(cash, i, count), d + load(research, i, count)


@stage
def sum_second(share, cash, research, cells, c):
    n, none = share.size, nothing(share)
    whole, sums = n - n % WIDTH, (none, none, none)
    for i in range(0, whole, WIDTH):
        sums = add_second(sums, share, cash, research, i, WIDTH)
    a, b, d = add_second(sums, share, cash, research, whole, n - whole)
    cells[SQUARES, c] = total(a)
    cells[CASH_SUM, c] = total(b)
    cells[RESEARCH_SUM, c] = total(d)


@stage
def begin(world, start, shape):
    """The state at the start and its sums."""
    R, S, n = shape
    firms = world.firms
    for c in range(R * S):
        for i in range(n):
            firms[TECHNOLOGY, c * n + i] = start.technology[c, i]
            firms[QUALITY, c * n + i] = start.quality[c, i]
            firms[SHARE, c * n + i] = 1.0 / (R * n)
            firms[CASH, c * n + i] = 1.0
            firms[RESEARCH, c * n + i] = 0.5
            firms[FITNESS, c * n + i] = 0.0
        a, b = c * n, (c + 1) * n
        sum_first(firms[TECHNOLOGY, a:b], firms[QUALITY, a:b], firms[FITNESS, a:b], world.cells, c)
        world.cells[SHARE_SUM, c] = 1.0 / R
    for k in range(S):
        world.sectors[LEVEL, k] = 0.0


@stage
def prepare_region(world, p, shape, r):
    """Pools of knowledge and overhead rates of a region's cells from the sums of the period before."""
    R, S, n = shape
    cells = world.cells
    t = q = sales = 0.0
    for c in range(r * S, (r + 1) * S):
        t += cells[TECHNOLOGY_SUM, c]
        q += cells[QUALITY_SUM, c]
        sales += cells[SHARE_SUM, c] * R
    sales = sales / S
    sales = sales if sales > p.least_sales else p.least_sales
    for c in range(r * S, (r + 1) * S):
        cells[POOL_T, c] = (1.0 - p.beyond) * (cells[TECHNOLOGY_SUM, c] / n) + p.beyond * (t / (n * S))
        cells[POOL_Q, c] = (1.0 - p.beyond) * (cells[QUALITY_SUM, c] / n) + p.beyond * (q / (n * S))
        own = cells[SHARE_SUM, c] * R
        own = own if own > p.least_sales else p.least_sales
        cells[OVERHEAD, c] = log(1.0 + p.facility / own + p.facility_region / sales)


@stage
def work_cell(world, p, shape, c, period, seed, number):
    """First sweep over a cell: meetings, learning, innovation, fitness."""
    R, S, n = shape
    first, last = c * n, (c + 1) * n
    firms, cells, buffer, partner = world.firms, world.cells, world.buffer, world.partner
    technology, quality = firms[TECHNOLOGY, first:last], firms[QUALITY, first:last]
    fitness = firms[FITNESS, first:last]
    research, met_t, met_q = firms[RESEARCH, first:last], buffer[MET_T], buffer[MET_Q]
    chance, size = buffer[CHANCE, :n], world.word[:n]
    for i in range(0, n, WIDTH):  # random partners are in any order, which no processor foresees
        fetch(technology, i)
        fetch(quality, i)
    draw_numbers(first, period, seed, number, partner[0], partner[1], chance, size)
    gather(technology, partner[0], met_t[:n])
    gather(quality, partner[1], met_q[:n])
    learn(technology, quality, met_t, met_q, research, p, cells[POOL_T, c], cells[POOL_Q, c])
    count = list_innovators(chance, size, research, p, partner[0], met_q, met_t)
    take_logarithms(met_t, count)
    innovate(technology, quality, p.step, partner[0], met_q, met_t, count)
    level = world.sectors[LEVEL, c % S] + p.price_weight * cells[OVERHEAD, c]
    rate_fitness(technology, quality, fitness, p.price_weight, p.quality_weight, level)
    sum_first(technology, quality, fitness, cells, c)


@stage
def settle(world, p, shape):
    """Fitness of all firms of a sector, the level that keeps its mean near one, and the new shares of its cells.

    These follow from sums, so a cell can go on to the next period as soon as its own firms are settled.
    """
    R, S, n = shape
    cells = world.cells
    for k in range(S):
        everyone = 0.0
        for c in range(k, R * S, S):
            everyone += cells[FITNESS_SUM, c]
        world.sectors[WIN, k] = p.choice / everyone
        world.sectors[LEVEL, k] += log(everyone / (R * n))
        for c in range(k, R * S, S):
            cells[SHARE_SUM, c] = (1.0 - p.choice) * cells[SHARE_SUM, c] + world.sectors[WIN, k] * cells[
                FITNESS_SUM, c
            ]


@stage
def settle_cell(world, p, shape, c):
    """Second sweep over a cell: shares and accounts."""
    R, S, n = shape
    first, last = c * n, (c + 1) * n
    firms = world.firms
    share, cash, research = firms[SHARE, first:last], firms[CASH, first:last], firms[RESEARCH, first:last]
    account(
        share, firms[FITNESS, first:last], cash, research, 1.0 - p.choice, world.sectors[WIN, c % S], float(R * n),
        p.margin, p.effort, p.operating, p.payout, p.fading,
    )  # fmt: skip
    sum_second(share, cash, research, world.cells, c)


@stage
def add_cell(cells, c, row):
    """Add the sums of a cell to the outcomes of a period."""
    row[0] += cells[TECHNOLOGY_SUM, c]
    row[1] += cells[QUALITY_SUM, c]
    row[2] += cells[SQUARES, c]
    row[3] += cells[CASH_SUM, c]
    row[4] += cells[RESEARCH_SUM, c]


@stage
def add_sales(cells, first, last, row):
    """Add the square of a region's sales to the outcomes of a period."""
    sales = 0.0
    for c in range(first, last):
        sales += cells[SHARE_SUM, c]
    row[5] += sales * sales


@stage
def finish_row(shape, row):
    """Means and indices from the sums."""
    R, S, n = shape
    for j in (0, 1, 3, 4):
        row[j] = row[j] / (R * S * n)
    row[2] = row[2] * R * n / S
    row[5] = row[5] * R / (S * S)


@kernel
def run_worlds(world, start, p, shape, seed, first_world, periods, outcomes):
    """Run worlds one after the other; outcomes[w, period, outcome].

    A cell goes from the market of a period to the meetings of the next while its firms are in the cache.
    """
    R, S = shape[0], shape[1]
    cells = world.cells
    for w in range(outcomes.shape[0]):
        number = np.uint64(first_world + w)
        begin(world, start, shape)
        for r in range(R):
            prepare_region(world, p, shape, r)
            for c in range(r * S, (r + 1) * S):
                work_cell(world, p, shape, c, np.uint64(1), seed, number)
        for t in range(periods):
            row = outcomes[w, t]
            for j in range(row.size):
                row[j] = 0.0
            settle(world, p, shape)
            for r in range(R):
                prepare_region(world, p, shape, r)
                add_sales(cells, r * S, (r + 1) * S, row)
                for c in range(r * S, (r + 1) * S):
                    settle_cell(world, p, shape, c)
                    add_cell(cells, c, row)
                    if t + 1 < periods:
                        work_cell(world, p, shape, c, np.uint64(t + 2), seed, number)
            finish_row(shape, row)
