"""What the configuration refuses: each problem with its file, key, finding and what is allowed."""

import copy

import pytest

from technopole.config.config import Config, ConfigError
from technopole.config.resolve import resolve_config

SMALL = {
    "time": {"periods": 5},
    "regions": [{"id": "north", "lat": 50.0, "lon": 5.0}, {"id": "south", "lat": 45.0, "lon": 5.0}],
    "sectors": [{"id": "optics", "high_tech": True}, {"id": "stone"}],
    "cells": [
        {"region": "north", "sector": "optics", "firms": 10},
        {"region": "south", "sector": "stone", "firms": 4, "mean_employment": 12.5},
    ],
}

# fmt: off
REFUSED = [
    (("lerning",), {}, 'case.toml: lerning: unknown key; did you mean "learning"?'),
    (("learning", "tecnology"), 0.1, 'learning.tecnology: unknown key; did you mean "technology"?'),
    (("market", "tax"), 0.1, 'market.tax: unknown key; did you mean "accounts.tax"?'),
    (("learning", "technology"), 1.5, "learning.technology: found 1.5; allowed: a number from 0 to 1"),
    (("learning", "technology"), "0.1", "learning.technology: found text '0.1'; allowed: a number"),
    (("learning", "technology"), True, "learning.technology: found true; allowed: a number"),
    (("learning", "technology"), float("nan"), "learning.technology: found nan; allowed: a number"),
    (("learning", "technology"), 10**400, "learning.technology: found a whole number of 1329 bits"),
    (("market", "shock_cap"), float("inf"), "market.shock_cap: found inf; allowed: a number from 0 to 10"),
    (("learning", "rule"), "bartr",
     "learning.rule: found text 'bartr'; allowed: one of \"broadcast\", \"barter\", \"mean_field\"; "
     'did you mean "barter"?'),
    (("learning",), 3, "learning: found 3; allowed: a table"),
    (("reputation", "standard"), 1, "reputation.standard: found 1; allowed: true or false"),
    (("spillover", "distance_decay"), -1,
     "spillover.distance_decay: found -1; allowed: a number from 0 to 1000000"),
    (("time", "period_years"), 0, "time.period_years: found 0; allowed: a number above 0, up to 100"),
    (("time", "periods"), 0,
     "time.periods: found 0; allowed: a whole number from 1 to 1000000; a run needs at least 1 period"),
    (("time", "periods"), 5.0, "time.periods: found 5.0; allowed: a whole number"),
    (("run", "replicates"), True, "run.replicates: found true; allowed: a whole number"),
    (("run", "seed"), 2**32, "run.seed: found 4294967296; allowed: a whole number from 0 to 4294967295"),
    (("scenario", "title"), 3, "scenario.title: found 3; allowed: text"),
    (("output", "variables"), ["wages"],
     "output.variables[0]: found text 'wages'; allowed: names of recorded variables "
     '(technopole schema --variables lists them); did you mean "wage"?'),
    (("output", "variables"), ["wage", "wage"], "output.variables: found text 'wage' 2 times"),
    (("output", "variables"), [], "output.variables: found a list of 0"),
    (("output", "variables"), "wage", "output.variables: found text 'wage'"),
    (("output", "stride"), 6, "output.stride: found 6; allowed: at most time.periods, which is 5"),
    (("data", "kind"), "foldr",
     "data.kind: found text 'foldr'; allowed: one of \"embedded\", \"folder\", \"cbp\", \"synthetic\"; did you mean"
     ' "folder"?'),
    (("learning", "quality"), 0.99,
     "learning.quality: found 0.99 and spillover.rate 0.022; allowed: at most 1 together"),
    (("regions",), [],
     'regions: none given; allowed: at least one [[regions]] where data.kind is "embedded"'),
    (("sectors",), [], "sectors: none given; allowed: at least one [[sectors]]"),
    (("regions",), {"id": "a"}, "regions: found a table; allowed: tables, each headed [[regions]]"),
    (("regions", 0), "north", "regions no. 1: found text 'north'; allowed: a table"),
    (("regions", 1, "lat"), None, "regions no. 2 (south).lat: missing; lon is given"),
    (("regions", 0, "lat"), 91, "regions no. 1 (north).lat: found 91; allowed: at most 90"),
    (("regions", 0, "lat"), float("nan"), "regions no. 1 (north).lat: found nan; allowed: a finite number"),
    (("regions", 1), {"id": "south"},
     "regions no. 2 (south): no position; allowed: lat and lon, or x and y, or [[distances]]"),
    (("regions", 1), {"id": "south", "x": 1.0, "y": 2.0},
     "regions: lat, lon in regions no. 1 (north) but x, y in regions no. 2 (south)"),
    (("regions", 0, "x"), 2.0, "regions no. 1 (north).y: missing; x is given"),
    (("regions", 1, "id"), "north", "regions no. 2 (north).id: found text 'north' a second time"),
    (("regions", 1, "id"), 2, "regions no. 2.id: found 2; allowed: text"),
    (("regions", 1, "id"), None, "regions no. 2.id: missing; it is needed"),
    (("regions", 1, "id"), "", "regions no. 2 ().id: found text ''; allowed: text that is not empty"),
    (("regions", 0, "population"), -1, "regions no. 1 (north).population: found -1; allowed: above 0"),
    (("regions", 0, "weights"), {"optcs": 1.0},
     "regions no. 1 (north).weights: found text 'optcs'; allowed: the id of a sector; did you "
     'mean "optics"?'),
    (("regions", 0, "hight"), 3, "regions no. 1 (north).hight: unknown key"),
    (("sectors", 1, "id"), "optics", "sectors no. 2 (optics).id: found text 'optics' a second time"),
    (("sectors", 0, "size_classes"), [1, 2, 3],
     "sectors no. 1 (optics).size_classes: found a list of 3; allowed: 9 values, one per size class"),
    (("sectors", 0, "size_classes"), [1] * 10, "size_classes: found a list of 10; allowed: 9 values"),
    (("sectors", 0, "size_classes"), [0] * 9,
     "size_classes: found a sum of 0; allowed: shares with a positive sum"),
    (("sectors", 0, "size_classes"), [-1] + [1] * 8,
     "sectors no. 1 (optics).size_classes[0]: found -1; allowed: at least 0"),
    (("sectors", 0, "labour_share"), 0,
     "sectors no. 1 (optics).labour_share: found 0; allowed: at least 0.05"),
    (("sectors", 0, "high_tech"), "yes",
     "sectors no. 1 (optics).high_tech: found text 'yes'; allowed: true or false"),
    (("cells", 0, "firms"), -3, "cells no. 1 (north, optics).firms: found -3; allowed: at least 0"),
    (("cells", 0, "firms"), 2.5, "cells no. 1 (north, optics).firms: found 2.5; allowed: a whole number"),
    (("cells", 0, "mean_employment"), 1e12,
     "cells no. 1 (north, optics).mean_employment: found 1000000000000.0; allowed: at most 10000000"),
    (("cells", 0, "mean_employment"), 1e-9, "mean_employment: found 1e-09; allowed: at least 1"),
    (("sectors", 0, "mean_employment"), [2.0] * 8 + [1e8],
     "sectors no. 1 (optics).mean_employment[8]: found 100000000.0; allowed: at most 10000000"),
    (("sectors", 0, "mean_employment"), [2.0], "mean_employment: found a list of 1; allowed: 9 values"),
    (("cells", 0, "region"), "norh",
     "cells no. 1 (norh, optics).region: found text 'norh'; allowed: the id of a region; did "
     'you mean "north"?'),
    (("cells", 1), {"region": "north", "sector": "optics", "firms": 1},
     "cells no. 2 (north, optics): given a second time"),
    (("cells",), [{"region": "north", "sector": "optics", "firms": 0}],
     "regions no. 1 (north): no firms in [[cells]]; allowed: at least 1 in some cell"),
    (("cells",), [],
     "sectors no. 1 (optics).establishments: missing; it is needed where no [[cells]] are given"),
    (("suppliers",), [{"sector": "stone", "from": {"steel": 1}}],
     "suppliers no. 1 (stone).from: found text 'steel'; allowed: the id of a sector"),
    (("suppliers",), [{"sector": "steel", "from": {}}], "suppliers no. 1 (steel).sector: found text 'steel'"),
    (("suppliers",), [{"sector": "stone", "from": {"stone": -1}}],
     "suppliers no. 1 (stone).from.stone: found -1; allowed: at least 0"),
    (("suppliers",), [{"sector": "stone", "from": {}}],
     "suppliers no. 1 (stone).from: found no shares; allowed: a share above 0 of at least one sector"),
    (("suppliers",), [{"sector": "stone", "from": {"stone": 0.0, "optics": 0}}],
     "suppliers no. 1 (stone).from: found shares of stone, optics that are 0; allowed: a share above 0"),
    (("suppliers",), [{"sector": "stone", "from": {}}] * 2, "suppliers no. 2 (stone): given a second time"),
    (("distances",), [["north", "souht", 3]],
     "distances no. 1 (north, souht).to: found text 'souht'; allowed: the id of a region; did "
     'you mean "south"?'),
    (("distances",), [["north", "south"]],
     "distances no. 1: found a list of 2; allowed: a table or [from, to, distance]"),
    (("distances",), [["north", "south", -3]],
     "distances no. 1 (north, south).distance: found -3; allowed: at least 0"),
    (("distances",), [["north", "south", 3]] * 2, "distances no. 2 (north, south): given a second time"),
    (("distances",), [["north", "north", 3]],
     "distances: none between 'north' and 'south'; allowed: one for each pair"),
    (("policies",), [{"instrument": "rdsubsidy", "value": 1}], "did you mean \"rd_subsidy\"?"),
    (("policies",), [{"instrument": "rd_subsidy", "value": 11}],
     "policies no. 1 (rd_subsidy).value: found 11; allowed: a number from -1 to 10"),
    (("policies",), [{"instrument": "rd_subsidy"}], "policies no. 1 (rd_subsidy).value: missing"),
    (("policies",), [{"instrument": "finance", "value": 1, "sectors": ["stone"]}],
     "policies no. 1 (finance).sectors: given; allowed: absent, as finance does not differ by sector"),
    (("policies",), [{"instrument": "finance", "value": 1, "regions": ["east"]}],
     "policies no. 1 (finance).regions: found text 'east'"),
    (("policies",), [{"instrument": "finance", "value": 1, "start": 4, "end": 4}],
     "policies no. 1 (finance).end: found 4; allowed: above start, which is 4"),
    (("policies",), [{"instrument": "finance", "value": 1, "start": 60}],
     "policies no. 1 (finance).start: found 60; allowed: 0 to 4, as the run has 5 periods"),
    (("policies",), [{"instrument": "finance", "value": 1, "start": -1}],
     "policies no. 1 (finance).start: found -1; allowed: at least 0"),
    (("policies",), [{"instrument": "finance", "value": 1, "regions": []}],
     "policies no. 1 (finance).regions: found a list of 0; allowed: at least 1 value"),
]
# fmt: on


