"""A model for programs in C, and whatever can call C: two functions, an address, arrays."""

from __future__ import annotations

import ctypes
from typing import Any

from technopole.errors import StateError
from technopole.model.model import Model
from technopole.model.names import no_state
from technopole.schema import STATE
from technopole.world.state import state_view
from technopole_kernels import _trampoline, layout

HEADER = """\
#include <stdint.h>
/* A model by its handle: do periods until so many are done. Returns one of the codes below; after another one than
   TECHNOPOLE_DONE the model stands before the period that could not be done. */
typedef int64_t (*technopole_advance)(void *handle, int64_t until);
/* Make room, or find out what is wrong; needs Python's interpreter. Returns 0 if advance can be called again. */
typedef int64_t (*technopole_resume)(int64_t status);
enum { TECHNOPOLE_DONE = 0, TECHNOPOLE_NEED_CAPACITY = 1, TECHNOPOLE_NOT_FINITE = 2 };
"""
"""Declarations for a program in C."""

AdvanceFunction: Any = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)
ResumeFunction: Any = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)
_POINTERS: dict[str, Any] = {"f8": ctypes.c_double, "i8": ctypes.c_int64}


class CModel:
    """What a program in C needs of a model. Keep it, and so the model, as long as the program runs.

    Parameters
    ----------
    model : Model
        In C it does periods and nothing else: no hooks, no shocks; policies as they are.

    Attributes
    ----------
    model : Model
        The model.
    advance : ctypes function
        ``int64_t advance(void *handle, int64_t until)``: without the interpreter, and from any thread, though one
        at a time for each model.
    resume : ctypes function
        ``int64_t resume(int64_t status)``: after another status than 0; it takes the interpreter's lock. 0: call
        `advance` again.
    handle : int
        The ``void *``; the same for the life of the model.
    error : Exception or None
        Why `resume` has last returned another value than 0.
    """

    def __init__(self, model: Model) -> None:
        if not isinstance(model, Model):
            raise StateError(f"found a {type(model).__name__}; allowed: a Model")
        self.model = model
        self.handle: int = model.handle
        code = ctypes.c_int64.from_address(self.handle + 8 * _trampoline.ADVANCE).value
        self.advance = AdvanceFunction(code)
        self.resume = ResumeFunction(self._resume)
        self.error: Exception | None = None

    def _resume(self, status: int) -> int:
        try:
            self.model.resume(status)
        except Exception as failure:  # nothing may leave a function that C has called
            self.error = failure
            return 1
        self.error = None
        return 0

    def pointer(self, name: str) -> Any:
        """Return a pointer to the first number of a state variable over regions, cells or sectors.

        Parameters
        ----------
        name : str
            State variable. Its numbers stand one after the other, the last dimension in the schema fastest.

        Returns
        -------
        ctypes pointer
            To ``double`` (``int64_t`` for ``offsets`` and ``period``); valid for the life of the model.

        Raises
        ------
        StateError
            For variables of firms, whose places change, and those that do not stand in one piece.
        """
        if not isinstance(name, str) or name not in STATE:
            raise no_state(name)
        view = state_view(self.model.kernel_arguments()[1], name)
        if STATE[name].level == "firm" or not view.flags.c_contiguous:
            raise StateError(
                f"{name}: found firms or an array in parts; allowed: regions, cells and sectors in one piece"
            )
        return ctypes.cast(view.ctypes.data, ctypes.POINTER(_POINTERS[STATE[name].dtype]))

    @property
    def clock(self) -> Any:
        """Pointer to the number of periods done (``int64_t``)."""
        return ctypes.cast(
            self.model.kernel_arguments()[1].clock[layout.PERIOD :].ctypes.data,
            ctypes.POINTER(ctypes.c_int64),
        )
