"""Regional indicators on labelled arrays, and ``ds.tp``.

Functions of `xarray.DataArray`, whose dimensions are named by keyword arguments (``region="region"``,
``sector="sector"``); all other dimensions (replicate, time) are kept. Lazy arrays give lazy results and are never
loaded as a whole. Arrays meet by label. ``docs/INDICATORS.md`` has formulae, ranges and edge cases in one table.

Importing this module makes ``ds.tp`` available, where names of variables stand for arrays.
"""

from __future__ import annotations

from technopole.indicators import accessor as indicators_accessor
from technopole.indicators.co_occurrence import relatedness, relatedness_density
from technopole.indicators.complexity import economic_complexity, reflections
from technopole.indicators.concentration import herfindahl, hoover, locational_gini
from technopole.indicators.convergence import beta_convergence, sigma_convergence
from technopole.indicators.coupling import (
    GRADES,
    composite_index,
    coupling_coordination,
    entropy_weights,
)
from technopole.indicators.decomposition import fhk, griliches_regev, melitz_polanec, olley_pakes
from technopole.indicators.firms import gibrat_slope, size_tail_exponent, size_tail_exponent_binned
from technopole.indicators.inequality import atkinson, gini, theil, theil_decomposition
from technopole.indicators.pairs import krugman_dissimilarity, structural_similarity
from technopole.indicators.plants import ellison_glaeser, ellison_glaeser_table
from technopole.indicators.related_variety import shift_share, variety
from technopole.indicators.space import distance_weights, morans_i
from technopole.indicators.specialisation import (
    cluster_index,
    hachman,
    krugman_specialisation,
    location_quotient,
)
from technopole.indicators.subbotin import subbotin_fit
from technopole.results.accessor import register

__all__ = [
    "GRADES",
    "atkinson",
    "beta_convergence",
    "cluster_index",
    "composite_index",
    "coupling_coordination",
    "distance_weights",
    "economic_complexity",
    "ellison_glaeser",
    "ellison_glaeser_table",
    "entropy_weights",
    "fhk",
    "gibrat_slope",
    "gini",
    "griliches_regev",
    "hachman",
    "herfindahl",
    "hoover",
    "krugman_dissimilarity",
    "krugman_specialisation",
    "location_quotient",
    "locational_gini",
    "melitz_polanec",
    "morans_i",
    "olley_pakes",
    "reflections",
    "relatedness",
    "relatedness_density",
    "shift_share",
    "sigma_convergence",
    "size_tail_exponent",
    "size_tail_exponent_binned",
    "structural_similarity",
    "subbotin_fit",
    "theil",
    "theil_decomposition",
    "variety",
]

indicators_accessor.FUNCTIONS.update({name: globals()[name] for name in __all__ if callable(globals()[name])})
register()
