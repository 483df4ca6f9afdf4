"""A model for hosts: stepped, read and set by name, copied and restored.

Begin with `model`: the class `Model` is put together from `state` (what is seen and set), `events` (policies, shocks
and hooks), `copies` (snapshots, forks, files) and `steps`; compiled hosts get its `handle`. `group` steps several.
``docs/EMBEDDING.md`` shows all of it.
"""
