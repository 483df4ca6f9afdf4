"""Reading, checking, changing and writing configurations; each bad input with its file, key and hint."""

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
from pydantic import ValidationError
from technopole.config import Config, ConfigError, base_toml, describe_rows, parse_set
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


def problems_of(content, **overrides):
    with pytest.raises(ConfigError) as caught:
        Config.from_dict(content, "case.toml").replace(overrides)
    assert caught.value.exit_code == 2
    return caught.value.problems


def changed(path, value):
    """The small case with one value set; the path is a tuple of keys and numbers."""
    content = tomllib.loads(SMALL)
    place = content
    for part in path[:-1]:
        place = place.setdefault(part, {}) if isinstance(place, dict) else place[part]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return content


# --- what works


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
    with pytest.raises(ValidationError):
        small.learning.technology = 0.2
    with pytest.raises(ValidationError):
        small.regions = ()


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
    assert {f"{group}.{name}" for group, table in content.items() if isinstance(table, dict) for name in table} == set(ENTRIES)
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
    config = Config.from_dict({"data": {"kind": "folder"}, "policies": [{"instrument": "services", "value": 1, "regions": ["41860"]}]})
    assert config.regions == ()


def test_byte_order_mark_and_line_ends(write):
    assert Config.from_toml(write(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())).time.periods == 5


def test_a_file_of_some_megabytes(write):
    rows = "".join(f'[[regions]]\nid = "r{i}"\nx = {i}\ny = 0\nworkforce = 10\n' for i in range(5000))
    sectors = '[[sectors]]\nid = "a"\nestablishments = 5\n'
    path = write(f"# {'x' * 2_000_000}\n{rows}{sectors}")
    assert len(Config.from_toml(path).regions) == 5000


def test_import_is_light():
    code = "import sys, technopole.config; print(*[m for m in ('numba', 'xarray', 'pandas', 'numpy') if m in sys.modules])"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.split() == []


