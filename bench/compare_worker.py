"""The process of one tree for compare.py: makes the benchmarks' economies with what is public, and times on demand.

It must work with older revisions: nothing but ``Config``, ``Model`` and ``run`` is used.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def economy(regions: int, sectors: int, firms: int) -> dict[str, Any]:
    """A made-up economy with cells of different size, as lists of tables."""
    cells = regions * sectors
    weights = [1.0 + (cell * 7919 % 97) / 16.0 for cell in range(cells)]
    counts = [max(1, round(firms * weight / sum(weights))) for weight in weights]
    return {
        "regions": [
            {"id": f"r{r}", "x": float(r * 37 % 113) * 25.0, "y": float(r * 61 % 127) * 25.0}
            for r in range(regions)
        ],
        "sectors": [{"id": f"s{k}", "high_tech": k % 3 == 0, "group": f"g{k % 2}"} for k in range(sectors)],
        "cells": [
            {"region": f"r{cell // sectors}", "sector": f"s{cell % sectors}", "firms": count}
            for cell, count in enumerate(counts)
        ],
    }


def main() -> None:
    """Answer every line of standard input with a measurement."""
    import technopole as tp

    tree = Path(sys.argv[1]).resolve()
    if not Path(tp.__file__).resolve().is_relative_to(tree):
        raise SystemExit(f"measured {tp.__file__}, which is not of {tree}")
    configs = {
        "period": tp.Config.from_dict(economy(48, 6, 20_000)),
        "small cells": tp.Config.from_dict(economy(150, 40, 15_000)),
        "run": tp.Config.from_dict({**economy(10, 5, 2_000), "run": {"replicates": 8, "threads": 1}}),
    }
    periods = {"period": 60, "small cells": 25, "run": 60}

    def seconds(name: str) -> float:
        if name == "run":
            begin = time.process_time()
            tp.run(configs[name], periods=periods[name])
            return time.process_time() - begin
        model = tp.Model(configs[name], seed=7)
        model.step(2)
        begin = time.thread_time()
        model.step(periods[name])
        return time.thread_time() - begin

    tp.Model(configs["period"], seed=7).step(1)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"seconds": seconds(line.strip())}), flush=True)


if __name__ == "__main__":
    main()
