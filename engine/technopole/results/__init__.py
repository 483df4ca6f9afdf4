"""From recorded arrays to a labelled dataset (`output`), and what is read from it again.

`arrays` takes variables, years and names out of it; `numbers` makes rates, structures, tails and intervals of them,
which figures, reports and claims have in common; `summary` is the table of key results, `accessor` makes ``ds.tp``
known.
"""
