"""Stages that several processes compile, each some, and exchange.

Most of the time to compile a kernel is spent on its stages one by one, before LLVM sees them together. A process that
compiles the period meets them in order; others begin at the end of a list (_jobs.py). Whoever begins with a stage makes
a file that says so. Who meets one that another process has begun with waits for it and links what it finds.
"""

import contextlib
import hashlib
import itertools
import os
import pickle
import time
from pathlib import Path

from llvmlite.binding import parse_bitcode
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.compiler_lock import global_compiler_lock
from numba.core.serialize import dumps

from technopole_kernels._stages import UnfinishedLibrary, keeping_garbage

APART = 1_000_000  # numbers of functions of two processes: their names would otherwise meet by chance
LOOK_EVERY = 0.005  # seconds between looks for a stage that another process has begun with


class Exchange:
    """A folder in which processes that compile the same stages say who compiles what, and leave it for the others.

    Parameters
    ----------
    folder : Path
        Empty at the beginning; it exists.
    wanted : set of str
        Keys of the stages to exchange.
    others : callable
        Whether any other process is still at work: only then anything is waited for.
    """

    def __init__(self, folder, wanted, others):
        self._folder, self._wanted, self._others = folder, wanted, others
        self._mine = set()

    def begin(self, key):
        """Say that this process compiles a stage; False if another one has begun with it."""
        with contextlib.suppress(OSError):
            os.close(os.open(self._folder / f"{key}.begun", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            self._mine.add(key)
            return True
        return False

    def leave(self, key, result):
        """Leave a compiled stage for the others."""
        unfinished = self._folder / f"{key}.part"
        unfinished.write_bytes(_packed(result))
        os.replace(unfinished, self._folder / f"{key}.done")

    def take(self, key, target):
        """What another process has compiled, or None if it is for this one to do."""
        if key not in self._wanted or key in self._mine or self.begin(key):
            return None
        done = self._folder / f"{key}.done"
        while not done.exists():
            if not self._others():
                return _found(done, target) if done.exists() else None
            time.sleep(LOOK_EVERY)
        return _found(done, target)


class StageCache(NullCache):
    """Where numba looks for a stage before it compiles it: the exchange, if there is one."""

    exchange = None

    def __init__(self, function):
        self.name = f"{function.__module__}.{function.__qualname__}"

    def load_overload(self, sig, target_context):
        if StageCache.exchange is None:
            return None
        return StageCache.exchange.take(key_of(self.name, sig), target_context)


def key_of(name, arguments):
    """Key of a stage that is compiled for these types."""
    return f"{name}-{hashlib.sha256(repr(tuple(arguments)).encode()).hexdigest()[:16]}"


@contextlib.contextmanager
def exchanging(folder, jobs, others):
    """Exchange stages while this process compiles.

    Parameters
    ----------
    folder : str or Path
        A folder that all processes know.
    jobs : list of (dispatcher, tuple of numba types)
        The stages to exchange, in the order in which the period meets them.
    others : callable
        Whether any other process is still at work.
    """
    wanted = {_job_key(*job) for job in jobs}
    StageCache.exchange = Exchange(Path(folder), wanted, others)
    try:
        yield StageCache.exchange
    finally:
        StageCache.exchange = None


def compile_jobs(folder, jobs):
    """Compile stages that nobody has begun with, the last one first, and leave them for others."""
    FunctionIdentity._unique_ids = itertools.count(APART * (1 + os.getpid()))
    with exchanging(folder, jobs, lambda: True) as exchange, keeping_garbage():
        for stage, arguments in reversed(jobs):
            key = _job_key(stage, arguments)
            if exchange.begin(key):
                with global_compiler_lock:
                    stage.compile(arguments)
                    exchange.leave(key, stage.overloads[arguments])


def _job_key(stage, arguments):
    return key_of(stage._cache.name, arguments)


def _packed(result):
    fndesc = result.fndesc
    fndesc.typemap = fndesc.calltypes = None  # as numba does for its own cache: they may not be possible to keep
    bitcode = result.library._get_module_for_linking().as_bitcode()
    return dumps((result.signature, fndesc, result.environment, bitcode))


def _found(path, target):
    signature, fndesc, environment, bitcode = pickle.loads(path.read_bytes())
    library = UnfinishedLibrary(target.codegen(), fndesc.qualname)
    library._final_module = parse_bitcode(bitcode)  # linked into another module, what nobody calls yet is left out
    library.finalize()
    nothing = dict.fromkeys(CompileResult._fields)
    known = {
        "typing_context": target.typing_context, "target_context": target, "signature": signature, "fndesc": fndesc,
        "library": library, "environment": environment, "objectmode": False, "lifted": (), "reload_init": (),
        "entry_point": target.get_executable(library, fndesc, environment), "referenced_envs": (),
    }  # fmt: skip
    return CompileResult(**{**nothing, **known})
