"""Where the numbers of a report come from, and the command that makes them again."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from technopole.config.write import to_toml
from technopole.reports.parts import Provenance, Snippet

if TYPE_CHECKING:
    import xarray as xr

UNKNOWN = "not recorded"
BY_SALIB, BY_SCIPY = ("saltelli", "morris"), ("sobol", "lhs")
"""Kinds of design that are drawn by a library, as are normal distributions by scipy."""


def provenance(ds: xr.Dataset) -> Provenance:
    """Return the provenance of a run or an experiment.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of a run, or what was opened of the store of an experiment.

    Returns
    -------
    Provenance
        Facts, the commands to get the numbers again, and the file that they need.
    """
    attrs = ds.attrs
    version = str(attrs.get("technopole_version", UNKNOWN))
    facts = [
        ("Program", f"technopole {version}"),
        ("Seed of the random numbers", str(attrs.get("seed", UNKNOWN))),
        ("Hash of the kernels", _hash(_kernels(attrs))),
    ]
    if "sweep" in attrs:
        facts.append(("Hash of the plan", _hash(str(attrs.get("plan_digest", "")))))
        made = str(attrs.get("history", "")).partition(" ")[0]
        snippets = _sweep_snippets(attrs, version)
    else:
        facts.append(("Hash of the configuration", _hash(str(attrs.get("config_digest", "")))))
        made = str(attrs.get("created", ""))
        snippets = _config_snippets(attrs, version)
    facts.append(("Computed", made.replace("T", " ") or UNKNOWN))
    others = (("numba_version", "numba"), ("numpy_version", "numpy"), ("python_version", "Python"))
    libraries = ", ".join(f"{name} {attrs[key]}" for key, name in others if key in attrs)
    if libraries:
        facts.append(("Libraries", libraries))
    return Provenance(tuple(facts), tuple(snippets))


def file_name(text: str, suffix: str) -> str:
    """Return a file name made from a title."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-").lower() or "scenario"
    return f"{stem[:60]}{suffix}"


def _kernels(attrs: dict[str, Any]) -> str:
    if "kernels_digest" in attrs:
        return str(attrs["kernels_digest"])
    try:
        return str(json.loads(attrs["plan"])["kernels"])
    except (KeyError, TypeError, ValueError):
        return ""


def _hash(digest: str) -> str:
    return digest[:16] or UNKNOWN


def _config_snippets(attrs: dict[str, Any], version: str) -> list[Snippet]:
    config = str(attrs.get("config", ""))
    if not config:
        return []
    name = file_name(str(attrs.get("scenario") or "scenario"), ".toml")
    again = name.removesuffix(".toml")
    content = _parsed(config)
    command = f"technopole run {name}{_data(content)} --out {again}.zarr"
    return [
        Snippet("command", "The command", f"{_install(version, _extras(content))}\n{command}"),
        Snippet("config", f"The configuration, {name}, with every parameter", config, name, folded=True),
    ]


def _sweep_snippets(attrs: dict[str, Any], version: str) -> list[Snippet]:
    content = json.loads(attrs["sweep"])
    name = file_name(str(content.get("experiment", {}).get("name") or "sweep"), ".toml")
    text = to_toml(content)
    command = f"technopole experiment {name}{_data(content.get('config', {}))} --out {name.removesuffix('.toml')}.zarr"
    return [
        Snippet("command", "The command", f"{_install(version, _sweep_extras(content))}\n{command}"),
        Snippet("config", f"The sweep, {name}, with every parameter", text, name, folded=True),
    ]


def _data(config: Mapping[str, Any]) -> str:
    """Return the option for economies that come from files of the reader."""
    return " --data DIR" if config.get("data", {}).get("kind") in ("folder", "cbp") else ""


def _install(version: str, extras: list[str]) -> str:
    """Return the command that installs what the results were made with, as far as it is known."""
    named = f"technopole[{','.join(extras)}]" if extras else "technopole"
    pinned = named if version == UNKNOWN else f"{named}=={version}"
    return f"pip install '{pinned}'" if extras else f"pip install {pinned}"


def _extras(config: Mapping[str, Any]) -> list[str]:
    return ["cuda"] if config.get("run", {}).get("backend") == "cuda" else []


def _sweep_extras(content: Mapping[str, Any]) -> list[str]:
    """Return the extras without which the sweep would be refused."""
    config, design = content.get("config", {}), content.get("design", {})
    by_salib = design.get("kind") in BY_SALIB
    given = content.get("output", {}).get("statistics", ())
    statistics = "stop" in content or any(word in given for word in ("interval", "quantiles"))
    parameters = design.get("parameters", {}).values()
    normal = any(isinstance(spread, Mapping) and spread.get("dist") == "normal" for spread in parameters)
    by_scipy = statistics or normal or design.get("kind") in BY_SCIPY
    return _extras(config) + (["sensitivity"] if by_salib else ["statistics"] if by_scipy else [])


def _parsed(config: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(config)
    except ValueError:
        return {}
