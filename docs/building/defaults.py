"""Defaults of parameters that share a line of a docstring: each its own, where griffe gives all that of the first."""

from __future__ import annotations

from typing import Any

import griffe


class OwnDefaults(griffe.Extension):
    """Sets the defaults in the tables of parameters to those of the signatures."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Go through a package when all of it is loaded."""
        _correct(pkg)


def _correct(thing: griffe.Object) -> None:
    if isinstance(thing, griffe.Function) and thing.docstring:
        for section in thing.docstring.parsed:
            if section.kind is griffe.DocstringSectionKind.parameters:
                for documented in section.value:
                    if documented.name in thing.parameters:
                        documented.value = thing.parameters[documented.name].default
    for member in thing.members.values():
        if not member.is_alias:
            _correct(member)  # type: ignore[arg-type]
