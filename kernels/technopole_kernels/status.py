"""Codes shared by the kernels and the engine."""

from enum import IntEnum


class Status(IntEnum):
    """How a period, or a run of periods, ended."""

    DONE = 0
    NEED_CAPACITY = 1  # the world is untouched; enlarge the arrays and call again
    NOT_FINITE = 2  # the world is untouched; Problem.where says where
    STOPPED = 3  # the stop flag was set between two periods


class Fate(IntEnum):
    """What becomes of a firm at the end of the period."""

    STAY = 0
    LEAVE = 1
    SPAWN = 2  # stays, and a child is founded
