"""Launches of toys over real worlds, and what is needed to start them on a device: shared by all tests of devices."""

import functools
import struct
from typing import NamedTuple

import numpy as np

from technopole_kernels import layout as at
from technopole_kernels._jit import kernel, stage
from technopole_kernels.grid.emit import Program
from technopole_kernels.mathx import exp, log, log1p, normal_quantile_core
from technopole_kernels.reduce import set_all, sum_lanes
from technopole_kernels.rng import draw, uniform_open
from worlds import make_records, mixed

SITE = np.uint64(3)


class Work(NamedTuple):
    """As little as a toy needs."""

    status: np.ndarray  # (1,) i64


class Launch(NamedTuple):
    """As `technopole_kernels.grid.launches.Launch`."""

    name: str
    thread: object
    items: str


@stage
def draw_words(setting, world, work, records, i):
    """Random words of every firm, as they come: through 32 and 8 bits and as numbers."""
    if i >= world.firms.shape[1] or work.status[0] != 0:
        return
    words = draw(
        world.identity[0, i], world.clock[at.PERIOD], SITE, setting.seed[0], world.clock[at.REPLICATE]
    )
    world.identity[1, i] = words[0] << np.uint64(32) | words[1]
    world.fate[i] = np.uint32(words[2])
    world.age[0, i] = np.int32(words[3] >> np.uint64(1))
    world.age[1, i] += 1  # twice, if an item is handled twice
    world.tie[0, i] = np.uint8(words[3] & np.uint64(1))
    world.firms[0, i] = uniform_open(words[0])


@stage
def evaluate(setting, world, work, records, i):
    """The functions of mathx, a root, a division, and a parameter."""
    if i >= world.firms.shape[1] or work.status[0] != 0:
        return
    firms = world.firms
    x = firms[0, i]
    z = normal_quantile_core(x)
    firms[1, i] = z
    firms[2, i] = exp(z)
    firms[3, i] = log(x)
    firms[4, i] = log1p(x) * setting.params[0].learning_far
    firms[5, i] = np.sqrt(x) / (x + setting.constants.initial_firms)


@stage
def sum_cells(setting, world, work, records, i):
    """Sums over the firms of a cell in eight lanes, and a row of the cell's own."""
    cells = world.cells
    if i >= cells.shape[1] or work.status[0] != 0:
        return
    for row in range(3):
        cells[row, i] = sum_lanes(world.firms[row], world.offsets[i], world.offsets[i + 1])
    set_all(cells[3:5, i], 0.0)
    cells[5, i] += 1.0
    records.cells[0, 0, i] = cells[0, i]


TOYS = (
    Launch("draw_words", draw_words, "firms"),
    Launch("evaluate", evaluate, "firms"),
    Launch("sum_cells", sum_cells, "cells"),
)


@kernel
def run_toys(seed, params, initial_firms, firms, identity, clock, fate, age, tie, cells, offsets):
    """The same as the launches, as a kernel of the CPU."""
    for i in range(firms.shape[1]):
        words = draw(identity[0, i], clock[at.PERIOD], SITE, seed[0], clock[at.REPLICATE])
        identity[1, i] = words[0] << np.uint64(32) | words[1]
        age[1, i] += 1
        fate[i], age[0, i] = np.uint32(words[2]), np.int32(words[3] >> np.uint64(1))
        tie[0, i] = np.uint8(words[3] & np.uint64(1))
        x = uniform_open(words[0])
        z = normal_quantile_core(x)
        firms[0, i], firms[1, i], firms[2, i], firms[3, i] = x, z, exp(z), log(x)
        firms[4, i] = log1p(x) * params[0].learning_far
        firms[5, i] = np.sqrt(x) / (x + initial_firms)
    for cell in range(cells.shape[1]):
        for row in range(3):
            cells[row, cell] = sum_lanes(firms[row], offsets[cell], offsets[cell + 1])
        cells[3, cell], cells[4, cell] = 0.0, 0.0
        cells[5, cell] += 1.0


