"""The record of one period: section 7.14."""

import numpy as np

from .tables import CHANNELS, ratio, sum_by

SIZE_EDGES = np.array([0.0] + [step * 2.0**power for power in range(20) for step in (1.0, 1.5)])


def size_distribution(jobs):
    """Count firms by employment (41,) in the bins that start at SIZE_EDGES, the last one open."""
    return np.bincount(np.searchsorted(SIZE_EDGES, jobs, side="right") - 1, minlength=SIZE_EDGES.size)


def sector_deviation(sector, sectors, values):
    """Take the standard deviation (S,) of firm values, NaN for a sector without firms."""
    count = np.bincount(sector, minlength=sectors)
    centred = values - ratio(sum_by(sector, values, sectors), count)[sector]
    return np.sqrt(ratio(sum_by(sector, centred**2, sectors), count, otherwise=np.nan))


def cell_observations(pools, knowledge, share, jobs, books, spending, productivity, price):
    """Sum and average the operating firms by cell; books is Accounts, spending is Research."""
    sums = {
        "sales": books.sales,
        "employment": jobs,
        "research_spending": spending.total,
        "own_research": books.own_research,
        "tax": books.tax,
        "overhead": books.overhead,
        "transaction_cost": books.transaction,
        "payout": books.payout,
    }
    record = {name: pools.by_cell(values) for name, values in sums.items()}
    for channel, values in zip(CHANNELS, knowledge, strict=True):
        record[channel] = ratio(pools.by_cell(values), pools.firms, otherwise=np.nan)
    weight = pools.by_cell(share)
    for name, values in (("productivity", productivity), ("price", price)):
        record[name] = ratio(pools.by_cell(share * values), weight, otherwise=np.nan)
    return record


def counts(pools, firms, leaves, new, innovation):
    """Numbers of firms and events by cell (R, S)."""
    return {
        "firms": np.asarray(firms),
        "small_firms": pools.count_by_cell(pools.small),
        "exits": pools.count_by_cell(leaves),
        "spinoffs": new.spinoffs,
        "startups": new.startups,
        "innovations": pools.count_by_cell(innovation.innovates),
        "small_innovations": pools.count_by_cell(innovation.innovates & pools.small),
        "patents": pools.count_by_cell(innovation.patents),
    }
