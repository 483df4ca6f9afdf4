"""One implementation in a process of its own; run.py talks to it in lines of JSON over its standard streams."""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "kernels")]

from peers import anchors  # noqa: E402
from peers.problem import GATE_SHAPE, SHAPES, Problem  # noqa: E402
from peers.registry import ANCHORS, PEERS  # noqa: E402

GATE_PERIODS = 25


def living_children() -> list[Path]:
    """Folders of /proc of the processes that this one has started; none where there is no /proc."""
    own = Path("/proc/self/task")
    pids = (
        [pid for task in own.glob("*/children") for pid in task.read_text().split()] if own.exists() else []
    )
    return [Path("/proc", pid) for pid in pids]


def peak_memory() -> float:
    """Peak resident memory of this process and its living children in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024.0 if sys.platform != "darwin" else 2.0**20
    )
    for child in living_children():
        lines = (child / "status").read_text().splitlines()
        peak += sum(float(line.split()[1]) / 1024.0 for line in lines if line.startswith("VmHWM"))
    return peak


def cpu_seconds() -> float:
    """CPU time of this process and its living children."""
    seconds = time.process_time()
    for child in living_children():
        fields = (child / "stat").read_text().rsplit(")", 1)[1].split()
        seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


class Implementation:
    """What this process measures; compiled runs are kept."""

    def __init__(self, name: str, threads: int) -> None:
        self.peer, self.threads = PEERS[name], threads
        self.module = importlib.import_module(self.peer.module)
        importlib.import_module(self.module.PACKAGE)
        self.factory = getattr(self.module, self.peer.factory)
        self.runs: dict[str, tuple[Problem, object]] = {}

    def start(self) -> dict:
        """Run the smallest thing there is, so that everything is loaded and compiled once."""
        shape = next(iter(SHAPES.values()))
        self.factory(Problem(shape, self.threads, 1, threads=self.threads), **self.peer.options)()
        return {"version": self.module.version(), "memory_start": peak_memory()}

    def gate(self) -> dict:
        """Outcomes of the gate's problem."""
        problem = Problem(GATE_SHAPE, self.peer.gate_worlds, GATE_PERIODS, threads=self.threads)
        return {"outcomes": self.factory(problem, **self.peer.options)().tolist()}

    def time(self, shape: str) -> dict:
        """Seconds of wall and of this process's CPUs for one call; the first call of a shape is reported apart."""
        first = 0.0
        if shape not in self.runs:
            worlds, periods = self.peer.work[shape]
            problem = Problem(SHAPES[shape], worlds, periods, threads=self.threads)
            started = time.perf_counter()
            run = self.factory(problem, **self.peer.options)
            run()
            first = time.perf_counter() - started
            self.runs[shape] = problem, run
        problem, run = self.runs[shape]
        cpu, wall = cpu_seconds(), time.perf_counter()
        run()
        wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
        return {
            "wall": wall, "cpu": cpu, "first": first, "firm_periods": problem.firm_periods, "memory": peak_memory(),
            "worlds": problem.worlds, "periods": problem.periods,
        }  # fmt: skip


def main() -> None:
    """Answer commands until the input ends."""
    name, threads = sys.argv[1], int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what packages print must not mix with the answers
    implementation = None
    for line in sys.stdin:
        command = json.loads(line)
        try:
            if name in ANCHORS:
                answer = anchors.measure(name, **command)
            elif command["do"] == "start":
                implementation = Implementation(name, threads)
                answer = implementation.start()
            elif command["do"] == "gate":
                answer = implementation.gate()
            else:
                answer = implementation.time(command["shape"])
        except ImportError as error:
            answer = {"missing": str(error)}
        except Exception as error:  # a peer may fail in any way; the run of the others goes on
            answer = {"failed": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