def problems_of(content):
    with pytest.raises(ConfigError) as caught:
        Config.from_dict(content, "case.toml")
    assert caught.value.exit_code == 2
    return caught.value.problems


def changed(path, value):
    """The small case with one value set; the path is a tuple of keys and numbers."""
    content = copy.deepcopy(SMALL)
    place = content
    for part in path[:-1]:
        place = place.setdefault(part, {}) if isinstance(place, dict) else place[part]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return content


@pytest.mark.parametrize(("path", "value", "expected"), REFUSED, ids=range(len(REFUSED)))
def test_bad_input_is_named(path, value, expected):
    lines = problems_of(changed(path, value))
    assert all(line.startswith("case.toml: ") for line in lines)
    assert any(expected in line for line in lines), lines


def test_one_bad_value_of_a_list_is_one_problem():
    lines = problems_of(changed(("sectors", 0, "mean_employment"), [0.01] + [5.0] * 8))
    assert lines == (
        "case.toml: sectors no. 1 (optics).mean_employment[0]: found 0.01; allowed: at least 0.1",
    )


def test_weights_that_are_all_zero():
    kinds = {f"kind_{name}": 0 for name in ("quality", "technology", "organisation", "sourcing")}
    assert problems_of(changed(("innovation",), kinds)) == (
        "case.toml: innovation.kind_*: found a sum of 0; allowed: at least one above 0",
    )


