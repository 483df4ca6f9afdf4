"""Reading, changing and writing configurations; broken files and overrides."""

import copy
import json
import os
import pickle
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from technopole.config.assignments import parse_set
from technopole.config.config import Config, ConfigError, base_toml, describe_rows
from technopole.config.resolve import resolve_config
from technopole.schema import ENTRIES

SMALL = """
[time]
periods = 5

[[regions]]
id = "north"
lat = 50.0
lon = 5

[[regions]]
id = "south"
lat = 45.0
lon = 5.0

[[sectors]]
id = "optics"
high_tech = true
size_classes = [4, 2, 1, 1, 0, 0, 0, 0, 0]

[[sectors]]
id = "stone"

[[cells]]
region = "north"
sector = "optics"
firms = 10

[[cells]]
region = "south"
sector = "stone"
firms = 4
mean_employment = 12.5
"""


@pytest.fixture
def write(tmp_path):
    def _write(text, name="case.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return _write


@pytest.fixture
def small():
    return Config.from_dict(tomllib.loads(SMALL))


def test_a_scenario_needs_only_what_differs(small):
    assert small.time.periods == 5
    assert small.learning.technology == 0.1
    assert [region.id for region in small.regions] == ["north", "south"]
    assert small.regions[0].name == "north"
    assert small.sectors[1].group == "stone"
    assert small.cells[1].mean_employment == 12.5


def test_whole_numbers_are_numbers(small):
    assert small.regions[0].lon == 5.0
    assert isinstance(small.regions[0].lon, float)
    assert isinstance(small.replace({"learning.technology": 0}).learning.technology, float)


def test_replace_leaves_the_original(small):
    other = small.replace({"learning.technology": 0.2, "run.seed": 3, "market.rule": "replicator"})
    assert (other.learning.technology, other.run.seed, other.market.rule) == (0.2, 3, "replicator")
    assert (small.learning.technology, small.run.seed, small.market.rule) == (0.1, 1, "ces")
    assert other.learning.quality == small.learning.quality


def test_replace_takes_tables_and_numpy_numbers(small):
    other = small.replace({"trust": {"rise": np.float64(0.1)}, "run.seed": np.int64(7)})
    assert (other.trust.rise, other.trust.decay, other.run.seed) == (0.1, 0.03, 7)
    assert type(other.trust.rise) is float and type(other.run.seed) is int
    policy = {"instrument": "rd_subsidy", "value": 0.2, "regions": ["north"]}
    assert small.replace({"policies": [policy]}).policies[0].regions == ("north",)


def test_overrides_come_before_the_checks(write):
    path = write(SMALL.replace("periods = 5", "periods = 0"))
    assert Config.from_toml(path, {"time.periods": 3}).time.periods == 3


def test_immutable(small):
    with pytest.raises(
        ConfigError, match=r'config.replace\({"learning.technology": …}\) returns another one'
    ):
        small.learning.technology = 0.2
    with pytest.raises(AttributeError, match="regions: a configuration cannot be changed"):
        small.regions = ()
    with pytest.raises(ConfigError, match="learning.technology: a configuration cannot be changed"):
        del small.learning.technology


def test_round_trips(small, write):
    assert Config.from_dict(small.to_dict()) == small
    assert tomllib.loads(small.to_toml()) == small.to_dict()
    assert Config.from_toml(write(small.to_toml())) == small
    assert pickle.loads(pickle.dumps(small)) == small
    assert copy.deepcopy(small) == small


def test_text_of_any_kind_survives(small):
    text = 'a "quoted" \\ line\nand\ttab, \x7f, ü, 𝛼, \x01'
    other = small.replace({"scenario.title": text})
    assert tomllib.loads(other.to_toml())["scenario"]["title"] == text
    content = small.to_dict()
    content["suppliers"] = [{"sector": "stone", "from": {"stone": 0.5, "optics": 1e-7}}]
    content["regions"][0]["weights"] = {"optics": 2.0}
    other = Config.from_dict(content)
    assert Config.from_dict(tomllib.loads(other.to_toml())) == other


def test_base_runs_and_is_complete():
    content = tomllib.loads(base_toml())
    assert {
        f"{group}.{name}" for group, table in content.items() if isinstance(table, dict) for name in table
    } == set(ENTRIES)
    assert Config.from_dict(content).sectors


def test_digest(small):
    assert small.digest() == Config.from_dict(tomllib.loads(SMALL)).digest()
    assert len(small.digest()) == 64
    assert small.replace({"run.seed": 2}).digest() != small.digest()
    assert small.replace({"run.threads": 2, "run.block": 4}).digest() == small.digest()


def test_json_schema():
    schema = Config.json_schema()
    json.dumps(schema)
    learning = schema["$defs"]["Learning"]
    assert learning["additionalProperties"] is False
    assert learning["properties"]["technology"]["maximum"] == 1
    assert learning["properties"]["rule"]["enum"] == ["broadcast", "barter", "mean_field"]
    assert learning["properties"]["technology"]["unit"] == "1"
    assert "from" in schema["$defs"]["Suppliers"]["properties"]


def test_described(small):
    rows = describe_rows(small.replace({"learning.technology": 0.2}))
    assert [row.key for row in rows] == list(ENTRIES)
    row = next(row for row in rows if row.key == "learning.technology")
    assert row[:5] == ("learning.technology", "0.2", "1", "0 to 1", "design probe")
    assert row.doc


def test_a_path_beside_listed_regions_is_refused(small, tmp_path):
    file = tmp_path / "case.toml"
    file.write_text(small.replace({"data.path": "tables"}).to_toml())
    with pytest.raises(ConfigError, match='case.toml: data.path: found tables, but data.kind is "embedded"'):
        Config.from_toml(file)
    with pytest.raises(ConfigError, match="data.path: found tables, but data.kind is"):
        resolve_config(small, more={"data.path": "tables"})
    assert Config.from_toml(file, {"data.path": ""}).data.path == ""
    stored = json.loads(json.dumps(small.replace({"data.path": "tables"}).to_dict()))
    assert Config.from_dict(stored).data.path == "tables"  # as it may stand in results


def test_paths_count_from_the_file(write, tmp_path, monkeypatch):
    text = '[data]\nkind = "folder"\npath = "../tables"\n'
    expected = str(tmp_path.parent / "tables")
    assert Config.from_toml(write(text)).data.path == expected
    monkeypatch.chdir(tmp_path)
    assert Config.from_toml("case.toml").data.path == expected
    assert Config.from_toml("case.toml", {"data.path": "here"}).data.path == "here"
    assert Config.from_toml(write(text.replace("../tables", "/data"))).data.path == "/data"
    assert Config.from_toml(write(text.replace("../tables", ""))).data.path == ""


def test_other_data_need_no_tables():
    config = Config.from_dict(
        {
            "data": {"kind": "folder"},
            "policies": [{"instrument": "services", "value": 1, "regions": ["41860"]}],
        }
    )
    assert config.regions == ()


def test_byte_order_mark_and_line_ends(write):
    assert Config.from_toml(write(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())).time.periods == 5


def test_a_file_of_some_megabytes(write):
    rows = "".join(f'[[regions]]\nid = "r{i}"\nx = {i}\ny = 0\npopulation = 10\n' for i in range(5000))
    sectors = '[[sectors]]\nid = "a"\nestablishments = 5\n'
    path = write(f"# {'x' * 2_000_000}\n{rows}{sectors}")
    assert len(Config.from_toml(path).regions) == 5000


def test_import_is_light():
    heavy = ("numba", "xarray", "pandas", "numpy")
    code = f"import sys, technopole.config.config; print(*[m for m in {heavy} if m in sys.modules])"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.split() == []


def test_overrides_are_named_as_such(small, write):
    with pytest.raises(ConfigError, match=r"case.toml \(override\): learning.technology: found 3"):
        Config.from_toml(write(SMALL), {"learning.technology": 3})
    with pytest.raises(
        ConfigError, match=r'\(override\): learning.technolgy: unknown key; did you mean "technology"'
    ):
        small.replace({"learning.technolgy": 0.3})
    with pytest.raises(
        ConfigError, match=r'case.toml \(override\): lerning: unknown key; did you mean "learning"'
    ):
        Config.from_toml(write(SMALL), {"lerning.far": 0.3})
    with pytest.raises(
        ConfigError,
        match=r"\(override\): regions.0.lat: regions is a list of tables; allowed: the whole list",
    ):
        small.replace({"regions.0.lat": 3})
    with pytest.raises(ConfigError, match=r"learning: found 3; allowed: a table"):
        small.replace({"learning": 3})


# --- files


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[learning\nx = 1", "case.toml: line 1, column 10: not valid TOML"),
        (b"a = 1\n\nb = = 2\n", "case.toml: line 3, column 5: not valid TOML"),
        (b"a = [1,\n2", "case.toml: line 2, column 2: not valid TOML"),
        (b"a = 0,3\n", "; decimals have a point, as in 0.3"),
        (b"a = { value = 0,3, end = 4 }\n", "; decimals have a point, as in 0.3"),
        (b"[a]\n[a]\n", "not valid TOML: Cannot declare ('a',) twice"),
        (b"a = 1\nb = '\xff'\n", "case.toml: line 2: not a text file in UTF-8 (byte 11 is 0xff)"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "not valid TOML"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"a = 2024-02-31", "case.toml"),
        (b"a = " + b"9" * 5000, "case.toml"),
        (b"run.seed = 2024-02-01", "run.seed: found a value of type date; allowed: a whole number"),
    ],
    ids=range(12),
)
def test_broken_files(write, content, expected):
    with pytest.raises(ConfigError) as caught:
        Config.from_toml(write(content))
    assert expected in str(caught.value)


