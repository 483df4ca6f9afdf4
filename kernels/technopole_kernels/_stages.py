"""Compilation of functions that exist only as a part of kernels.

Private parts of numba are used here and in ``_jit.py``, nowhere else; the dependency is pinned to one minor version.
"""

import contextlib
import gc
from types import MethodType

from llvmlite import ir
from llvmlite.binding import Linkage
from numba.core import types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_lock import global_compiler_lock
from numba.core.untyped_passes import ReconstructSSA

from technopole_kernels._narrow import Narrow, holds_single

VECTORS = 4
"""In a turn of an interleaved loop."""


class _WithoutEnvironments:
    """A code generator that leaves the Python environment of a function alone: no machine code points at it."""

    def __init__(self, codegen):
        self._codegen = codegen

    def __getattr__(self, name):
        return getattr(self._codegen, name)

    def set_env(self, name, environment):
        pass


class UnfinishedLibrary(JITCodeLibrary):
    """Code that waits to be linked into a kernel: neither optimised nor made machine code on its own.

    Numba would do both for every function, and again in each caller: with kernels of many small stages that
    takes most of the time to compile.
    """

    def add_ir_module(self, ir_module):
        # Inlined into one large function, loops lose their vectors: LLVM gives up on which arrays overlap.
        for function in ir_module.functions:
            if not function.is_declaration and "alwaysinline" not in function.attributes:
                function.attributes.add("noinline")
        super().add_ir_module(ir_module)

    def _optimize_final_module(self):
        pass

    def _finalize_final_module(self):
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name):
        return 0

    @property
    def codegen(self):
        return _WithoutEnvironments(self._codegen)


class InterleavedLibrary(UnfinishedLibrary):
    """The same with loops of which each turn is several vectors long.

    Operations that wait for one another leave most of a processor idle, and a long chain of them is more than it looks
    ahead: it has to find several chains side by side.
    """

    def add_ir_module(self, ir_module):
        for function in ir_module.functions:
            if not function.is_declaration and "alwaysinline" not in function.attributes:
                _interleave(ir_module, function)
        super().add_ir_module(ir_module)


def _interleave(ir_module, function):
    """Ask LLVM for several vectors in a turn of every loop that it makes vectors of."""
    for jump in _jumps_back(function):
        wish = ir_module.add_metadata(["llvm.loop.interleave.count", ir.Constant(ir.IntType(32), VECTORS)])
        loop = ir_module.add_metadata([wish, ir.Constant(ir.IntType(32), len(ir_module.metadata))])
        loop.operands = (loop, wish)  # LLVM tells loops by a first operand that is the loop itself
        jump.set_metadata("llvm.loop", loop)


def _jumps_back(function):
    """The jumps from the ends of loops to their beginnings."""
    found, path, done = [], [], set()
    waiting = [(function.entry_basic_block, False)]
    while waiting:
        block, leaves = waiting.pop()
        if leaves:
            path.remove(block)
        elif block not in done:
            done.add(block)
            path.append(block)
            waiting.append((block, True))
            targets = [target for target in block.terminator.operands if isinstance(target, ir.Block)]
            found += [block.terminator] * any(target in path for target in targets)
            waiting += [(target, False) for target in targets]
    return found


class WholeLibrary(JITCodeLibrary):
    """Code of a kernel with all its stages, none of which anybody else can call.

    LLVM may then change how a stage takes its arguments. The name is changed too: the loader would else give a
    host's compiled code, which brings the same stage, this one instead of its own.
    """

    def _optimize_final_module(self):
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == Linkage.linkonce_odr:
                function.linkage = Linkage.internal
                function.name += ".inside"
        super()._optimize_final_module()


@contextlib.contextmanager
def keeping_garbage():
    """Leave cyclic garbage where it is: the compiler makes millions of objects, and looking through them takes time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class KernelCompiler(CompilerBase):
    """Numba's usual pipeline with a library of a kernel as its result."""

    def compile_extra(self, func):
        with keeping_garbage():
            return super().compile_extra(func)

    def define_pipelines(self):
        state = self.state
        state.library = WholeLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return [_passes(state)]


class StageCompiler(CompilerBase):
    """Numba's usual pipeline with an unfinished library as its result."""

    result = UnfinishedLibrary

    def define_pipelines(self):
        state = self.state
        state.library = self.result(state.targetctx.codegen(), state.func_id.func_qualname)
        return [_passes(state)]


class ChainCompiler(StageCompiler):
    """The same with interleaved loops."""

    result = InterleavedLibrary


class ScalarCompiler(CompilerBase):
    """Numba's usual pipeline."""

    def define_pipelines(self):
        return [_passes(self.state)]


def _passes(state):
    """Numba's passes, and one more for functions that are given float32."""
    passes = DefaultPassBuilder.define_nopython_pipeline(state)
    if any(holds_single(kind) for kind in state.args):
        passes.add_pass_after(Narrow, ReconstructSSA)
        passes.finalize()
    return passes


def close_to_python(dispatcher):
    """Make a call from Python an error: a function without machine code has no address to jump to.

    And take a constant for a number: numba would compile a version of the function, and of all it calls, for each.
    """

    def get_call_template(self, arguments, keywords):
        numbers = {name: types.unliteral(kind) for name, kind in keywords.items()}
        return type(self).get_call_template(self, tuple(map(types.unliteral, arguments)), numbers)

    def add_overload(self, result):
        self.overloads[tuple(result.signature.args)] = result

    def refuse(self, *arguments, **keywords):
        raise TypeError(f"{self.__name__} is a part of the kernels: it can be called from compiled code only")

    dispatcher.get_call_template = MethodType(get_call_template, dispatcher)
    dispatcher.add_overload = MethodType(add_overload, dispatcher)
    dispatcher._compile_for_args = MethodType(refuse, dispatcher)
    return dispatcher


def stage_module(dispatcher, arguments):
    """Return the symbol of a stage and a module of LLVM that holds it and all stages it calls.

    Parameters
    ----------
    dispatcher : Dispatcher
        A stage.
    arguments : tuple of numba types
    """
    with keeping_garbage(), global_compiler_lock:
        dispatcher.compile(arguments)
        result = dispatcher.overloads[arguments]
        return result.fndesc.llvm_func_name, result.library._get_module_for_linking()


def use_single(dispatcher, function):
    """Compile another function where the first argument is a float32 or an array of them."""

    def choose(arguments, _keywords):
        return function if holds_single(arguments[0]) else dispatcher.py_func

    dispatcher._compiler._get_implementation = choose
