"""Where a period stands between memory and arithmetic: bytes and operations of a firm-period, and the machine's speed.

Usage: python bench/roofline.py [--quick] [--json FILE]. Takes two minutes. Bytes: which rows of a world every sweep
over the firms reads and writes is found by trying (a row is changed; does anything else come out?), so
that the count follows the kernels. Operations: those that the NumPy twin of the model performs, counted by wrapping its
arrays. Machine: copy and triad over arrays beyond the caches, and multiplications and additions in registers.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests")]

import numba  # noqa: E402
import numpy as np  # noqa: E402

from economy import Runner as CacheRunner  # noqa: E402
from economy import make_config  # noqa: E402
from scaling import Runner, plan  # noqa: E402
from technopole.cli.bench_machine import describe_machine  # noqa: E402
from technopole.world.build import make_blueprint, new_problem  # noqa: E402
from technopole.world.recording import Recording  # noqa: E402
from technopole_kernels import layout  # noqa: E402
from technopole_kernels.drive import drive  # noqa: E402
from technopole_kernels.status import Part  # noqa: E402

PER_FIRM = ("firms", "next", "identity", "age", "tie", "load", "fate")
SWEEPS = ("SUM", "LEARN", "DECIDE", "FOUND", "MOVE")
"""Parts of a period that go over all firms."""
WEIGHTS = {
    "arithmetic": 1,
    "compare and select": 1,
    "bits": 1,
    "root and division": 4,
    "exponential, logarithm": 25,
}
"""Operations that one of a kind stands for: polynomials of the kernels have some 20 to 30."""


# ---------------------------------------------------------------------------------------------------- bytes


def rows_of(world: Any) -> list[tuple[str, int]]:
    """Per-firm rows of a world: array and number; -1 for an array without rows."""
    return [
        (name, row)
        for name in PER_FIRM
        for row in (range(getattr(world, name).shape[0]) if getattr(world, name).ndim == 2 else (-1,))
    ]


def view(world: Any, place: tuple[str, int]) -> np.ndarray:
    """One row."""
    array = getattr(world, place[0])
    return array if place[1] < 0 else array[place[1]]


def copied(world: Any) -> Any:
    """A world with arrays of its own."""
    return world._replace(**{name: np.copy(getattr(world, name)) for name in world._fields})


class Traffic:
    """Finds the rows that each sweep reads and writes."""

    def __init__(self) -> None:
        self.blueprint = make_blueprint(make_config(6, 4, 2_000))
        self.setting = self.blueprint.setting(3)
        self.world = self.blueprint.new_world(4 * self.blueprint.n_firms)
        self.blueprint.start(self.setting, self.world, 0)
        self.records = Recording(("firms",), 1, 64, 6, 4).records(0)
        self.stop = np.zeros(1, dtype=np.int64)
        for _ in range(3):
            for part in list(Part)[1:]:
                self.do(self.world, part)

    def do(self, world: Any, part: Part) -> None:
        """Do one part of a period for all tiles, groups, regions or cells."""
        last = {
            Part.POOL: self.setting.constants.group_start.size - 1,
            Part.ADD: world.regions.shape[1],
            Part.COLLECT: world.regions.shape[1],
            Part.STARTUPS: world.cells.shape[1],
            Part.FOUND: world.cells.shape[1],
            Part.MOVE: world.cells.shape[1],
        }.get(part, int(world.clock[layout.TILES]))
        status = drive(self.setting, world, new_problem(), self.records, 0, 1, self.stop, int(part), 0, last)
        if status:
            raise RuntimeError(f"{part.name} ended with status {status}")

    def find(self) -> dict[str, dict[str, Any]]:
        """Rows read and written by every sweep of the next period."""
        found = {}
        for part in list(Part)[1:]:
            if part.name in SWEEPS:
                found[part.name] = self.of_part(part)
            self.do(self.world, part)
        return found

    def of_part(self, part: Part) -> dict[str, Any]:
        plain = copied(self.world)
        self.do(plain, part)
        read, written = [], []
        for place in rows_of(self.world):
            other = copied(self.world)
            row = view(other, place)
            self.change(place, row)
            changed = row.copy()
            self.do(other, part)
            if not np.array_equal(view(other, place), changed) or not np.array_equal(
                view(plain, place), view(self.world, place)
            ):
                written.append(place)
            if any(
                not np.array_equal(view(other, one), view(plain, one))
                for one in rows_of(plain)
                if one != place
            ) or not np.array_equal(other.segment_sum, plain.segment_sum):
                read.append(place)
        living = int(self.world.offsets[-1])
        changed = [
            np.count_nonzero(view(plain, one)[:living] != view(self.world, one)[:living]) for one in written
        ]
        share = max(changed, default=living) / living
        if part is Part.DECIDE:  # only of the few that spawn
            read, written = ([place for place in rows if place[0] != "identity"] for rows in (read, written))
        # the sweep that writes entrants touches few firms, the others all
        return {"read": read, "written": written, "share": min(1.0, share) if part.name == "FOUND" else 1.0}

    def change(self, place: tuple[str, int], row: np.ndarray) -> None:
        """Change a row a little: to other values that it could have."""
        living = slice(0, int(self.world.offsets[-1]))
        if row.dtype.kind == "f":
            row[living] = row[living] * 1.03125 + 1e-3 * (row[living] != 0.0)
        elif place[0] == "tie":
            row[living] ^= 1
        elif place[0] == "identity":
            row[living] ^= np.uint64(0x5555)
        elif place[0] == "age":
            row[living] += 1
        # fates are left alone: where firms go follows from them, and others would go nowhere


def bytes_per_firm(
    found: dict[str, dict[str, list[tuple[str, int]]]], world: Any
) -> dict[str, dict[str, float]]:
    """Bytes between memory and caches by sweep, where a world does not fit into the caches and each tile does.

    A row that is written and not read is fetched all the same before it is written (write-allocate).
    """
    result = {}
    for part, rows in found.items():
        read = sum(view(world, place).itemsize for place in rows["read"])
        written = sum(view(world, place).itemsize for place in rows["written"])
        fetched = sum(view(world, place).itemsize for place in rows["written"] if place not in rows["read"])
        both = {"read": read, "written": written, "fetched": fetched}
        result[part] = {kind: rows["share"] * number for kind, number in both.items()}
    # fates: a word is written by the first sweep, read and written by the second, read by the packing
    fate = {"LEARN": ("written", "fetched"), "DECIDE": ("read", "written"), "MOVE": ("read",)}
    for part, kinds in fate.items():
        if ("fate", -1) not in found[part]["written"] or "written" not in kinds:
            for kind in kinds:
                result[part][kind] += 4
    return result


# ---------------------------------------------------------------------------------------------- operations

KINDS = {
    "arithmetic": ("add", "subtract", "multiply", "negative", "absolute", "floor", "rint", "square", "maximum",
                   "minimum", "cumsum"),
    "root and division": ("divide", "true_divide", "sqrt", "floor_divide", "remainder"),
    "exponential, logarithm": ("exp", "log", "log1p", "expm1", "power", "ndtri", "exp2"),
    "bits": ("bitwise_and", "bitwise_or", "bitwise_xor", "right_shift", "left_shift", "invert"),
    "compare and select": ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "logical_and",
                           "logical_or", "logical_not", "isfinite", "clip"),
}  # fmt: skip
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}


class Counting(np.ndarray):
    """An array that counts what is done with it."""

    counts: dict[str, int] = {}

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **more):  # type: ignore[no-untyped-def]
        given = [plain(one) for one in inputs]
        more = {key: plain(one) for key, one in more.items()}
        if out is not None:
            more["out"] = tuple(plain(one) for one in out)
        result = getattr(ufunc, method)(*given, **more)
        size = max(
            [np.size(one) for one in given] + [np.size(result) if not isinstance(result, tuple) else 0]
        )
        kind = KIND_OF.get(ufunc.__name__, "arithmetic")
        Counting.counts[kind] = Counting.counts.get(kind, 0) + int(size)
        if out is not None:
            return out[0] if len(out) == 1 else out
        if isinstance(result, tuple):
            return tuple(one.view(Counting) if isinstance(one, np.ndarray) else one for one in result)
        return result.view(Counting) if isinstance(result, np.ndarray) else result

    def __array_function__(self, function, _types, args, more):  # type: ignore[no-untyped-def]
        result = function(*(plain(one) for one in args), **{key: plain(one) for key, one in more.items()})
        if function.__name__ in ("where", "select", "searchsorted", "bincount", "clip"):
            kind = "compare and select" if function.__name__ != "bincount" else "arithmetic"
            size = max(int(np.size(one)) for one in args if not isinstance(one, (list, tuple)))
            Counting.counts[kind] = Counting.counts.get(kind, 0) + size
        if isinstance(result, (tuple, list)):
            return type(result)(one.view(Counting) if type(one) is np.ndarray else one for one in result)
        return result.view(Counting) if type(result) is np.ndarray else result


def bare(array: np.ndarray) -> np.ndarray:
    """The same memory as a plain array."""
    return array.view(np.ndarray)


def plain(value: Any) -> Any:
    """The same without counting, also inside lists."""
    if isinstance(value, (list, tuple)):
        return type(value)(plain(one) for one in value)
    return bare(value) if isinstance(value, Counting) else value


def operations() -> dict[str, float]:
    """Operations of the NumPy twin per firm and period, by kind."""
    import reference
    from twinning import twin_constants, twin_parameters, twin_policy, twin_state

    runner = CacheRunner(make_config(20, 6, 10_000), periods=3)
    params, constants = twin_parameters(runner.blueprint), twin_constants(runner.blueprint)
    policy, state = twin_policy(runner.blueprint), twin_state(runner.world)

    def counting(value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.ndim:
            return value.view(Counting)
        return {key: counting(one) for key, one in value.items()} if isinstance(value, dict) else value

    Counting.counts = {}
    # the twin makes plain arrays of its arguments in places; there they shall stay what they are
    with mock.patch("numpy.asarray", np.asanyarray):
        reference.step(counting(state), params, counting(constants), counting(policy), 7, 0)
    return {kind: number / state["share"].size for kind, number in Counting.counts.items()}


# --------------------------------------------------------------------------------------------- the machine


@numba.njit(nogil=True, error_model="numpy")
def triad(a, b, c):  # type: ignore[no-untyped-def]
    for i in range(a.size):
        a[i] = b[i] + 3.0 * c[i]


@numba.njit(nogil=True, error_model="numpy")
def arithmetic(x, times):  # type: ignore[no-untyped-def]
    for _ in range(times):
        for i in range(x.size):
            y = x[i]
            for _ in range(16):
                y = y * 0.999 + 0.001
            x[i] = y


def best(work: Any, threads: int, repeats: int) -> float:
    """Least seconds of so many threads doing the same."""
    least = np.inf
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(repeats):
            begin = time.perf_counter()
            list(pool.map(work, range(threads)))
            least = min(least, time.perf_counter() - begin)
    return float(least)


def machine(threads: int, quick: bool) -> dict[str, float]:
    """Bandwidth (bytes per second, fetched before writing counted) and arithmetic of so many threads."""
    size = 8_000_000 if quick else 25_000_000
    arrays = [[np.ones(size) for _ in range(3)] for _ in range(threads)]
    small = [np.ones(1024) for _ in range(threads)]
    triad(arrays[0][0][:8], arrays[0][1][:8], arrays[0][2][:8])
    arithmetic(small[0], 1)
    repeats, times = (5, 2_000) if quick else (10, 10_000)
    copy = best(lambda n: np.copyto(arrays[n][0], arrays[n][1]), threads, repeats)
    three = best(lambda n: triad(*arrays[n]), threads, repeats)
    counted = best(lambda n: arithmetic(small[n], times), threads, repeats)
    return {
        "threads": threads,
        "copy_GBs": 16 * size * threads / copy / 1e9,
        "triad_GBs": 32 * size * threads / three / 1e9,
        "arithmetic_Gops": 32 * 1024 * times * threads / counted / 1e9,
    }


# ---------------------------------------------------------------------------------------------- the report


def measured(threads: int, quick: bool) -> dict[str, float]:
    """Nanoseconds per firm and period of a world in the caches (one thread) and of one far beyond them."""
    small = Runner(plan(20_000, 48, 6))
    large = Runner(plan(1_000_000 if quick else 4_000_000, 400, 40))
    seconds = 2.0 if quick else 6.0
    result = {"caches_ns": small.ns(1, seconds), "large_ns_1": large.ns(1, seconds)}
    if threads > 1:
        result[f"large_ns_{threads}"] = large.ns(threads, seconds)
    return result


def against_c() -> dict[str, float]:
    """Times of the reduced model in C in units of technopole's, as measured by bench/peers."""
    path = ROOT / "bench/results/peers.json"
    if not path.exists():
        return {}
    peers = json.loads(path.read_text())["peers"]
    ours, theirs = (peers.get(name, {}).get("shapes", {}) for name in ("technopole", "c"))
    return {shape: theirs[shape]["ns"] / row["ns"] for shape, row in ours.items() if shape in theirs}