def test_missing_file(tmp_path, write):
    write(SMALL, "two-regions.toml")
    with pytest.raises(
        ConfigError, match=r"two-region.toml: no such file; did you mean .*two-regions.toml\?"
    ):
        Config.from_toml(tmp_path / "two-region.toml")
    with pytest.raises(ConfigError, match="is a folder"):
        Config.from_toml(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        Config.from_toml("nul\0character.toml")


def test_file_too_large(write):
    with pytest.raises(ConfigError, match="larger than 16 MiB"):
        Config.from_toml(write(b"#" * (16 * 2**20 + 1)))


# --- overrides of the command line


def test_assignments():
    given = [
        "a.b=1",
        " c.d = 1e-3",
        "e.f=true",
        "g.h=mean_field",
        'i.j="x"',
        "k.l=[1, 2]",
        "m.n=/data/a b",
        "o.p=",
    ]
    assert parse_set(given) == {
        "a.b": 1,
        "c.d": 0.001,
        "e.f": True,
        "g.h": "mean_field",
        "i.j": "x",
        "k.l": [1, 2],
        "m.n": "/data/a b",
        "o.p": "",
    }
    assert parse_set(["a.b=2020-01-01", "c.d=1\ne = 2"]) == {"a.b": "2020-01-01", "c.d": "1\ne = 2"}


def test_broken_assignments():
    with pytest.raises(ConfigError) as caught:
        parse_set(["learning", "=3", "a..b=1", "a.b=[1", 'a.b="x'])
    assert len(caught.value.problems) == 5
    assert "--set learning: found no key and value; allowed: group.name=value" in caught.value.problems


def test_path_objects(tmp_path):
    path = Path(tmp_path) / "x.toml"
    path.write_text(SMALL, encoding="utf-8")
    assert Config.from_toml(str(path)) == Config.from_toml(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            None,
            r'\(override\): found nothing; allowed: a mapping of dotted keys, such as {"learning.technology": 0.2}',
        ),
        (3, "found 3; allowed: a mapping"),
        ({3: 1}, "found the key 3; allowed: group.name"),
        ({"": 1}, "found the key text ''; allowed: group.name"),
        (
            {"policies.university": 1.0},
            r'a list of tables; .*{"policies": \[{"instrument": "university", "value": …}\]}',
        ),
        ({"regions.north": 1.0}, "regions is a list of tables"),
    ],
)
def test_changes_that_are_no_dotted_keys_are_refused(small, changes, message):
    with pytest.raises(ConfigError, match=message):
        small.replace(changes)


@pytest.mark.parametrize("make", [Config, Config.from_dict])
def test_content_that_is_no_sections_is_refused(make):
    with pytest.raises(ConfigError, match="found 3; allowed: a table of sections"):
        make(3)
    with pytest.raises(ConfigError, match='allowed: sections, here {"run": {"seed": …}}'):
        make({"run.seed": 1})
    with pytest.raises(ConfigError, match="found 3; allowed: the path of a TOML file"):
        Config.from_toml(3)
