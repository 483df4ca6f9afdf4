"""Where the time of a period goes: a copy of its code with the clock of the processor read after every stage.

The copy is made from the sources of the kernels that put stages in order (drive, period, parts, sweeps), so that it
does what they do, whatever that is. After every call of a stage, the cycles since the last reading are added to the
account of that stage. A reading takes about thirty cycles, a stage of a tile some thousands.

What stands in an argument or a condition, and the loops over tiles themselves, count for the stage that comes next.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import time
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np

from technopole.errors import TechnopoleError
from technopole.world.build import Blueprint, new_problem
from technopole.world.recording import Recording
from technopole_kernels import drive
from technopole_kernels._held import hold
from technopole_kernels._jit import kernel, stage
from technopole_kernels.types import World

IN_ORDER = ("drive", "period", "parts", "sweeps")
"""Modules of the kernels that hold nothing but the order of stages."""

MECHANISMS = {
    "tiles": "tiles and sums over cells",
    "collect": "tiles and sums over cells",
    "reduce": "copying of states",
    "prepare": "indices, costs, demand of the period",
    "spillover": "spillover: pools, upgrading",
    "learning": "meetings and learning",
    "meeting": "meetings and learning",
    "barter": "meetings and learning",
    "mean_field": "meetings and learning",
    "sharing": "cost sharing",
    "science": "science: ties, pipeline",
    "innovation": "research and innovation",
    "market": "market: prices, fitness, shares",
    "accounts": "accounts, exit",
    "ahead": "asking for rows ahead",
    "demography": "packing, entrants",
    "founding": "packing, entrants",
    "packing": "packing, entrants",
    "entry": "start-ups, spin-offs",
    "labour": "labour and mobility",
    "institutions": "institutions, reputation",
    "observe": "what is observed",
    "record": "recording",
    "check": "checks of numbers",
}
"""Module of the kernels → what its stages do, for people; a module that is not here has its own name."""


class StageTime(NamedTuple):
    """Time of one stage."""

    mechanism: str
    stage: str
    ns: float
    """Per firm and period."""


class StageTimes(NamedTuple):
    """Where a period goes."""

    rows: tuple[StageTime, ...]
    period_ns: float
    """A whole period, per firm, without the clocks."""
    overhead: float
    """How many times as long a period takes with the clocks as without."""


def measure_stages(blueprint: Blueprint, periods: int, repeats: int) -> StageTimes:
    """Measure all stages of a world on the calling thread; compiles a copy of the period first (half a minute).

    Parameters
    ----------
    blueprint : Blueprint
        The economy.
    periods : int
        Periods of a run.
    repeats : int
        Runs with and without clocks, in turn; the least of each stage counts.

    Returns
    -------
    StageTimes
        The stages in the order in which they are first met; together they are a period.

    Raises
    ------
    TechnopoleError
        If the processor has no clock that can be read, or a run of the economy fails.
    """
    clocks = _Clocks()
    profiled = clocks.period()
    setting, stop = blueprint.setting(int(blueprint.config.run.seed)), np.zeros(1, dtype=np.int64)
    world = blueprint.new_world(2 * blueprint.final_capacity)
    recording = Recording(
        blueprint.config.output.variables, 1, periods, blueprint.n_regions, blueprint.n_sectors
    )
    records = recording.records(0)

    def run(run_it: Callable[..., int], *more: object) -> tuple[float, float]:
        """Return processor time and wall-clock time of a run, in seconds."""
        blueprint.start(setting, world, 0)
        clocks.reset()
        begin, wall = time.thread_time(), time.perf_counter()
        status = run_it(setting, world, new_problem(), records, periods, 1, stop, *more)
        seconds, wall = time.thread_time() - begin, time.perf_counter() - wall
        if status != 0:
            raise TechnopoleError(f"the run for the stages ended with status {status}")
        return seconds, wall

    plain = (int(drive.WHOLE), 0, 0)
    run(profiled)
    firm_periods = _firm_periods(blueprint, world, records, periods)
    least = np.full(len(clocks.names), np.inf)
    with_clocks, without = np.inf, np.inf
    for _ in range(repeats):
        without = min(without, run(drive.drive, *plain)[0])
        seconds, wall = run(profiled)
        ticks = clocks.ticks[1 : least.size + 1].astype(np.float64)
        if not ticks.any():
            raise TechnopoleError("the clock of this processor cannot be read: no times by stage")
        with_clocks = min(with_clocks, seconds)
        # the clock runs on while another process has the processor: the least of many runs is without that
        least = np.minimum(least, ticks * (wall / ticks.sum()))
    rows = tuple(
        StageTime(MECHANISMS.get(module, module), name, float(seconds) / firm_periods * 1e9)
        for (module, name), seconds in zip(clocks.names, least, strict=True)
        if seconds > 0.0
    )
    return StageTimes(rows, without / firm_periods * 1e9, with_clocks / without)


def _firm_periods(blueprint: Blueprint, world: World, records: Any, periods: int) -> int:
    """Count the firms that a run works on, period by period."""
    setting, stop = blueprint.setting(int(blueprint.config.run.seed)), np.zeros(1, dtype=np.int64)
    blueprint.start(setting, world, 0)
    total = 0
    for period in range(1, periods + 1):
        total += int(world.offsets[-1])
        drive.drive(setting, world, new_problem(), records, period, 1, stop, int(drive.WHOLE), 0, 0)
    return total


class _Clocks:
    """Accounts of the stages, and the code that fills them."""

    def __init__(self) -> None:
        self.names: list[tuple[str, str]] = []
        self.ticks = np.zeros(1024, dtype=np.uint64)
        self._copies: dict[Any, Any] = {}
        self._tick = _tick(int(self.ticks.ctypes.data))

    def reset(self) -> None:
        """Forget what was counted, and begin now."""
        self.ticks[:] = 0

    def period(self) -> Any:
        """Return a kernel that advances a world as `drive` does, but leaves it before it is at rest."""
        run_periods, hold_all = self._copy(drive.run_periods), cast(Any, hold)

        def profiled(setting, world, problem, records, until, stride, stop):  # type: ignore[no-untyped-def]
            its_setting, its_world, its_records = hold_all(setting), hold_all(world), hold_all(records)
            return run_periods(its_setting, its_world, problem, its_records, until, stride, stop)

        return kernel(profiled)

    def _copy(self, function: Any) -> Any:
        """Return a stage with the clock read after every stage that it calls."""
        if function not in self._copies:
            self._copies[function] = stage(self._with_clocks(function.py_func))
        return self._copies[function]

    def _with_clocks(self, function: Any) -> Any:
        names = dict(function.__globals__)
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        body = tree.body[0]
        assert isinstance(body, ast.FunctionDef)
        body.decorator_list = []
        body.body = self._statements(body.body, names)
        names["_tick"] = self._tick
        names["__name__"] = __name__
        exec(compile(ast.fix_missing_locations(tree), inspect.getfile(function), "exec"), names)
        return names[function.__name__]

    def _statements(self, statements: list[ast.stmt], names: dict[str, Any]) -> list[ast.stmt]:
        result: list[ast.stmt] = []
        for statement in statements:
            blocks = [name for name in ("body", "orelse") if getattr(statement, name, None)]
            heads = [statement] if not blocks else [getattr(statement, "test", None)]
            last = None
            for head in filter(None, heads):
                last = self._calls(head, names) or last
            for block in blocks:
                setattr(statement, block, self._statements(getattr(statement, block), names))
            result.append(statement)
            if last is not None and not isinstance(statement, ast.Return):
                result.append(self._reading(last))
        return result

    def _calls(self, head: ast.AST, names: dict[str, Any]) -> tuple[str, str] | None:
        """Let calls of stages that only put others in order call their copies; return the outermost other call."""
        found = None
        for node in ast.walk(head):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            called: Any = names.get(node.func.id)
            if not hasattr(called, "py_func"):
                continue
            module = called.py_func.__module__.rpartition(".")[2]
            if module in IN_ORDER:
                names[f"_copy_of_{node.func.id}"] = self._copy(called)
                node.func.id = f"_copy_of_{node.func.id}"
                return found
            found = found or (module, called.py_func.__name__)
        return found

    def _reading(self, name: tuple[str, str]) -> ast.stmt:
        if name not in self.names:
            self.names.append(name)
        place = self.names.index(name) + 1
        return ast.parse(f"_tick({place})").body[0]


def _tick(address: int) -> Any:
    """Make a function that reads the clock, for accounts at an address; the reading before stands in the first."""
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    word = ir.IntType(64)

    @intrinsic
    def tick(_typing, place):  # type: ignore[no-untyped-def]
        def generate(_context, builder, _signature, args):  # type: ignore[no-untyped-def]
            name = "llvm.readcyclecounter"
            read = builder.module.globals.get(name) or ir.Function(
                builder.module, ir.FunctionType(word, []), name
            )
            accounts = builder.inttoptr(ir.Constant(word, address), word.as_pointer())
            now, before = builder.call(read, []), builder.load(accounts)
            account = builder.gep(accounts, [builder.zext(args[0], word)])
            spent = builder.select(
                builder.icmp_unsigned("==", before, ir.Constant(word, 0)),
                ir.Constant(word, 0),
                builder.sub(now, before),
            )
            builder.store(builder.add(builder.load(account), spent), account)
            builder.store(now, accounts)

        return types.void(types.int64), generate

    return tick


def by_mechanism(times: StageTimes) -> list[tuple[str, float]]:
    """Sum the stages of each mechanism.

    Parameters
    ----------
    times : StageTimes
        As measured.

    Returns
    -------
    list of (str, float)
        Mechanism and nanoseconds per firm and period; the longest first.
    """
    sums: dict[str, float] = {}
    for row in times.rows:
        sums[row.mechanism] = sums.get(row.mechanism, 0.0) + row.ns
    return sorted(sums.items(), key=lambda item: -item[1])
