"""Compiled kernels of technopole: numpy and numba only. Read ``period.py`` first."""
