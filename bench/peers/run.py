"""Measure technopole against what one would otherwise use: the same reduced model, side by side, in one run.

Usage: python bench/peers/run.py [--quick] [--only NAME ...] [--json FILE] [--python NAME=PATH ...]

Every implementation that is installed runs in a process of its own, so that its threads and its memory are its own.
It must pass the gate (gate.py) before its time counts. Calls are timed in turn, round by round, and medians are
compared, so that whatever else the machine does falls on all alike. `requirements.txt` lists what can be installed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "kernels")]

import numpy as np  # noqa: E402

from peers.gate import check  # noqa: E402
from peers.problem import SHAPES, Parameters  # noqa: E402
from peers.registry import ANCHORS, PEERS  # noqa: E402
from peers.table import compare_bars, format_table  # noqa: E402

THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS",
)  # fmt: skip

LONGEST = 300
"""Seconds after which a command is given up."""


class Worker:
    """The process of one implementation."""

    def __init__(self, name: str, threads: int, python: str) -> None:
        self.name = name
        environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
        self.errors = tempfile.TemporaryFile()  # not a pipe, which would be full some day
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [python, str(Path(__file__).with_name("worker.py")), name, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, env=environment,
        )  # fmt: skip

    def ask(self, **command: object) -> dict:
        """Send a command and wait for the answer; a process that died answers with its last words."""
        limit = threading.Timer(LONGEST, self.process.kill)
        limit.start()
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            limit.cancel()
        if line:
            return json.loads(line)
        self.errors.seek(0)
        words = self.errors.read().decode(errors="replace").strip().splitlines()
        return {"failed": words[-1] if words else f"the process ended, perhaps after {LONGEST} seconds"}

    def close(self) -> None:
        """End the process, which ends when its input does."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()


def trouble(answer: dict) -> str | None:
    """What an answer says about a missing package or a failure."""
    if "missing" in answer:
        return f"not installed ({answer['missing']})"
    return f"failed ({answer['failed']})" if "failed" in answer else None


def admit(worker: Worker, reference: np.ndarray | None, result: dict) -> np.ndarray | None:
    """Start an implementation and let it through the gate; returns its outcomes, or None if it stays out."""
    peer = PEERS[worker.name]
    answer = worker.ask(do="start")
    result["status"] = trouble(answer)
    if result["status"]:
        return None
    result |= {"version": answer["version"], "cold_start_s": time.perf_counter() - worker.started}
    answer = worker.ask(do="gate")
    result["status"] = trouble(answer)
    if result["status"]:
        return None
    outcomes = np.array(answer["outcomes"])
    complaints = check(
        outcomes,
        outcomes if reference is None else reference,
        Parameters(),
        peer.tolerance,
        peer.same_numbers,
    )
    if complaints:
        result["status"] = "stopped at the gate: " + "; ".join(complaints)
        return None
    result["status"] = "passed"
    return outcomes


def measure(workers: dict[str, Worker], shapes: list[str], rounds: int, results: dict[str, dict]) -> None:
    """Time all in turn, shape by shape and round by round."""
    for shape in shapes:
        answers: dict[str, list[dict]] = {name: [] for name in workers if shape in PEERS[name].work}
        for _ in range(rounds):
            for name in answers:
                answer = workers[name].ask(do="time", shape=shape)
                problem = trouble(answer)
                if problem:
                    results[name]["status"] = problem
                else:
                    answers[name].append(answer)
        for name, given in answers.items():
            if given:
                work = given[0]["firm_periods"]
                results[name].setdefault("shapes", {})[shape] = {
                    "ns": statistics.median(a["wall"] for a in given) / work * 1e9,
                    "ns_best": min(a["wall"] for a in given) / work * 1e9,
                    "cpu_ns": statistics.median(a["cpu"] for a in given) / work * 1e9,
                    "first_s": given[0]["first"], "memory_mib": given[-1]["memory"],
                    "worlds": given[0]["worlds"], "periods": given[0]["periods"], "rounds": len(given),
                }  # fmt: skip


def describe_machine() -> dict:
    """What the numbers depend on; no name of the machine."""
    model = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.processor() or platform.machine(), "cores": os.cpu_count(),
        "system": platform.system(), "python": platform.python_version(),
    }  # fmt: skip


def load() -> list[float] | None:
    """Load averages where the system has them."""
    return [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else None


def main() -> int:
    """Run the comparison, print the table and write the results; 1 if something failed or was stopped at the gate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="smallest shape and two rounds only")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=[*PEERS, *ANCHORS], help=f"of {', '.join(PEERS)}"
    )
    parser.add_argument(
        "--json", type=Path, help="where results go; bench/results/peers.json if all is measured"
    )
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument(
        "--rounds", type=int, default=0, help="calls of which the median is taken; 5, or 2 if quick"
    )
    parser.add_argument(
        "--python",
        nargs="+",
        default=[],
        metavar="NAME=PATH",
        help="interpreter with that implementation's packages",
    )
    options = parser.parse_args()
    pythons = dict(item.split("=", 1) for item in options.python)
    chosen = [*PEERS, *ANCHORS] if options.only is None else ["technopole", *options.only]
    shapes, rounds = (
        list(SHAPES)[: 1 if options.quick else None],
        options.rounds or (2 if options.quick else 5),
    )
    report: dict = {"machine": describe_machine(), "threads": options.threads, "load_at_start": load()}
    workers: dict[str, Worker] = {}
    results: dict[str, dict] = {}
    reference = None
    for name, peer in PEERS.items():
        if name in chosen:
            threads = 1 if peer.one_thread else options.threads
            worker = Worker(name, threads, pythons.get(name, sys.executable))
            results[name] = {"label": peer.label, "threads": threads}
            print(f"{peer.label} ...", file=sys.stderr, flush=True)
            outcomes = admit(worker, reference, results[name])
            print(f"{peer.label}: {results[name]['status']}", file=sys.stderr, flush=True)
            if outcomes is None:
                worker.close()
                if name == "technopole":
                    parser.exit(1, "there is nothing to compare with\n")
            else:
                workers[name] = worker
                reference = outcomes if name == "technopole" else reference
    measure(workers, shapes, rounds, results)
    for worker in workers.values():
        worker.close()
    report |= {"peers": results, "anchors": {}}
    for name in ANCHORS:
        if name in chosen:
            worker = Worker(name, options.threads, pythons.get(name, sys.executable))
            answer = worker.ask(quick=options.quick)
            worker.close()
            report["anchors"][name] = {"status": trouble(answer)} if trouble(answer) else answer
    report["load_at_end"] = load()
    report["bars"] = compare_bars(report)
    target = options.json or (None if options.quick or options.only else ROOT / "bench/results/peers.json")
    if target:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(report, indent=1) + "\n")
    print(format_table(report))
    return (
        0 if all(p["status"] == "passed" or "not installed" in p["status"] for p in results.values()) else 1
    )


if __name__ == "__main__":
    sys.exit(main())
