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
    ADD = 3  # range of regions
    PREPARE = 4
    POOL = 5  # range of groups of regions
    LEARN = 6  # range of tiles
    SETTLE = 7
    DECIDE = 8  # range of tiles
    COLLECT = 9  # range of regions
    CLOSE = 10  # may fail
    STARTUPS = 11  # range of cells
    PLACE = 12  # may fail
    FOUND = 13  # range of cells
    SCALE = 14
    MOVE = 15  # range of cells
    COMMIT = 16  # identities and ages may be in their second halves
    REST = 17  # after the last period, for those who look at the world: they are in the first
