"""Figures of results, drawn with Matplotlib.

Begin with `draw`, which draws those of a run, and `style`, the common look. Each other module is a figure or a part
of one. What the figures show is computed in `technopole.results`; reports have charts of their own.
"""
