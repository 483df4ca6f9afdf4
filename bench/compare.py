"""Base against head on one machine in one run: is this tree slower than a revision, and by how much?

Usage: python bench/compare.py REV [--threshold 1.05] [--repeats N] [--json FILE] [--quick], or make bench-compare
REV=…. The revision is checked out into a temporary worktree with a cache of its own. Both trees are measured in
processes of their own, in turn (A B, B A, …), in processor time, so that a busy machine slows both. Exit code 1: a
benchmark takes longer by more than the threshold, and by more than chance (the whole 95 % interval lies above 1).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WORKER = Path(__file__).with_name("compare_worker.py")
BENCHMARKS = ("period", "small cells", "run")
T_95 = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13)
"""Quantiles of Student's t for 95 %, from 1 degree of freedom; above, 2."""


class Side:
    """One of the two trees, measured in a process of its own that waits for orders."""

    def __init__(self, name: str, tree: Path, cache: Path) -> None:
        self.name = name
        path = os.pathsep.join([str(tree / "engine"), str(tree / "kernels")])
        environment = {**os.environ, "PYTHONPATH": path, "TECHNOPOLE_CACHE": str(cache)}
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), str(tree)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=cache.parent,
        )  # fmt: skip
        self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name}: the worker ended with exit code {self._process.wait()}")
        return dict(json.loads(line))

    def measure(self, benchmark: str) -> float:
        """Processor seconds of one run of a benchmark."""
        assert self._process.stdin is not None
        print(benchmark, file=self._process.stdin, flush=True)
        return float(self._answer()["seconds"])

    def close(self) -> None:
        """Let the process end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@contextmanager
def checked_out(revision: str) -> Iterator[tuple[Path, str]]:
    """Check a revision out beside this tree for a while; yields its folder and its full name."""
    found = git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if found.returncode != 0:
        raise SystemExit(f"{revision}: no such revision; allowed: a branch, tag or commit of this repository")
    commit = found.stdout.strip()
    with tempfile.TemporaryDirectory(prefix="technopole-compare-") as folder:
        tree = Path(folder, "base")
        made = git("worktree", "add", "--detach", "--quiet", str(tree), commit)
        if made.returncode != 0:
            raise SystemExit(f"git worktree: {made.stderr.strip()}")
        try:
            yield tree, commit
        finally:
            git("worktree", "remove", "--force", str(tree))


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Call git in this tree."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)


def ratio_of(pairs: list[tuple[float, float]]) -> dict[str, float]:
    """Geometric mean of head / base over pairs measured one after the other, with its 95 % interval (t)."""
    logs = [math.log(head / base) for base, head in pairs]
    mean = statistics.fmean(logs)
    half = 0.0
    if len(logs) > 1:
        quantile = T_95[len(logs) - 2] if len(logs) - 2 < len(T_95) else 2.0
        half = quantile * statistics.stdev(logs) / math.sqrt(len(logs))
    return {"ratio": math.exp(mean), "low": math.exp(mean - half), "high": math.exp(mean + half)}


def is_slower(result: dict[str, float], threshold: float) -> bool:
    """Whether a ratio is above the threshold, and above 1 by more than chance."""
    return result["ratio"] > threshold and result["low"] > 1.0


def measure(base: Side, head: Side, repeats: int) -> dict[str, dict[str, float]]:
    """Measure all benchmarks in turn; the side that begins changes from pair to pair."""
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in BENCHMARKS}
    for repeat in range(-1, repeats):  # the first pair warms up
        for name in BENCHMARKS:
            sides = (base, head) if repeat % 2 else (head, base)
            seconds = {side: side.measure(name) for side in sides}
            if repeat >= 0:
                pairs[name].append((seconds[base], seconds[head]))
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return {
        name: {**ratio_of(one), "base_s": statistics.median(b for b, _ in one),
               "head_s": statistics.median(h for _, h in one)}
        for name, one in pairs.items()
    }  # fmt: skip


def main() -> int:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision", help="branch, tag or commit to compare this tree with")
    parser.add_argument("--threshold", type=float, default=1.05, help="largest ratio head / base")
    parser.add_argument("--repeats", type=int, default=15, help="pairs of measurements")
    parser.add_argument("--quick", action="store_true", help="five pairs")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    repeats = 5 if options.quick else options.repeats
    if repeats < 2:
        parser.error("--repeats: at least 2")
    head_commit = git("rev-parse", "HEAD").stdout.strip()
    changed = " with changes" if git("status", "--porcelain", "--untracked-files=no").stdout.strip() else ""
    with checked_out(options.revision) as (tree, commit):
        caches = tree.parent / "cache"
        caches.mkdir()
        print(
            f"compiling both trees …  base {commit[:12]}, head {head_commit[:12]}{changed}", file=sys.stderr
        )
        base, head = Side("base", tree, caches / "a"), Side("head", ROOT, caches / "b")
        results = measure(base, head, repeats)
        base.close()
        head.close()
    print(f"{'benchmark':12s} {'base s':>8s} {'head s':>8s}  head / base (95 % interval)")
    for name, row in results.items():
        mark = "  SLOWER" if is_slower(row, options.threshold) else ""
        print(
            f"{name:12s} {row['base_s']:8.4f} {row['head_s']:8.4f}  {row['ratio']:.3f} "
            f"({row['low']:.3f} to {row['high']:.3f}){mark}"
        )
    if options.json is not None:
        content = {"base": commit, "head": head_commit + changed, "repeats": repeats, "benchmarks": results}
        options.json.write_text(json.dumps(content, indent=2) + "\n")
    return 1 if any(is_slower(row, options.threshold) for row in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
