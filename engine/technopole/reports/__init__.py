"""The report: one page with everything in a result.

Begin with `make`, which opens the `sources` and puts sections in order. A section (`glance`, `trends`, `places`,
`claims`, …) is made of `parts`; `charts` draws them with Bokeh, and `page` writes one file with what is in
``templates``.
"""
