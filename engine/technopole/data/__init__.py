"""What an economy is made of: tables of regions, sectors and firms.

Begin with `loading`, which turns a configuration into `tables`. There is a module for each ``data.kind``:
`tables_embedded`, `tables_folder`, `cbp`, `synthetic`. All of them end in `draft`, which counts the firms before it
makes them. ``docs/DATA.md`` has the formats and the rules.
"""