def toy_program(launches=TOYS, directory=None):
    """A program of toys for the worlds of `mixed`."""
    blueprint = mixed()
    return Program(
        launches,
        blueprint.setting(1),
        blueprint.new_world(),
        Work(np.zeros(1, dtype=np.int64)),
        make_records(blueprint, 1),
        directory,
    )


@functools.cache
def compiled_toys():
    """The program of toys, once for all tests; it keeps what it has compiled."""
    return Kept(toy_program())


class Kept:
    """A program whose code is made once."""

    def __init__(self, program):
        self.names = program.names
        self.ptx = functools.cache(program.ptx)
        self.host = functools.cache(program.host)


def place(device, values):
    """Put the arrays of a named tuple on a device; returns its struct as bytes and the addresses by field."""
    parts, addresses = [], {}
    for name, value in zip(values._fields, values, strict=True):
        if isinstance(value, tuple):
            inner, addresses[name] = place(device, value)
            parts.append(inner)
        elif isinstance(value, np.ndarray):
            addresses[name] = device.allocate(value.nbytes)
            device.upload(addresses[name], value)
            head = (0, 0, value.size, value.itemsize, addresses[name], *value.shape, *value.strides)
            parts.append(struct.pack(f"{len(head)}q", *head))
        else:
            parts.append(struct.pack("d", value))
    return b"".join(parts), addresses


def place_side_by_side(device, group):
    """Put several named tuples on a device; returns the address of their structs and the arrays' addresses."""
    placed = [place(device, values) for values in group]
    structs = np.frombuffer(b"".join(content for content, _ in placed), dtype=np.uint8)
    address = device.allocate(structs.nbytes)
    device.upload(address, structs)
    return address, [addresses for _, addresses in placed]


def fetch(device, values, addresses):
    """Copy all arrays of a named tuple back from a device."""
    for name, address in addresses.items():
        device.download(address, getattr(values, name))


def toy_worlds(count=3):
    """Setting and worlds to be filled: each with another replicate and period."""
    blueprint = mixed()
    worlds = []
    for replicate in range(count):
        world = blueprint.new_world()
        blueprint.start(blueprint.setting(1), world, replicate)
        world.clock[at.PERIOD] = 5 * replicate
        worlds.append(world)
    return blueprint.setting(1), worlds


def run_on(device, launches=TOYS, count=3, skipped=()):
    """Do the toys' launches on a device; returns the worlds and the records' first row of cells as they come back."""
    setting, worlds = toy_worlds(count)
    works = [Work(np.full(1, int(place in skipped), dtype=np.int64)) for place in range(count)]
    records = [make_records(mixed(), 1) for _ in range(count)]
    at_setting, _ = place_side_by_side(device, [setting])
    at_worlds, world_arrays = place_side_by_side(device, worlds)
    at_works, _ = place_side_by_side(device, works)
    at_records, record_arrays = place_side_by_side(device, records)
    for launch in launches:
        items = worlds[0].firms.shape[1] if launch.items == "firms" else worlds[0].cells.shape[1]
        device.launch(launch.name, at_setting, at_worlds, at_works, at_records, count, items + 3)
    device.synchronize()
    for world, addresses in zip(worlds, world_arrays, strict=True):
        fetch(device, world, addresses)
    for record, addresses in zip(records, record_arrays, strict=True):
        fetch(device, record, addresses)
    return worlds, records


def run_on_cpu(count=3):
    """The same worlds by the kernel of the CPU."""
    setting, worlds = toy_worlds(count)
    for world in worlds:
        run_toys(
            setting.seed,
            setting.params,
            setting.constants.initial_firms,
            world.firms,
            world.identity,
            world.clock,
            world.fate,
            world.age,
            world.tie,
            world.cells,
            world.offsets,
        )
    return worlds
