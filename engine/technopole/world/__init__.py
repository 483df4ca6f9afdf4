"""From a configuration and tables to the arrays that kernels work on.

Begin with `build`, the only place that allocates a world, of some `capacity`. `recording` has room for what is
recorded, `policies` and `instruments` are what comes from outside, `crew` is several threads on one world, `problems`
says what went wrong in a period, `state` shows the arrays by name.
"""