def test_cells_are_for_embedded_economies():
    lines = problems_of(changed(("data",), {"kind": "folder"}))
    assert 'case.toml: cells: found 2; allowed: none where data.kind is "folder"' in lines
    places = {line.split(": ")[1] for line in lines} - {"cells"}
    assert places == {
        f"regions no. {region}.{key}" for region in ("1 (north)", "2 (south)") for key in ("lat", "lon")
    }


def test_population_of_some_regions():
    content = changed(("cells",), [])
    content["regions"][0]["population"] = 1000
    content["sectors"] = [{"id": "stone", "establishments": 0}]
    lines = problems_of(content)
    assert (
        "case.toml: regions no. 2 (south).population: missing; it is needed as other regions have one"
        in lines
    )
    assert (
        "case.toml: sectors no. 1 (stone).establishments: found 0; allowed: at least 1, or leave the sector out"
        in lines
    )


def test_empty_regions_and_sectors():
    content = changed(("cells", 1, "sector"), "optics")
    content["cells"][1]["firms"] = 0
    assert problems_of(content) == (
        "case.toml: regions no. 2 (south): no firms in [[cells]]; allowed: at least 1 in some cell, or leave "
        "the region out",
        "case.toml: sectors no. 2 (stone): no firms in [[cells]]; allowed: at least 1 in some cell, or leave "
        "the sector out",
    )
    content = changed(("cells",), [])
    for sector in content["sectors"]:
        sector["establishments"] = 10
    content["regions"][0]["weights"] = {"optics": 0.0, "stone": 0.0}
    content["regions"][1]["weights"] = {"stone": 0.0}
    assert problems_of(content) == (
        "case.toml: regions no. 1 (north).weights: found 0 for every sector; allowed: above 0 for at least one",
        "case.toml: sectors no. 2 (stone): found weight 0 in every region; allowed: above 0 in the weights of "
        "at least one",
    )


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


