"""What every part may use, and what knows nothing of the model.

Values that a host gives (`given`), processors and memory (`machine`), a wish to stop (`signals`), functions with the
same bits on every machine (`portable_math`), tables as text (`text_table`), names in stores (`stored_names`), the
hash of the kernels (`kernel_sources`).
"""
