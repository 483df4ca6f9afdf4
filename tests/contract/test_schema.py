"""The schema, the file of defaults, the description of the model and the kernels name the same things."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from technopole.config.config import Config, base_toml
from technopole.schema import (
    DEFAULT_OUTPUT,
    ENTRIES,
    INSTRUMENTS,
    PARAMETERS,
    RECORDS,
    SECTOR_DEFAULTS,
    SETTINGS,
    SIZE_EDGES,
    STATE,
    VARIABLES,
    defaults,
    kernel_parameters,
)
from technopole_kernels.layout import SIZE_CLASSES
from technopole_kernels.types import PARAMS

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "configs" / "base.toml"
MODEL = (ROOT / "docs" / "MODEL.md").read_text(encoding="utf-8")

CLAIMS = {f"C{number}" for number in range(1, 13)} | {"⇄", ""}


def named_in_model() -> set[str]:
    """Parameters that the description of the model names; its short forms a.b|c|d and a.b_* written out."""
    names = set()
    for key in re.findall(r"`([a-z]+\.[a-z_|]+\*?)(?: = [^`]*)?`", MODEL):
        group, _, rest = key.partition(".")
        for name in rest.split("|"):
            if name.endswith("*"):
                names |= {known for known in PARAMETERS if known.startswith(f"{group}.{name[:-1]}")}
            else:
                names.add(f"{group}.{name}")
    return names


def test_base_file_is_made_from_the_schema():
    assert BASE.read_text(encoding="utf-8") == base_toml()


def test_base_file_holds_the_defaults():
    config = Config.from_toml(BASE)
    for key, default in defaults().items():
        assert getattr(getattr(config, ENTRIES[key].group), ENTRIES[key].name) == default, key


def test_model_names_only_known_parameters():
    assert named_in_model() <= {*PARAMETERS, *SETTINGS}


def test_model_names_every_parameter_of_the_kernels():
    rules = {key for key, entry in PARAMETERS.items() if entry.dtype == "choice"}
    assert {entry.key for entry in kernel_parameters()} - rules <= named_in_model()


@pytest.mark.parametrize("key", [key for key, entry in PARAMETERS.items() if entry.dtype == "choice"])
def test_model_describes_every_variant(key):
    for choice in PARAMETERS[key].choices:
        assert re.search(rf'\*\*{choice}\*\*|`[^`]*"{choice}"', MODEL), choice


def test_kernels_take_the_parameters_of_the_schema():
    ours = {entry.field: np.float64 if entry.dtype == "float" else np.int64 for entry in kernel_parameters()}
    assert dict(PARAMS) == ours


def test_other_parameters_become_arrays_of_sectors_or_shape_tables():
    of_sectors = {key for pair in SECTOR_DEFAULTS.values() for key in pair}
    tables = {"spillover.distance_decay", "spillover.cutoff", "relatedness.base", "relatedness.group"}
    assert {key for key, entry in PARAMETERS.items() if not entry.kernel} == of_sectors | tables


def test_instruments_are_those_of_the_model():
    section = MODEL.split("\n## 6.")[1].split("\n## 7.")[0]
    grouped = re.findall(r"((?:`[a-z_]+`,?\s+)+)\((time, [a-z, ]+)\)", section)
    described = {name: dims for names, dims in grouped for name in re.findall(r"`([a-z_]+)`", names)}
    assert described == {name: ", ".join(("time", *row.dims)) for name, row in INSTRUMENTS.items()}


def test_state_is_that_of_the_model():
    section = MODEL.split("\n## 2.")[1].split("\n## 3.")[0]
    named = set(re.findall(r"`([a-z_]+)", section))
    assert set(STATE) <= named
    firm_rows = {
        name for line in section.splitlines() if line.count("|") == 3 for name in re.findall(r"`(\w+)`", line)
    }
    assert {name for name, row in STATE.items() if row.level == "firm"} == firm_rows


def test_recorded_variables_are_those_of_the_model():
    section = MODEL.split("### 7.14")[1].split("\n## ")[0]
    named = set(re.findall(r"`([a-z_]+)`", section))
    assert named == set(RECORDS)


def test_bins_of_the_size_distribution():
    assert len(SIZE_EDGES) == SIZE_CLASSES
    assert SIZE_EDGES[:9] == (0, 1, 1.5, 2, 3, 4, 6, 8, 12)
    assert list(SIZE_EDGES) == sorted(SIZE_EDGES)


def test_default_output_is_recorded():
    assert set(DEFAULT_OUTPUT) <= set(RECORDS)
    assert set(DEFAULT_OUTPUT) >= {name for name, row in RECORDS.items() if row.level != "cell"}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_rows_are_complete(entry):
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", entry.key)
    assert entry.unit
    assert entry.doc.endswith(".")
    assert entry.source
    assert entry.claim in CLAIMS
    if entry.dtype in ("choice", "names"):
        chosen = entry.default if entry.dtype == "names" else [entry.default]
        assert set(chosen) <= set(entry.choices)
    if entry.dtype in ("float", "int"):
        assert type(entry.default) is {"float": float, "int": int}[entry.dtype]
        assert math.isfinite(entry.low) and math.isfinite(entry.high)
        assert entry.low <= entry.default <= entry.high
        assert entry.default > entry.low or not entry.low_open


@pytest.mark.parametrize("entry", [e for e in PARAMETERS.values() if e.dtype == "float"], ids=lambda e: e.key)
def test_search_range_is_allowed(entry):
    low, high = entry.search_range
    assert entry.low <= low < high <= entry.high
    assert low > entry.low or not entry.low_open
    assert low <= entry.default <= high


def test_every_claim_has_a_switch():
    assert {entry.claim for entry in PARAMETERS.values()} == CLAIMS


@pytest.mark.parametrize("key", VARIABLES)
def test_variables_are_complete(key):
    row = VARIABLES[key]
    assert row.unit and row.long_name
    assert row.level in ("firm", "cell", "region", "sector", "economy")
    assert (row.kind == "record") == (row.dims[:2] == ("replicate", "time"))
    assert key == (row.name if row.kind == "record" else f"state.{row.name}")


def test_keys_are_in_one_place():
    assert not set(SETTINGS) & set(PARAMETERS)
    assert len({entry.field for entry in ENTRIES.values()}) == len(ENTRIES)