# --- what is refused, with file, key, finding and what is allowed


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("lerning",), {}, 'case.toml: lerning: unknown key; did you mean "learning"?'),
        (("learning", "tecnology"), 0.1, 'learning.tecnology: unknown key; did you mean "technology"?'),
        (("market", "tax"), 0.1, 'market.tax: unknown key; did you mean "accounts.tax"?'),
        (("learning", "technology"), 1.5, "learning.technology: found 1.5; allowed: a number from 0 to 1"),
        (("learning", "technology"), "0.1", "learning.technology: found text '0.1'; allowed: a number"),
        (("learning", "technology"), True, "learning.technology: found true; allowed: a number"),
        (("learning", "technology"), float("nan"), "learning.technology: found nan; allowed: a number"),
        (("learning", "technology"), 10**400, "learning.technology: found a whole number of 1329 bits"),
        (("market", "shock_cap"), float("inf"), "market.shock_cap: found inf; allowed: a number from 0 to 10"),
        (("learning", "rule"), "bartr", 'learning.rule: found text \'bartr\'; allowed: one of "broadcast", "barter", "mean_field"; did you mean "barter"?'),
        (("learning",), 3, "learning: found 3; allowed: a table"),
        (("reputation", "standard"), 1, "reputation.standard: found 1; allowed: true or false"),
        (("spillover", "distance_decay"), 0, "spillover.distance_decay: found 0; allowed: a number above 0, up to 1000000"),
        (("time", "periods"), 0, "time.periods: found 0; allowed: a whole number from 1 to 1000000; a run needs at least 1 period"),
        (("time", "periods"), 5.0, "time.periods: found 5.0; allowed: a whole number"),
        (("run", "replicates"), True, "run.replicates: found true; allowed: a whole number"),
        (("run", "seed"), 2**32, "run.seed: found 4294967296; allowed: a whole number from 0 to 4294967295"),
        (("scenario", "title"), 3, "scenario.title: found 3; allowed: text"),
        (("output", "variables"), ["wages"], "output.variables[0]: found text 'wages'; allowed: names of recorded variables (technopole schema --variables lists them); did you mean \"wage\"?"),
        (("output", "variables"), ["wage", "wage"], "output.variables: found text 'wage' 2 times"),
        (("output", "variables"), [], "output.variables: found a list of 0"),
        (("output", "variables"), "wage", "output.variables: found text 'wage'"),
        (("output", "stride"), 6, "output.stride: found 6; allowed: at most time.periods, which is 5"),
        (("data", "kind"), "foldr", 'data.kind: found text \'foldr\'; allowed: one of "embedded", "folder", "cbp"; did you mean "folder"?'),
        (("learning", "quality"), 0.99, "learning.quality: found 0.99 and spillover.rate 0.022; allowed: at most 1 together"),
        (("regions",), [], 'regions: none given; allowed: at least one [[regions]] where data.kind is "embedded"'),
        (("sectors",), [], "sectors: none given; allowed: at least one [[sectors]]"),
        (("regions",), {"id": "a"}, "regions: found a table; allowed: tables, each headed [[regions]]"),
        (("regions", 0), "north", "regions no. 1: found text 'north'; allowed: a table"),
        (("regions", 1, "lat"), None, "regions no. 2 (south).lat: missing; lon is given"),
        (("regions", 0, "lat"), 91, "regions no. 1 (north).lat: found 91; allowed: at most 90"),
        (("regions", 0, "lat"), float("nan"), "regions no. 1 (north).lat: found nan; allowed: a finite number"),
        (("regions", 1), {"id": "south"}, "regions no. 2 (south): no position; allowed: lat and lon, or x and y, or [[distances]]"),
        (("regions", 1), {"id": "south", "x": 1.0, "y": 2.0}, "regions: lat, lon in regions no. 1 (north) but x, y in regions no. 2 (south)"),
        (("regions", 0, "x"), 2.0, "regions no. 1 (north).y: missing; x is given"),
        (("regions", 1, "id"), "north", "regions no. 2 (north).id: found text 'north' a second time"),
        (("regions", 1, "id"), 2, "regions no. 2.id: found 2; allowed: text"),
        (("regions", 1, "id"), None, "regions no. 2.id: missing; it is needed"),
        (("regions", 1, "id"), "", "regions no. 2 ().id: found text ''; allowed: text that is not empty"),
        (("regions", 0, "workforce"), -1, "regions no. 1 (north).workforce: found -1; allowed: above 0"),
        (("regions", 0, "weights"), {"optcs": 1.0}, "regions no. 1 (north).weights: found text 'optcs'; allowed: the id of a sector; did you mean \"optics\"?"),
        (("regions", 0, "hight"), 3, "regions no. 1 (north).hight: unknown key"),
        (("sectors", 1, "id"), "optics", "sectors no. 2 (optics).id: found text 'optics' a second time"),
        (("sectors", 0, "size_classes"), [1, 2, 3], "sectors no. 1 (optics).size_classes: found a list of 3; allowed: 9 values, one per size class"),
        (("sectors", 0, "size_classes"), [1] * 10, "size_classes: found a list of 10; allowed: 9 values"),
        (("sectors", 0, "size_classes"), [0] * 9, "size_classes: found a sum of 0; allowed: shares with a positive sum"),
        (("sectors", 0, "size_classes"), [-1] + [1] * 8, "sectors no. 1 (optics).size_classes[0]: found -1; allowed: at least 0"),
        (("sectors", 0, "labour_share"), 0, "sectors no. 1 (optics).labour_share: found 0; allowed: at least 0.05"),
        (("sectors", 0, "high_tech"), "yes", "sectors no. 1 (optics).high_tech: found text 'yes'; allowed: true or false"),
        (("cells", 0, "firms"), -3, "cells no. 1 (north, optics).firms: found -3; allowed: at least 0"),
        (("cells", 0, "firms"), 2.5, "cells no. 1 (north, optics).firms: found 2.5; allowed: a whole number"),
        (("cells", 0, "region"), "norh", "cells no. 1 (norh, optics).region: found text 'norh'; allowed: the id of a region; did you mean \"north\"?"),
        (("cells", 1), {"region": "north", "sector": "optics", "firms": 1}, "cells no. 2 (north, optics): given a second time"),
        (("cells",), [{"region": "north", "sector": "optics", "firms": 0}], "cells: found 0 firms in all; allowed: at least 1"),
        (("cells",), [], "sectors no. 1 (optics).establishments: missing; it is needed where no [[cells]] are given"),
        (("suppliers",), [{"sector": "stone", "from": {"steel": 1}}], "suppliers no. 1 (stone).from: found text 'steel'; allowed: the id of a sector"),
        (("suppliers",), [{"sector": "steel", "from": {}}], "suppliers no. 1 (steel).sector: found text 'steel'"),
        (("suppliers",), [{"sector": "stone", "from": {"stone": -1}}], "suppliers no. 1 (stone).from.stone: found -1; allowed: at least 0"),
        (("suppliers",), [{"sector": "stone", "from": {}}] * 2, "suppliers no. 2 (stone): given a second time"),
        (("distances",), [["north", "souht", 3]], "distances no. 1 (north, souht).to: found text 'souht'; allowed: the id of a region; did you mean \"south\"?"),
        (("distances",), [["north", "south"]], "distances no. 1: found a list of 2; allowed: a table or [from, to, distance]"),
        (("distances",), [["north", "south", -3]], "distances no. 1 (north, south).distance: found -3; allowed: at least 0"),
        (("distances",), [["north", "south", 3]] * 2, "distances no. 2 (north, south): given a second time"),
        (("distances",), [["north", "north", 3]], "distances: none between 'north' and 'south'; allowed: one for each pair"),
        (("policies",), [{"instrument": "rdsubsidy", "value": 1}], "did you mean \"rd_subsidy\"?"),
        (("policies",), [{"instrument": "rd_subsidy", "value": 11}], "policies no. 1 (rd_subsidy).value: found 11; allowed: a number from -1 to 10"),
        (("policies",), [{"instrument": "rd_subsidy"}], "policies no. 1 (rd_subsidy).value: missing"),
        (("policies",), [{"instrument": "finance", "value": 1, "sectors": ["stone"]}], "policies no. 1 (finance).sectors: given; allowed: absent, as finance does not differ by sector"),
        (("policies",), [{"instrument": "finance", "value": 1, "regions": ["east"]}], "policies no. 1 (finance).regions: found text 'east'"),
        (("policies",), [{"instrument": "finance", "value": 1, "start": 4, "end": 4}], "policies no. 1 (finance).end: found 4; allowed: above start, which is 4"),
        (("policies",), [{"instrument": "finance", "value": 1, "start": -1}], "policies no. 1 (finance).start: found -1; allowed: at least 0"),
        (("policies",), [{"instrument": "finance", "value": 1, "regions": []}], "policies no. 1 (finance).regions: found a list of 0; allowed: at least 1 value"),
    ],
    ids=lambda x: ".".join(map(str, x)) if isinstance(x, tuple) else "",
)  # fmt: skip
def test_bad_input_is_named(path, value, expected):
    lines = problems_of(changed(path, value))
    assert all(line.startswith("case.toml: ") for line in lines)
    assert any(expected in line for line in lines), lines


