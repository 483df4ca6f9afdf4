"""What this process may use of the machine: processors and memory, as the system and batch schedulers say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CGROUPS = Path("/sys/fs/cgroup")


LARGE_WORLD = 100_000
"""Firms from which on several threads share the work of one world; below, they would mostly wait for each other."""


class Threads(NamedTuple):
    """A number of threads, where it comes from, and how many of them share the work of one world."""

    number: int
    reason: str
    per_world: int = 1

    @property
    def worlds(self) -> int:
        """Number of worlds that are computed at the same time."""
        return self.number // self.per_world


def choose_threads(wanted: int, replicates: int, firms: int) -> Threads:
    """Decide how many threads share out the replicates, and how many share each of them.

    Parameters
    ----------
    wanted : int
        As configured; 0 for all that are available.
    replicates : int
        As long as there are at least as many as threads, each runs on one.
    firms : int
        Of a world at its start.

    Returns
    -------
    Threads
        At least 1.
    """
    threads = Threads(wanted, "as asked for") if wanted else available_processors()
    if threads.number <= replicates:
        return threads
    per_world = threads.number // replicates
    if firms < LARGE_WORLD or per_world == 1:
        return Threads(replicates, "one for each replicate")
    return Threads(replicates * per_world, f"{threads.reason}; {per_world} for each world", per_world)


def available_processors() -> Threads:
    """Return the processors this process may use.

    Returns
    -------
    Threads
        Those that the system lets this process run on (affinity, quota of the container); of these at most as
        many as the job of the batch scheduler was given (Slurm, else PBS).
    """
    allowed = _allowed_processors()
    job = _processors_of_job()
    if job is None:
        return allowed
    if job.number <= allowed.number:
        return job
    return Threads(allowed.number, f"{job.reason}, but {allowed.reason}")


def _allowed_processors() -> Threads:
    """Return what affinity and control groups leave of the machine."""
    total = os.cpu_count() or 1
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else total
    quota = _processor_quota()
    if quota is not None and quota < count:
        return Threads(quota, "quota of the container")
    if count < total:
        return Threads(count, f"affinity: {count} of {total} processors")
    return Threads(count, "all available processors" if count > 1 else "one available processor")


def _processors_of_job() -> Threads | None:
    """Return what a batch scheduler gave to this task; None outside of a job."""
    slurm = os.environ.get("SLURM_CPUS_PER_TASK", "")
    if slurm.isdecimal() and int(slurm) > 0:
        return Threads(int(slurm), f"SLURM_CPUS_PER_TASK={slurm}")
    pbs = os.environ.get("NCPUS", "") if "PBS_JOBID" in os.environ else ""
    if pbs.isdecimal() and int(pbs) > 0:
        return Threads(int(pbs), f"NCPUS={pbs} of the PBS job")
    return None


def available_memory() -> int | None:
    """Return the memory that this process can still get.

    Returns
    -------
    int or None
        Bytes: the least of what the machine has left and what the limits of the container or job leave;
        None if the system does not say.
    """
    amounts = [amount for amount in (_machine_memory(), *_group_memory()) if amount is not None]
    return max(0, min(amounts)) if amounts else None


def readable_bytes(amount: float) -> str:
    """Return an amount of memory for people.

    Parameters
    ----------
    amount : float
        Bytes.

    Returns
    -------
    str
        Three digits and a decimal unit.
    """
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5:
            return f"{amount:.3g} {unit}"
        amount /= 1000.0
    return f"{amount:,.3g} TB" if amount < 999.5 else f"{amount:,.0f} TB"


def _machine_memory() -> int | None:
    for line in _text(Path("/proc/meminfo")).splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _group_memory() -> Iterator[int]:
    """Yield what each control group above this process leaves; file cache it can drop counts as free."""
    for folder in _group_folders("memory"):
        for limit_name, used_name in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            limit, used = _text(folder / limit_name).strip(), _text(folder / used_name).strip()
            if limit.isdecimal() and used.isdecimal():
                yield int(limit) - int(used) + _droppable(folder)


def _droppable(folder: Path) -> int:
    for line in _text(folder / "memory.stat").splitlines():
        name, _, amount = line.partition(" ")
        if name == "inactive_file":
            return int(amount)
    return 0


def _processor_quota() -> int | None:
    quotas = []
    for folder in _group_folders("cpu"):
        share, _, period = _text(folder / "cpu.max").strip().partition(" ")
        if share.isdecimal() and period.isdecimal() and int(period) > 0:
            quotas.append(max(1, -(-int(share) // int(period))))
    return min(quotas, default=None)


def _group_folders(controller: str) -> Iterator[Path]:
    """Yield the control groups of this process and those around them (both versions of the interface)."""
    for line in _text(Path("/proc/self/cgroup")).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        root = CGROUPS / controller if controllers else CGROUPS
        folder = root / path.lstrip("/")
        yield folder
        yield from (above for above in folder.parents if above == root or root in above.parents)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