def main() -> None:
    """Count, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path, default=ROOT / "bench/results/roofline.json")
    options = parser.parse_args()
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    traffic = Traffic()
    found = traffic.find()
    by_sweep = bytes_per_firm(found, traffic.world)
    total = sum(sum(row.values()) for row in by_sweep.values())
    kinds = operations()
    weighed = sum(WEIGHTS[kind] * number for kind, number in kinds.items())
    speeds = [machine(number, options.quick) for number in sorted({1, threads})]
    times = measured(threads, options.quick)
    results = {
        "machine": describe_machine(), "bytes_by_sweep": by_sweep, "bytes": total, "operations": kinds,
        "operations_weighed": weighed, "speeds": speeds, "measured": times, "c_over_technopole": against_c(),
        "rows": {part: {kind: [f"{n}[{r}]" if r >= 0 else n for n, r in both[kind]] for kind in ("read", "written")}
                 for part, both in found.items()},
    }  # fmt: skip
    print(f"{'sweep':8s} {'read':>6s} {'written':>8s} {'fetched':>8s}   bytes per firm and period")
    for part, row in by_sweep.items():
        print(f"{part:8s} {row['read']:6.0f} {row['written']:8.0f} {row['fetched']:8.0f}")
    print(f"{'all':8s} {total:24.0f}\n")
    for kind, number in sorted(kinds.items(), key=lambda item: -item[1]):
        print(f"{number:8.0f}  {kind} (each as {WEIGHTS[kind]})")
    print(f"{weighed:8.0f}  operations per firm and period, weighed\n")
    for row in speeds:
        number = int(row["threads"])
        memory, compute = total / row["triad_GBs"], weighed / row["arithmetic_Gops"]
        name = f"large_ns_{number}"
        print(
            f"{number} thread(s): copy {row['copy_GBs']:.1f}, triad {row['triad_GBs']:.1f} GB/s, "
            f"{row['arithmetic_Gops']:.1f} Gop/s: at least {memory:.1f} ns for the bytes and {compute:.1f} ns for "
            f"the operations; a large world takes {times.get(name, float('nan')):.1f} ns"
        )
        row |= {"bound_memory_ns": memory, "bound_arithmetic_ns": compute}
    print(f"a world in the caches, one thread: {times['caches_ns']:.1f} ns")
    for shape, ratio in results["c_over_technopole"].items():
        print(f"reduced model, {shape}: C takes {ratio:.2f} times technopole's time")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
