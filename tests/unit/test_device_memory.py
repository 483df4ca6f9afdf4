"""The structs of arrays are what numba's compiled code reads."""

from numba.typed.typedobjectutils import _as_bytes  # noqa: F401  (numba is loaded as a whole)