def test_weights_that_are_all_zero():
    kinds = {f"kind_{name}": 0 for name in ("quality", "technology", "organisation", "sourcing")}
    assert problems_of(changed(("innovation",), kinds)) == ("case.toml: innovation.kind_*: found a sum of 0; allowed: at least one above 0",)


def test_cells_are_for_embedded_economies():
    lines = problems_of(changed(("data",), {"kind": "folder"}))
    assert lines == ('case.toml: cells: found 2; allowed: none where data.kind is "folder"',)


def test_population_of_some_regions():
    content = changed(("cells",), [])
    content["regions"][0]["population"] = 1000
    content["sectors"] = [{"id": "stone", "establishments": 0}]
    lines = problems_of(content)
    assert "case.toml: regions no. 2 (south).population: missing; it is needed as other regions have one" in lines
    assert "case.toml: sectors: found 0 establishments in all; allowed: at least 1" in lines


def test_all_problems_at_once():
    content = changed(("learning",), {"technology": 3, "far": -1, "x": 1})
    content["regions"][0]["lat"] = 100
    content["cells"][0]["sector"] = "glass"
    lines = problems_of(content)
    assert len(lines) == 5
    assert len(set(lines)) == 5


def test_an_invalid_table_brings_no_further_problems():
    content = changed(("regions", 0, "lat"), 100)
    content["sectors"][0]["labour_share"] = 2
    assert len(problems_of(content)) == 2


