"""Sweeps: what is asked for of an experiment, and the design points that follow.

Begin with `sweep`: its class `Sweep` is a file that was read and checked (`read`, `models`, `checks`,
`design_section`), or was made in Python (`from_python`). `design` makes `points` of it, drawn by `sampling` where a
design is random.
"""
