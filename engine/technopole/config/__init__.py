"""The configuration of a run, made from the schema.

Begin with `config`: its class `Config` is what everybody else gets. `read` comes before any check of the content,
`models` and `tables` check each section by itself, `checks` what no section can see alone, and `problems` says what
is wrong. `write` is the way back to TOML; `resolve` takes what callers give, a file or a configuration and values to
change.
"""
