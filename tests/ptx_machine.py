"""A machine for PTX: it runs the text itself, thread by thread, as NVIDIA's description of PTX says.

A register that is read before it is written is an error of Python's, a wild address one of `ptx_memory`; both are said
with the line of the text.
"""

import functools
import random
from collections import Counter
from itertools import product

from ptx_memory import Forbidden, Memory
from ptx_rules import FUNCTIONS, Undefined
from ptx_text import parse
from ptx_translation import Translation


class Wrong(Exception):
    """A thread did what it must not do; the message says where in the text."""


class Machine:
    """A program, and the memory it works on.

    Parameters
    ----------
    text : str
        PTX.
    memory : Memory

    Attributes
    ----------
    hits : dict of str to list of int
        How often each piece of an entry was run; see `executed`.
    """

    def __init__(self, text, memory):
        self.module, self.memory = _parsed(text), memory
        self._symbols = {}
        for name, (_, content) in self.module.arrays.items():  # all as well aligned as any
            address = self._symbols[name] = memory.allocate(len(content))
            memory.view(address, len(content))[:] = list(content)
            memory.mark(address, len(content))
        self.hits, self._functions = {}, {}

    def launch(self, name, grid, block, arguments, seed=0):
        """Run all threads of a grid (x, y) of blocks (x, y), one after the other in some order."""
        function = self._function(name)
        places = list(product(range(grid[0]), range(grid[1]), range(block[0]), range(block[1])))
        random.Random(f"{seed} {name}").shuffle(places)
        given = [int(value) % 2**64 for value in arguments]
        if len(given) != len(self.module.entries[name].parameters):
            raise Wrong(f"{name} takes {len(self.module.entries[name].parameters)} arguments")
        self.memory.begin_launch()
        for number, (ctaid_x, ctaid_y, tid_x, tid_y) in enumerate(places):
            self.memory.begin_thread(number)
            try:
                function(self.hits[name], given, ctaid_x, ctaid_y, grid, tid_x, tid_y, block)
            except (Forbidden, Undefined, NameError, IndexError, TimeoutError) as problem:
                raise Wrong(self._said(name, problem, (ctaid_x, ctaid_y, tid_x, tid_y))) from problem

    def executed(self):
        """Instructions run, and those of the entries used so far that never were, as {(entry, line): opcode}."""
        count, missing = Counter(), {}
        for name, hits in self.hits.items():
            for pieces, times in zip(_translated(self.module, name)[2], hits, strict=True):
                for one in pieces:
                    count[one.opcode] += times
                    if not times:
                        missing[name, one.line] = one.opcode
        return count, missing

    def _function(self, name):
        if name not in self._functions:
            code, _, pieces = _translated(self.module, name)
            memory = self.memory
            space = {**FUNCTIONS, "endless": _endless, "symbols": self._symbols}
            for kind in ("loads", "stores", "constants", "additions"):
                space |= {f"{kind}_{width}": call for width, call in getattr(memory, kind).items()}
            exec(code, space)
            self._functions[name] = space["run"]
            self.hits[name] = [0] * len(pieces)
        return self._functions[name]

    def _said(self, name, problem, place):
        lines, trace, line = _translated(self.module, name)[1], problem.__traceback__, "?"
        while trace:
            if trace.tb_frame.f_code.co_filename == f"<{name}>":
                line = lines[trace.tb_lineno - 1]
            trace = trace.tb_next
        return f"{name}, line {line}, block {place[:2]}, thread {place[2:]}: {problem}"


def run(text, arguments=(), grid=(1, 1), block=(1, 1), memory=None):
    """Run the only entry of a text."""
    machine = Machine(text, memory or Memory(2**16))
    (name,) = machine.module.entries
    machine.launch(name, grid, block, arguments)
    return machine


def _endless():
    raise TimeoutError("this takes too long to end")


@functools.lru_cache(maxsize=8)
def _parsed(text):
    return parse(text)


_codes = {}


def _translated(module, name):
    key = id(module.entries[name])
    if key not in _codes:
        lines, pieces = Translation(module.entries[name], module.arrays).function()
        code = compile("\n".join(text for text, _ in lines), f"<{name}>", "exec")
        _codes[key] = code, [line for _, line in lines], pieces, module  # which keeps the key
    return _codes[key][:3]
