"""Facts about firms, measured on simulated ones, and their validation: ``technopole.validate``.

Begin with `table` and `literature`, the facts and their ranges, and `validation`, which does everything in order.
`panel` follows the firms of a world over the years; `measure` measures the facts on it, a module for each subject
(`sizes`, `turnover`, `productivity`, `innovation`, `regions`, …). The modules ``validation_*`` compute the worlds,
read real series, and make dataset and words of the verdicts.
"""
