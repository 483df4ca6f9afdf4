"""Statistics of replicates, which know nothing of the model: arrays in, numbers out.

`moments` that merge, `quantiles`, paired `contrasts`, `variance_split` between and within points,
`sensitivity_indices`, rules for `stopping`. ``docs/EXPERIMENTS.md`` says what they mean.
"""
