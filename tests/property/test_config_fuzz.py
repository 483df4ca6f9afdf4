"""Whatever the configuration reader gets, it gives a valid configuration or a ConfigError, and quickly."""

import copy
import string
import tomllib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strategies import economies, parameters
from technopole.config.assignments import parse_set
from technopole.config.config import Config, ConfigError, base_toml
from technopole.config.read import parse_toml
from technopole.schema import ENTRIES

BASE = tomllib.loads(base_toml())
QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.dates(),
    st.fractions(),
    st.decimals(),
    st.complex_numbers(),
    st.just(10**400),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
words = st.sampled_from(
    sorted(
        {"regions", "sectors", "cells", "suppliers", "distances", "policies"}
        | {key.partition(".")[0] for key in ENTRIES}
    )
)
fields = st.sampled_from(
    sorted(
        {key.partition(".")[2] for key in ENTRIES}
        | {"id", "lat", "lon", "x", "from", "to", "region", "sector", "firms", "weights"}
    )
)


def places(content, path=()):
    """All paths to values in nested dictionaries and lists."""
    found = []
    items = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    for key, value in items:
        found.append((*path, key))
        found += places(value, (*path, key))
    return found


PLACES = places(BASE)


def accepts_or_refuses(content):
    try:
        config = Config.from_dict(content, "fuzz.toml")
    except ConfigError as failure:
        assert failure.problems
        assert all(
            line.startswith("fuzz.toml") or line.startswith("override") for line in failure.problems
        ), failure.problems
        assert all(line.isprintable() for line in failure.problems)
        return
    assert Config.from_dict(tomllib.loads(config.to_toml())) == config
    assert len(config.digest()) == 64


@QUICK
@given(values)
def test_anything(content):
    accepts_or_refuses(content)


@QUICK
@given(
    st.dictionaries(
        words | st.text(max_size=5), st.dictionaries(fields, values, max_size=4) | values, max_size=4
    )
)
def test_random_sections(content):
    accepts_or_refuses(content)


@QUICK
@given(
    st.fixed_dictionaries(
        {
            name: st.lists(st.dictionaries(fields, values, max_size=4) | values, max_size=3)
            for name in ("regions", "sectors", "cells", "suppliers", "distances", "policies")
        }
    )
)
def test_random_tables(content):
    accepts_or_refuses(content)


@QUICK
@given(
    st.lists(
        st.tuples(st.sampled_from(PLACES), values, st.sampled_from(["set", "delete", "double"])),
        min_size=1,
        max_size=4,
    )
)
def test_mutated_configurations(changes):
    content = copy.deepcopy(BASE)
    for path, value, kind in changes:
        place = content
        try:
            for part in path[:-1]:
                place = place[part]
            if kind == "set":
                place[path[-1]] = value
            elif kind == "delete":
                del place[path[-1]]
            elif isinstance(place, list):
                place.append(place[path[-1]])
        except (KeyError, IndexError, TypeError):  # an earlier change took the place away
            continue
    accepts_or_refuses(content)


@QUICK
@given(st.binary(max_size=200))
def test_random_bytes(content):
    try:
        parsed = parse_toml(content, "fuzz.toml")
    except ConfigError as failure:
        assert str(failure).startswith("fuzz.toml: ")
        return
    accepts_or_refuses(parsed)


@QUICK
@given(st.text(alphabet="[]{}=.\"'\\\n #,aexn_0195-+:TZ", max_size=60))
def test_random_toml(text):
    try:
        parsed = parse_toml(text.encode(), "fuzz.toml")
    except ConfigError as failure:
        assert str(failure).startswith("fuzz.toml: ")
        return
    accepts_or_refuses(parsed)


@QUICK
@given(st.integers(0, 20_000), st.binary(min_size=1, max_size=3))
def test_damaged_file(position, damage):
    content = base_toml().encode()
    position %= len(content)
    try:
        parsed = parse_toml(content[:position] + damage + content[position + len(damage) :], "fuzz.toml")
    except ConfigError as failure:
        assert str(failure).startswith("fuzz.toml: ")
        return
    accepts_or_refuses(parsed)


@QUICK
@given(st.lists(st.text(alphabet=string.printable, max_size=20), max_size=4))
def test_random_assignments(assignments):
    base = Config.from_dict(BASE)
    try:
        base.replace(parse_set(assignments))
    except ConfigError as failure:
        assert failure.problems


@QUICK
@given(st.dictionaries(st.sampled_from(list(ENTRIES)) | st.text(max_size=8), values, max_size=3))
def test_random_overrides(changes):
    base = Config.from_dict(BASE)
    try:
        base.replace(changes)
    except ConfigError as failure:
        assert failure.problems


@QUICK
@given(economies(), parameters())
def test_random_configurations_are_valid(economy, changes):
    config = Config.from_dict(economy).replace(changes)
    for key, value in changes.items():
        assert getattr(getattr(config, ENTRIES[key].group), ENTRIES[key].name) == value
    assert Config.from_dict(tomllib.loads(config.to_toml())) == config
