"""Codes shared by the kernels and the engine."""

from enum import IntEnum


class Status(IntEnum):
    """How a period, or a run of periods, ended."""

    DONE = 0
    NEED_CAPACITY = 1  # the world is untouched; enlarge the arrays and call again
    NOT_FINITE = 2  # the world is untouched; Problem.where says where
    STOPPED = 3  # the stop flag was set between two periods
    REFUSED = 4  # a host has left a value that is out of bounds; Problem.where says which


class Fate(IntEnum):
    """What becomes of a firm at the end of the period."""

    STAY = 0
    LEAVE = 1
    SPAWN = 2  # stays, and a child is founded: in the cell whose number is added


class Part(IntEnum):
    """Parts of a period, in order; those with a range are shared out among threads."""

    WHOLE = 0  # all periods that are asked for
    OPEN = 1
    SUM = 2  # range of tiles
    PREPARE = 3
    POOL = 4  # range of groups of regions
    LEARN = 5  # range of tiles
    SETTLE = 6
    DECIDE = 7  # range of tiles
    COLLECT = 8  # range of regions
    CLOSE = 9  # the only part that may fail
    FOUND = 10  # range of cells
    SCALE = 11
    MOVE = 12  # range of cells
    COMMIT = 13  # identities and ages may be in their second halves
    REST = 14  # after the last period, for those who look at the world: they are in the first
