"""A guard against slower kernels that does not depend on the machine's mood: it reads machine code, and runs none.

Usage: python bench/machine_code.py [--refresh] [--level avx2|avx512] [--kernels FOLDER]. Compiles the period for fixed
processors, whatever this one is, and counts by stage what its loops are made of. Each count may exceed that in
bench/limits/machine_code.json by a little; exit code 1 says that a stage got clearly worse. After an intended change:
look at the differences, then `make guard ARGS=--refresh`, and commit the file with the change.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from assembly import functions, loops  # noqa: E402

LIMITS = ROOT / "bench/limits/machine_code.json"
LEVELS = {"avx2": "haswell", "avx512": "skylake-avx512"}
"""Levels of features and the processors that stand for them."""
SLACK = {"instructions": (1.25, 12), "stack": (1.25, 12), "calls": (1.0, 0), "scalar": (1.25, 8)}
"""How much more than its limit a count may be: a factor, and a number of instructions."""
LEAST_WIDE = 0.75
"""Share of its vector arithmetic that a stage must keep."""

WIDE = re.compile(r"v(add|sub|mul|div|sqrt|max|min)pd\s.*%?[yz]mm|vp(muludq|addq|subq|mullq)\s.*%?[yz]mm")
SCALAR = re.compile(r"v?(add|sub|mul|div|sqrt)sd\s")
STACK = re.compile(r"\(%r[sb]p[,)]|\[r[sb]p\b")

Counts = dict[str, int]


def stage_of(symbol: str) -> str | None:
    """Module and name of the stage behind a symbol, or None for what is no stage."""
    if symbol.startswith(("_ZN7cpython", "cfunc", ".")) or not symbol.startswith("_ZN"):
        return None
    place, parts = 3, []
    while place < len(symbol) and symbol[place].isdigit():
        digits = re.match(r"\d+", symbol[place:])
        length = int(digits.group())
        begin = place + len(digits.group())
        parts.append(symbol[begin : begin + length])
        place = begin + length
    return ".".join(parts[-2:]) if len(parts) >= 2 else None


def count_listing(listing: str) -> dict[str, Counts]:
    """Count what the loops of every stage of a listing are made of; inner loops count once for each around them."""
    found: dict[str, Counts] = {}
    for symbol, lines in functions(listing).items():
        stage = stage_of(symbol)
        if stage is None:
            continue
        inside = [line for loop in loops(lines) for line in loop]
        counts = {
            "instructions": len(inside),
            "calls": sum(line.startswith("call") for line in inside),
            "stack": sum(STACK.search(line) is not None for line in inside),
            "scalar": sum(SCALAR.match(line) is not None for line in inside),
            "wide": sum(WIDE.match(line) is not None for line in inside),
        }
        if inside:
            before = found.get(stage, dict.fromkeys(counts, 0))
            found[stage] = {name: before[name] + number for name, number in counts.items()}
    return found


def worse(limits: dict[str, Counts], found: dict[str, Counts]) -> list[str]:
    """Say which stages are clearly worse than their limits; stages without limits have none to exceed."""
    problems = []
    for stage, limit in limits.items():
        counts = found.get(stage)
        if counts is None:
            continue  # a stage that is gone costs nothing
        for name, (factor, more) in SLACK.items():
            if counts[name] > limit[name] * factor + more:
                problems.append(f"{stage}: {counts[name]} {WORDS[name]}; they were {limit[name]}")
        if counts["wide"] < LEAST_WIDE * limit["wide"] - 1:
            problems.append(f"{stage}: {counts['wide']} {WORDS['wide']}; they were {limit['wide']}")
    return problems


WORDS = {
    "instructions": "instructions in loops",
    "calls": "calls in loops",
    "stack": "instructions in loops that read or write the stack (spilled registers)",
    "scalar": "instructions in loops that compute with one number at a time",
    "wide": "instructions in loops that compute with vectors",
}


def child() -> None:
    """Compile the period for the processor of the environment, without running or storing it, and print the counts."""
    import numpy as np
    from numba import typeof
    from numba.core.caching import NullCache

    # building an economy calls kernels, whose code this processor may not understand: none of them is called here
    import technopole.world.build as build
    from technopole.config.config import Config
    from technopole.startup.warmup import ECONOMY
    from technopole.world.build import make_blueprint, new_problem
    from technopole.world.recording import Recording
    from technopole_kernels import _jit, drive

    build.name_firms = lambda offsets, identity: identity.fill(0)
    blueprint = make_blueprint(Config.from_dict(ECONOMY, "guard"))
    recording = Recording(("firms", "workforce", "market", "size_distribution"), 1, 1, 2, 1)
    arguments = (
        blueprint.setting(1), blueprint.new_world(), new_problem(), recording.records(0), 1, 1,
        np.zeros(1, dtype=np.int64), 0, 0, 0,
    )  # fmt: skip
    compiled = _jit.kernel(drive.drive.py_func)
    compiled._cache = NullCache()
    compiled.compile(tuple(typeof(value) for value in arguments))
    print(json.dumps(count_listing("".join(compiled.inspect_asm().values()))))


def count_level(level: str, kernels: Path) -> dict[str, Counts]:
    """Counts of all stages for a level of features, from the kernels in a folder."""
    path = os.pathsep.join([str(kernels), str(ROOT / "engine"), os.environ.get("PYTHONPATH", "")])
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "NUMBA_CPU_NAME": LEVELS[level],
        "NUMBA_CPU_FEATURES": "",
    }
    done = subprocess.run(
        [sys.executable, __file__, "--child"], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    """Compare or refresh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--refresh", action="store_true", help="make what is found the limits")
    parser.add_argument("--level", choices=LEVELS, action="append", help="only this one; repeatable")
    parser.add_argument(
        "--kernels", type=Path, default=ROOT / "kernels", help="folder with technopole_kernels"
    )
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child()
        return 0
    import llvmlite

    limits = json.loads(LIMITS.read_text()) if LIMITS.exists() else {"levels": {}}
    problems = []
    if not options.refresh and limits.get("llvmlite") != llvmlite.__version__:
        print(
            f"note: the limits were made with llvmlite {limits.get('llvmlite')}, this is {llvmlite.__version__}"
        )
    for level in options.level or LEVELS:
        found = count_level(level, options.kernels.resolve())
        total = sum(counts["instructions"] for counts in found.values())
        print(f"{level}: {len(found)} stages with loops, {total} instructions in them", flush=True)
        if options.refresh:
            for line in worse(limits["levels"].get(level, {}), found):
                print(f"  was less: {line}")
            limits["levels"][level] = dict(sorted(found.items()))
            continue
        known = limits["levels"].get(level, {})
        problems += [f"{level}: {line}" for line in worse(known, found)]
        for stage in sorted(found.keys() - known.keys()):
            print(f"  new, without limits: {stage}")
    if options.refresh:
        limits["llvmlite"] = llvmlite.__version__
        LIMITS.parent.mkdir(exist_ok=True)
        LIMITS.write_text(json.dumps(limits, indent=1) + "\n")
        print(f"written: {LIMITS.relative_to(ROOT)}")
    for line in problems:
        print(f"worse: {line}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
