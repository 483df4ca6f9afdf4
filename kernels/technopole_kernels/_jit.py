"""Compilation of the kernels: the only module that calls numba's ``njit``.

``kernel`` compiles a function that Python calls, ``stage`` one that kernels call (``chain`` with several vectors in a
turn of its loops), ``device`` one that is inlined, ``scalar`` one that is inlined and that Python may call. All fix
the flags on which reproducible results rest: no fast-math (so no contraction to fused multiply-add and no
reordering), numpy's error model, and the interpreter lock released.

Cache on disk. Numba's own cache does not notice an edit of a function in another file, keeps an index
that two processes can overwrite for one another, and can be redirected only for all packages at once.
A kernel therefore gets a cache object of its own, set on its dispatcher alone; no numba setting and no
environment variable is touched. The directory's name holds the versions, the processor, the settings
that alter generated code and a digest of all sources of this package, so that any edit starts afresh.
In it each signature of each kernel is one file, renamed into its place when complete: without an index
there is nothing to race for. A file repeats its full key, which is compared when it is read. Devices
are not stored, being part of the kernels that use them, nor functions from outside the package.
"""

import contextlib
import hashlib
import os
import pickle
import platform
import tempfile
from pathlib import Path

import llvmlite
import numba
import numpy as np
from llvmlite.binding import get_host_cpu_name
from numba.core import config
from numba.core.caching import FunctionCache
from numba.core.codegen import get_host_cpu_features
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from technopole_kernels._exchange import StageCache
from technopole_kernels._stages import (
    ChainCompiler,
    KernelCompiler,
    ScalarCompiler,
    StageCompiler,
    close_to_python,
    use_single,
)

FLAGS = {"error_model": "numpy", "nogil": True, "fastmath": False}
KERNELS, STAGES, DEVICES = [], [], []  # all functions compiled by `kernel`, `stage` and `device`
_PACKAGE = Path(__file__).resolve().parent
_PERIOD = "technopole_kernels.drive.drive"  # the kernel of whole periods, in names of files of the cache
_SINGLE = "-float32"  # marks there what is compiled for that precision


def _directory_key():
    """Relative path of the cache: versions / processor / sources; None where the sources are not files."""
    digest = hashlib.sha256()
    sources = sorted(_PACKAGE.rglob("*.py"))
    for source in sources:
        content = source.read_bytes()
        digest.update(f"{source.relative_to(_PACKAGE).as_posix()} {len(content)}\n".encode() + content)
    features = config.CPU_FEATURES if config.CPU_FEATURES is not None else get_host_cpu_features()
    settings = (
        features,
        llvmlite.__version__,
        str(config.OPT),
        config.BOUNDSCHECK,
        config.LOOP_VECTORIZE,
        config.SLP_VECTORIZE,
        config.DEBUGINFO_DEFAULT,
    )
    machine = hashlib.sha256(repr(settings).encode()).hexdigest()[:12]
    versions = f"numba{numba.__version__}-python{platform.python_version()}"
    processor = f"{config.CPU_NAME or get_host_cpu_name()}-{machine}"
    return Path(versions, processor, digest.hexdigest()[:16]) if sources else None


def _roots():
    """Yield (folder, whether in a place shared by users), best first."""
    home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if os.environ.get("TECHNOPOLE_CACHE"):
        yield Path(os.environ["TECHNOPOLE_CACHE"]).expanduser().absolute(), False
    else:
        yield (home if home.is_absolute() else Path(os.path.expanduser("~"), ".cache")) / "technopole", False
    posix = hasattr(os, "getuid")
    user = os.getuid() if posix else os.environ.get("USERNAME", "user")
    yield Path(tempfile.gettempdir(), f"technopole-cache-{user}"), posix


def _choose_directory():
    """Return the first usable cache directory or None; a read-only one is usable if it is filled."""
    key = _directory_key()
    for root, shared in _roots() if key else ():
        with contextlib.suppress(OSError):
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = root.lstat()  # stored code is executed: nobody else may have put it there
            if shared and (root.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o022):
                continue
            directory = root / key
            if not any(directory.glob("*.nbc")):
                directory.mkdir(parents=True, exist_ok=True)
                tempfile.TemporaryFile(dir=directory).close()
            return directory
    return None


_DIRECTORY = _choose_directory()


def cache_directory():
    """Return the directory of compiled kernels (a Path), or None if nothing can be stored."""
    return _DIRECTORY


