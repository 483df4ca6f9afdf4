"""Which implementations there are, and how much each is given to do so that a call takes some tenths of a second."""

from __future__ import annotations

from typing import NamedTuple

from peers.problem import SHAPES

_SMALL, _MIDDLE, _LARGE = SHAPES


class Peer(NamedTuple):
    """An implementation; ``work`` holds (worlds, periods) by shape, and shapes it lacks are not measured."""

    module: str
    label: str
    work: dict[str, tuple[int, int]]
    factory: str = "make"
    options: dict[str, str] = {}
    one_thread: bool = False
    gate_worlds: int = 96
    tolerance: float = 1e-9
    same_numbers: bool = False


_FAST = {_SMALL: (128, 40), _MIDDLE: (32, 40), _LARGE: (4, 10)}
_NUMPY = {_SMALL: (8, 40), _MIDDLE: (2, 40), _LARGE: (1, 5)}
_TWO = {_SMALL: (16, 40), _MIDDLE: (4, 40), _LARGE: (2, 5)}
_JAX = {_SMALL: (32, 40), _MIDDLE: (8, 40), _LARGE: (2, 5)}

PEERS = {
    "technopole": Peer("peers.with_technopole", "technopole", _FAST, gate_worlds=256),
    "c": Peer("peers.with_c", "C, OpenMP", _FAST, same_numbers=True),
    "numpy": Peer("peers.with_numpy_plain", "NumPy", _NUMPY, one_thread=True),
    "numpy_in_place": Peer("peers.with_numpy", "NumPy, in place", _NUMPY, one_thread=True),
    "numpy_processes": Peer("peers.with_numpy", "NumPy, in place, processes", _TWO, "make_processes"),
    "jax": Peer("peers.with_jax", "JAX, jit + vmap + scan", _JAX),
    "jax_tuned": Peer("peers.with_jax", "JAX, a device per core", _JAX, "make_tuned"),
    "jax_f32": Peer("peers.with_jax", "JAX, float32", _JAX, "make", {"precision": "float32"}, tolerance=2e-4),
    "mesa": Peer("peers.with_mesa", "Mesa", {_SMALL: (1, 4)}, one_thread=True, gate_worlds=48),
    "mesa_frames": Peer("peers.with_mesa_frames", "mesa-frames", {_SMALL: (1, 20), _MIDDLE: (1, 10), _LARGE: (1, 2)}),
    "laser": Peer("peers.with_laser", "LASER core", {_SMALL: (8, 40), _MIDDLE: (2, 40), _LARGE: (1, 10)}),
    "laser_one": Peer("peers.with_laser", "LASER core, one thread", _NUMPY, one_thread=True),
}  # fmt: skip

ANCHORS = ("bamengine", "starsim")
"""Other models, the nearest in kind: time per agent and step only."""
