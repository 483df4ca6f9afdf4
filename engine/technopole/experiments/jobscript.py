"""Job scripts for batch schedulers: an array of tasks, each of which computes a part of the units of an experiment."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass

from technopole.errors import EXIT_INTERRUPTED, ConfigError
from technopole.schema import suggestion

SCHEDULERS = ("slurm", "pbs")
RESTARTS = 50
"""So often a task is put back into the queue by itself."""


MOST_TASKS = 100_000
"""Of an array; most sites allow far fewer."""
MOST_PROCESSORS = 4096
"""Of a task, which is on one machine."""
LEAST_SECONDS, MOST_DAYS = 120, 366
"""Limits of a task: it is told to stop a minute before its end."""
_TIME = re.compile(r"(?:(\d{1,4})-)?(\d{1,4}):([0-5]\d):([0-5]\d)")


@dataclass(frozen=True)
class Job:
    """What a script is for.

    Attributes
    ----------
    name : str
        Of the sweep.
    arguments : tuple of str
        Of ``technopole experiment``, without ``--shard`` and ``--workers``.
    tasks, processors : int
        Tasks of the array, processors of each.
    time : str
        Limit of a task, ``HH:MM:SS`` or ``D-HH:MM:SS``.
    logs : str
        Folder of the logs.
    precision : str
        ``run.precision``, for which kernels are compiled.
    summary : str
        What is computed, for the reader.
    """

    name: str
    arguments: tuple[str, ...]
    tasks: int
    processors: int
    time: str
    logs: str
    precision: str
    summary: str


def refuse_job(scheduler: str, tasks: int | None, processors: int, time: str) -> None:
    """Raise if a job could not be as it is asked for; all problems at once.

    Parameters
    ----------
    scheduler : str
        Should be one of `SCHEDULERS`.
    tasks : int or None
        Tasks of the array; None: not asked for.
    processors : int
        Of a task.
    time : str
        Limit of a task.

    Raises
    ------
    ConfigError
        One line for each problem.
    """
    problems = []
    if scheduler not in SCHEDULERS:
        problems.append(
            f"found the scheduler {scheduler!r}{suggestion(scheduler, SCHEDULERS)}; allowed: {', '.join(SCHEDULERS)}"
        )
    if tasks is not None and not 1 <= tasks <= MOST_TASKS:
        problems.append(f"--tasks: found {tasks}; allowed: from 1 to {MOST_TASKS}")
    if not 1 <= processors <= MOST_PROCESSORS:
        problems.append(f"--cpus: found {processors}; allowed: from 1 to {MOST_PROCESSORS}")
    found = _TIME.fullmatch(time)
    if found is None:
        problems.append(
            f"--time: found {time!r}; allowed: HH:MM:SS or D-HH:MM:SS, such as 04:00:00 for four hours, with minutes "
            "and seconds below 60"
        )
    elif not LEAST_SECONDS <= _seconds(time) <= MOST_DAYS * 86400:
        problems.append(f"--time: found {time}; allowed: from 00:02:00 to {MOST_DAYS} days")
    if problems:
        raise ConfigError(problems)


def _seconds(time: str) -> int:
    found = _TIME.fullmatch(time)
    assert found is not None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((24 * days + hours) * 60 + minutes) * 60 + seconds


def _without_days(time: str) -> str:
    """Return a limit as PBS reads it, which knows no days."""
    minutes, seconds = divmod(_seconds(time), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


def job_script(scheduler: str, job: Job) -> str:
    """Return a script.

    Parameters
    ----------
    scheduler : str
        One of `SCHEDULERS`.
    job : Job
        What it is for.

    Returns
    -------
    str
        To be read, changed and submitted.

    Raises
    ------
    ConfigError
        If the folder of the logs cannot stand in a script.
    """
    if any(not letter.isprintable() or letter in '"\\' for letter in job.logs):
        raise ConfigError(
            f"--logs: found {job.logs!r}; allowed: a name without quotation marks, backslashes and control characters"
        )
    return _slurm(job) if scheduler == "slurm" else _pbs(job)


def _slurm(job: Job) -> str:
    return f"""#!/bin/bash
# {_line(job.summary)}
# Submit:  sbatch SCRIPT       (the folder {job.logs} must be there)
# Any task may be killed at any moment and submitted again: what is done stays, the rest is computed.
#SBATCH --job-name=technopole-{job.name}
#SBATCH --array=0-{job.tasks - 1}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={job.processors}
#SBATCH --time={job.time}
#SBATCH --signal=TERM@60            # a minute before the limit: stop, exit with {EXIT_INTERRUPTED}
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output={_argument(job.logs.replace("%", "%%") + "/%x-%A_%a.log")}

echo "task $SLURM_ARRAY_TASK_ID of {job.tasks} on $(hostname), start number $((${{SLURM_RESTART_COUNT:-0}} + 1))"
{_warmup(job)}     # compiles the kernels for this kind of processor, once

# all tasks share one store; the last one to finish writes the statistics
srun --ntasks=1 --cpus-per-task={job.processors} {_program()} {_lines(job.arguments)} \\
    --shard "$SLURM_ARRAY_TASK_ID/{job.tasks}" --workers {job.processors}
code=$?

if [ $code -eq {EXIT_INTERRUPTED} ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {RESTARTS} ]; then
    scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"     # interrupted: goes on later
fi
exit $code
"""


def _pbs(job: Job) -> str:
    several = job.tasks > 1
    array = f"#PBS -J 0-{job.tasks - 1}\n" if several else ""
    part = "$PBS_ARRAY_INDEX" if several else "0"
    return f"""#!/bin/bash
# {_line(job.summary)}
# Submit:  qsub SCRIPT         (the folder {job.logs} must be there)
# Any task may be killed at any moment and submitted again: what is done stays, the rest is computed.
#PBS -N {f"technopole-{job.name}"[:15]}
{array}#PBS -r y
#PBS -l select=1:ncpus={job.processors}
#PBS -l walltime={_without_days(job.time)}
#PBS -j oe
#PBS -o {_argument(job.logs + "/")}

cd "$PBS_O_WORKDIR" || exit 1
echo "task {part} of {job.tasks} on $(hostname)"
{_warmup(job)}     # compiles the kernels for this kind of processor, once

# all tasks share one store; the last one to finish writes the statistics
{_program()} {_lines(job.arguments)} \\
    --shard "{part}/{job.tasks}" --workers {job.processors} &
child=$!
trap 'kill -TERM $child 2> /dev/null' TERM      # at the limit: stop, exit with {EXIT_INTERRUPTED}
wait $child
code=$?
if [ $code -gt 128 ]; then wait $child; code=$?; fi     # the first wait was ended by the signal

if [ $code -eq {EXIT_INTERRUPTED} ]; then
    qrerun "$PBS_JOBID"                         # interrupted: goes on later
fi
exit $code
"""


def _lines(arguments: tuple[str, ...]) -> str:
    return f"experiment {shlex.quote(arguments[1])} \\\n    {shlex.join(arguments[2:])}"


def _program() -> str:
    return f"{shlex.quote(sys.executable)} -m technopole"


def _warmup(job: Job) -> str:
    return f"{_program()} warmup" + ("" if job.precision == "float64" else f" --precision {job.precision}")


def _line(text: str) -> str:
    """Return a text that stays on its line, a comment."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _argument(text: str) -> str:
    """Return an argument of a line that the scheduler reads; both take quotation marks as the shell does."""
    return text if re.fullmatch(r"[\w%+,./:@=-]+", text) else f'"{text}"'