@pytest.mark.parametrize("content", [None, 3, "text", [1], {3: 4}, {"learning": {None: 1}}])
def test_no_configuration_at_all(content):
    with pytest.raises(ConfigError):
        Config.from_dict(content)


def test_too_deep():
    nested: dict = {}
    nested["learning"] = nested
    with pytest.raises(ConfigError, match="nested more than"):
        Config.from_dict(nested)


def test_a_gpu_computes_in_float64(two_regions):
    more = {"run.backend": "cuda", "run.precision": "float32"}
    with pytest.raises(ConfigError, match="run.precision: found text 'float32' and run.backend"):
        resolve_config(two_regions, more=more)


def test_what_the_data_say_cannot_be_said_in_the_configuration():
    """It was passed over; and the workforce of a region, which no part of the program read, is no key."""
    given = {
        "data": {"kind": "folder", "path": "tables"},
        "regions": [{"id": "a", "population": 5, "lat": 1, "lon": 2, "university": 2}],
        "sectors": [{"id": "b", "establishments": 7, "markup": 0.3}],
    }
    with pytest.raises(ConfigError) as failure:
        Config.from_dict(given)
    keys = [line.split(": ")[1] for line in failure.value.problems]
    place = "regions no. 1 (a)."
    assert sorted(keys) == [
        place + "lat",
        place + "lon",
        place + "population",
        "sectors no. 1 (b).establishments",
    ]
    assert failure.value.problems[0].endswith('absent where data.kind is "folder", whose data say it')
    with pytest.raises(ConfigError, match=r"regions no. 1 \(a\).workforce: unknown key"):
        Config.from_dict({"regions": [{"id": "a", "workforce": 5}]})