def test_many_problems_make_a_readable_message():
    with pytest.raises(ConfigError) as caught:
        Config.from_dict({f"key{i}": 1 for i in range(1000)})
    assert len(caught.value.problems) == 1002
    assert len(str(caught.value).splitlines()) == 201


def test_one_line_each():
    lines = problems_of(changed(("bad\nkey\x1b[31m",), 1))
    assert len(lines) == 1
    assert lines[0].isprintable()


def test_overrides_are_named_as_such(small, write):
    with pytest.raises(ConfigError, match=r"case.toml \(override\): learning.technology: found 3"):
        Config.from_toml(write(SMALL), {"learning.technology": 3})
    with pytest.raises(ConfigError, match=r'\(override\): learning.technolgy: unknown key; did you mean "technology"'):
        small.replace({"learning.technolgy": 0.3})
    with pytest.raises(ConfigError, match="override: regions.0.lat: regions is a list of 2; allowed: keys of the form"):
        small.replace({"regions.0.lat": 3})
    with pytest.raises(ConfigError, match=r"learning: found 3; allowed: a table"):
        small.replace({"learning": 3})


@pytest.mark.parametrize("content", [None, 3, "text", [1], {3: 4}, {"learning": {None: 1}}])
def test_no_configuration_at_all(content):
    with pytest.raises(ConfigError):
        Config.from_dict(content)


def test_too_deep():
    nested: dict = {}
    nested["learning"] = nested
    with pytest.raises(ConfigError, match="nested more than"):
        Config.from_dict(nested)


# --- files


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[learning\nx = 1", "case.toml: line 1, column 10: not valid TOML"),
        (b"a = 1\n\nb = = 2\n", "case.toml: line 3, column 5: not valid TOML"),
        (b"a = [1,\n2", "case.toml: line 2, column 2: not valid TOML"),
        (b"[a]\n[a]\n", "not valid TOML: Cannot declare ('a',) twice"),
        (b"a = 1\nb = '\xff'\n", "case.toml: line 2: not a text file in UTF-8 (byte 11 is 0xff)"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "not valid TOML"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"a = 2024-02-31", "case.toml"),
        (b"a = " + b"9" * 5000, "case.toml"),
        (b"run.seed = 2024-02-01", "run.seed: found a value of type date; allowed: a whole number"),
    ],
    ids=range(10),
)
def test_broken_files(write, content, expected):
    with pytest.raises(ConfigError) as caught:
        Config.from_toml(write(content))
    assert expected in str(caught.value)


def test_missing_file(tmp_path, write):
    write(SMALL, "two-regions.toml")
    with pytest.raises(ConfigError, match=r"two-region.toml: no such file; did you mean .*two-regions.toml\?"):
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
    given = ["a.b=1", " c.d = 1e-3", "e.f=true", "g.h=mean_field", 'i.j="x"', "k.l=[1, 2]", "m.n=/data/a b", "o.p=", "a.b=2"]
    assert parse_set(given) == {
        "a.b": 2,
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
