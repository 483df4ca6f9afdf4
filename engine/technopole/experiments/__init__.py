"""Experiments: from a sweep to a finished store, and what is computed from it.

Begin with `run`. The `plan` cuts a sweep into units, `rounds` says which are to be computed, `executors` have them
computed, `unit_work` computes one, and `store` takes what it found (the other ``store_*`` are its layout, files and
reading); `finalize` writes the statistics. `status` and `probe` look without changing anything, `firm_growth`
says how large tables of firms become; `comparison` and `sensitivity` read what is there.
"""
