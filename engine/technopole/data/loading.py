"""Data in: :func:`draft_tables` and :func:`load_tables` turn a configuration into what a world starts from.

Formats of the files, and how firms are made from tables, are described in ``docs/DATA.md``.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from technopole.data.draft import Draft, refuse_too_large
from technopole.data.tables import Tables
from technopole.errors import DataError

if TYPE_CHECKING:
    from technopole.config.config import Config

__all__ = ["ENVIRONMENT", "Draft", "Tables", "data_path", "draft_tables", "load_tables"]

ENVIRONMENT = "TECHNOPOLE_DATA"

_WANTED = {
    "folder": (
        "a folder of tables: establishments by area, industry and size class (US Census Bureau, County "
        "Business Patterns), areas with positions, patents and university R&D (Census Bureau, USPTO, "
        "NSF/NCSES), the Use table (BEA); or tables of your own: cells.csv and regions.csv"
    ),
    "cbp": (
        "a file of the County Business Patterns in their original text format (US Census Bureau: US, "
        "state, county or metropolitan file, such as cbp17us.txt, plain, .gz or .zip), or a folder with one"
    ),
}


def load_tables(cfg: "Config") -> Tables:
    """Load or make the tables of a scenario.

    Parameters
    ----------
    cfg : Config
        As for :func:`draft_tables`.

    Returns
    -------
    Tables
        Regions, sectors and initial firms.

    Raises
    ------
    DataError
        As :func:`draft_tables`.
    ConfigError
        If the firms would not fit into memory.
    """
    draft = draft_tables(cfg)
    refuse_too_large(cfg, draft)
    return draft.make()


def draft_tables(cfg: "Config") -> Draft:
    """Read what a scenario starts from and count its firms, without making them.

    Parameters
    ----------
    cfg : Config
        ``data.kind`` says where they come from: ``embedded`` (the configuration itself), ``folder`` (a
        folder of tables), ``cbp`` (original files of the County Business Patterns), ``synthetic`` (made
        up). The result depends on
        the configuration and the files only, to the last bit, on any machine.

    Returns
    -------
    Draft
        Its ``make`` returns the tables.

    Raises
    ------
    DataError
        Data that are missing, inconsistent or not usable; the message names file, place and what is needed.
    """
    kind = cfg.data.kind
    if kind == "embedded":
        from technopole.data.tables_embedded import draft_embedded

        return draft_embedded(cfg)
    if kind == "folder":
        from technopole.data.tables_folder import draft_folder

        return draft_folder(cfg, data_path(cfg))
    if kind == "cbp":
        from technopole.data.cbp import draft_cbp

        return draft_cbp(cfg, data_path(cfg))
    if kind == "synthetic":
        from technopole.data.synthetic import draft_synthetic

        return draft_synthetic(cfg)
    raise DataError(f'data.kind: "{kind}" is unknown; it is "embedded", "folder", "cbp" or "synthetic"')


def data_path(cfg: "Config") -> Path:
    """Find the data outside the configuration.

    Parameters
    ----------
    cfg : Config
        ``data.path`` comes first (``--data`` sets it), then the environment variable ``TECHNOPOLE_DATA``.

    Returns
    -------
    Path
        An existing folder or file.

    Raises
    ------
    DataError
        Neither is set, or what they name does not exist.
    """
    given = cfg.data.path or os.environ.get(ENVIRONMENT, "")
    help_text = (
        f"the scenario needs {_WANTED[cfg.data.kind]}. Say where it is with --data DIR, the key data.path, "
        f"or the environment variable {ENVIRONMENT}; docs/DATA.md lists the files, their columns and the "
        "statistics they come from"
    )
    if not given:
        raise DataError(f"data.path is not set: {help_text}")
    path = Path(given).expanduser()
    if not path.exists():
        origin = "data.path" if cfg.data.path else ENVIRONMENT
        raise DataError(f"{path} ({origin}) does not exist: {help_text}")
    if cfg.data.kind == "folder" and not path.is_dir():
        raise DataError(f"{path} is not a folder: {help_text}")
    return path
