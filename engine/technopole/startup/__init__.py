"""Compiling the kernels before they are needed.

`warmup` does it on command; in `compile_beside` other processes help the first run.
"""
