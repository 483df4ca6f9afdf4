"""The claims about clusters and regional innovation systems as paired experiments: ``technopole.claims``.

Begin with `design`, the table of claims, and `experiment`, which does everything in order: `units` of work are
computed on `threads`, each follows one `world`, `measure` reads its outcomes, `results` puts them together with
their `statistics`, and `text` prints them. What begins in the middle of a run is in `interventions`; `map` varies a
parameter, `indices` sum up regions.
"""
