"""What ``technopole warmup`` does: kernels are compiled, and those of other sources removed."""

from __future__ import annotations

from technopole.cli.telling import compile_kernels, say
from technopole.errors import ConfigError, TechnopoleError
from technopole.schema import SETTINGS, suggestion
from technopole.schema.entries import counted


def warmup(precision: str = "float64", prune: bool = False) -> None:
    """Compile the kernels for a ``run.precision``, or see that they are compiled.

    Parameters
    ----------
    precision : str
        ``run.precision``.
    prune : bool
        Then remove those that were compiled from other sources.

    Raises
    ------
    ConfigError
        If there is no such precision.
    TechnopoleError
        If kernels cannot be kept, or those of other sources not be removed.
    """
    _refuse_precision(precision)
    from technopole.config.quick_start import load_compiler_without_blas

    load_compiler_without_blas()
    from technopole.simulation.progress import duration
    from technopole.startup.warmup import cache_directory, compile_in_background, has_compiled_code

    place = cache_directory()
    if place is None:
        raise TechnopoleError(
            "kernels cannot be kept, so nothing was compiled: no folder can be written; set TECHNOPOLE_CACHE to one "
            "that can"
        )
    if has_compiled_code(precision):
        done = f"loaded in {duration(compile_in_background(precision))}"
    else:
        done = f"compiled in {compile_kernels(say, precision)}"
    print(f"{done}; kept in {place}")
    if prune:
        _prune()


def _prune() -> None:
    from technopole.basics.machine import readable_bytes
    from technopole.startup.warmup import remove_old_kernels

    removed = remove_old_kernels()
    what = "kernels compiled from other sources"
    if removed.folders:
        folders = counted(removed.folders, "folder")
        print(f"removed {what}: {readable_bytes(removed.bytes)} in {folders}")
    else:
        print(f"no {what} to remove")


def _refuse_precision(precision: str) -> None:
    choices = SETTINGS["run.precision"].choices or ()
    if precision not in choices:
        allowed = ", ".join(f'"{choice}"' for choice in choices)
        raise ConfigError(
            f"--precision: found {precision!r}; allowed: {allowed}{suggestion(precision, choices)}"
        )