def has_compiled_code(precision="float64"):
    """Whether the cache directory holds compiled kernels of a precision, so that a start is likely to be quick.

    The period takes nearly all of the compilation, and smaller kernels are there before it: those alone are what an
    interrupted compilation left.
    """
    periods = _DIRECTORY.glob(f"{_PERIOD}-*.nbc") if _DIRECTORY else ()
    return any(file.name.startswith(f"{_PERIOD}{_SINGLE}-") == (precision == "float32") for file in periods)


class _SignatureFiles(FunctionCache):
    """Cache of one kernel: one file for each signature, without an index."""

    def __init__(self, py_func):  # not the parent's, which looks for a directory of numba's own
        self._py_func = py_func
        self._name = f"{py_func.__module__}.{py_func.__qualname__}"
        self._cache_path = str(_DIRECTORY)
        self.enable()

    def _index_key(self, sig, codegen):
        return self._name, self._py_func.__code__.co_firstlineno, super()._index_key(sig, codegen)

    def _path(self, key):
        text = repr(key)
        kind = _SINGLE if "float32" in text else ""
        return _DIRECTORY / f"{self._name}{kind}-{hashlib.sha256(text.encode()).hexdigest()[:24]}.nbc"

    def _load_overload(self, sig, target_context):
        key = self._index_key(sig, target_context.codegen())
        try:
            stored_key, payload = pickle.loads(self._path(key).read_bytes())
        except (OSError, EOFError, ValueError, pickle.UnpicklingError, AttributeError, ImportError):
            return None
        return CompileResult._rebuild(target_context, *payload) if stored_key == key else None

    def _save_overload(self, sig, data):
        if data.lifted or data.library.has_dynamic_globals:
            return
        key = self._index_key(sig, data.codegen)
        unfinished = self._path(key).with_suffix(f".{os.urandom(8).hex()}.part")
        try:
            unfinished.write_bytes(dumps((key, data._reduce())))
            os.replace(unfinished, self._path(key))
        except OSError:  # full or read-only disk: the code in memory is all that is needed
            with contextlib.suppress(OSError):
                unfinished.unlink()

    def flush(self):
        """Forget nothing: equal keys mean equal code."""


def kernel(function):
    """Compile a function that Python calls; it is stored on disk if it belongs to this package."""
    compiled = numba.njit(pipeline_class=KernelCompiler, **FLAGS)(function)
    inside = _PACKAGE in Path(function.__code__.co_filename).resolve().parents
    if inside and _DIRECTORY and not config.DISABLE_JIT:
        compiled._cache = _SignatureFiles(function)
    KERNELS.append(compiled)
    return compiled


_INSIDE = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": StageCompiler, "_nrt": False}
"""Without numba's counts of references: the entry points hold all arrays, and counting them at every call of a stage
takes longer than many stages."""


def stage(function):
    """Compile a function that only kernels call: it exists only as a part of their code. It allocates nothing."""
    return _as_stage(numba.njit(**_INSIDE, **FLAGS)(function))


def _as_stage(compiled):
    compiled._cache = StageCache(compiled.py_func)
    STAGES.append(close_to_python(compiled))
    return compiled


def chain(function):
    """Compile a `stage` of loops that are long chains of operations, as Philox is: several vectors in a turn.

    It pays for hundreds of elements. LLVM must see that stores do not touch what later turns read.
    """
    inside = {**_INSIDE, "pipeline_class": ChainCompiler}
    return _as_stage(numba.njit(**inside, **FLAGS)(function))


def device(function):
    """Compile a function that is inlined into its callers, without which their loops are not vectorised."""
    compiled = close_to_python(numba.njit(forceinline=True, **_INSIDE, **FLAGS)(function))
    DEVICES.append(compiled)
    return compiled


def scalar(function):
    """Compile a function of scalars that is inlined like a ``device`` and that Python may call as well."""
    compiled = numba.njit(forceinline=True, pipeline_class=ScalarCompiler, **FLAGS)(function)
    DEVICES.append(compiled)
    return compiled


def single(double):
    """Make a function what a `device` or `scalar` is for float32 arguments; returns that `device` or `scalar`."""

    def use(function):
        use_single(double, function)
        return double

    return use


def in_double(function):
    """Let a `scalar` compute in float64 where it is given a float32: what is rare needs no version of its own."""
    double = scalar(function.py_func)  # numba forbids a function to call itself with another type

    @single(function)
    def of_single(x):
        return np.float32(double(np.float64(x)))
