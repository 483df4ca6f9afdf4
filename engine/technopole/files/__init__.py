"""Files of results: written whole or not at all, and read with errors that say what is damaged.

Begin with `write`, which puts a dataset into a Zarr store or a netCDF file; `swap` and `leftovers` are how a path
never holds half of it. `chunks`, `journal` and ``firm_*`` are the files of experiments; `kinds` tells what lies at a
path.
"""
