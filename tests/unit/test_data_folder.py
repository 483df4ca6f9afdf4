"""A folder of one's own tables: what is read from it, and what is refused."""

import gzip

import numpy as np
import pytest

from technopole.config.config import Config
from technopole.data.firm_sizes import CLASS_LABELS
from technopole.data.loading import load_tables
from technopole.errors import DataError
from technopole.schema import STOCKS

CELLS = """region,sector,establishments,employment,{classes}
a,334,12,300,6,2,1,1,1,1,0,0,0
a,722,40,400,20,10,8,2,0,0,0,0,0
b,334,3,,1,1,1,0,0,0,0,0,0
b,722,20,260,8,6,4,2,0,0,0,0,0
""".format(classes=",".join(f"n_{label}" for label in CLASS_LABELS))
REGIONS = """id,name,lat,lon,university_rd,patents
a,Aville,40,10,900,50
b,Bville,41,10,,1
"""


@pytest.fixture
def folder(tmp_path):
    with gzip.open(tmp_path / "cells.csv.gz", "wt") as file:
        file.write(CELLS)
    (tmp_path / "regions.csv").write_text(REGIONS)
    return tmp_path


def load(folder, **more):
    data = {"kind": "folder", "path": str(folder), "scale": 1.0, **more.pop("data", {})}
    return load_tables(Config.from_dict({"data": data, **more}))


def test_folder_of_own_tables(folder):
    tables = load(folder)
    assert tables.region_names == ["Aville", "Bville"] and tables.sector_ids == ["334", "722"]
    assert tables.sector_names == ["Computers and electronics", "Food services and drinking places"]
    assert tables.high_tech.tolist() == [True, False]
    assert np.diff(tables.offsets).tolist() == [12, 40, 3, 20]
    by_cell = np.add.reduceat(tables.employment, tables.offsets[:-1])
    assert by_cell[[0, 1, 3]] == pytest.approx([300, 400, 260], rel=0.02)
    assert 10 < by_cell[2] < 45  # not known: what its classes imply
    assert tables.stocks["university"][0] > tables.stocks["university"][1]
    assert all(tables.stocks[name].mean() == pytest.approx(1.0, abs=1e-15) for name in STOCKS)
    assert np.array_equal(tables.suppliers, np.eye(2))


def test_folder_with_sectors_suppliers_and_overrides(folder):
    (folder / "sectors.csv").write_text("id,name,high_tech,group,markup\n334,Chips,0,x,0.3\n722,Meals,1,x,\n")
    (folder / "suppliers.csv").write_text("sector,supplier,share\n334,722,1\n334,334,3\n")
    tables = load(
        folder,
        sectors=[{"id": "722", "markup": 0.5}],
        regions=[{"id": "b", "finance": 3.0}],
    )
    assert tables.sector_names == ["Chips", "Meals"] and tables.high_tech.tolist() == [False, True]
    assert tables.groups == ["x", "x"] and tables.markup.tolist() == [0.3, 0.5]
    assert tables.suppliers.tolist() == [[0.75, 0.25], [0.0, 1.0]]
    assert tables.stocks["finance"].tolist() == [0.5, 1.5]


def replace(folder, name, old, new):
    path = folder / name
    text = gzip.open(path, "rt").read() if name.endswith(".gz") else path.read_text()
    assert old in text
    text = text.replace(old, new, 1)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("cells.csv.gz", "n_1000+", "n_big", r"no column n_1000\+"),
        ("cells.csv.gz", "300,6,", "300,-6,", "row 2, column n_1-4: -6 is below 0"),
        ("cells.csv.gz", "300,6,", "300,nan,", "row 2, column n_1-4: 'nan' is not a number"),
        ("cells.csv.gz", "300,6,", "300,6.5,", "not a whole number"),
        ("cells.csv.gz", "12,300", "12,many", "row 2, column employment"),
        ("cells.csv.gz", "12,300", "12,-3", "row 2, column employment: -3 is below 0"),
        ("cells.csv.gz", "a,722", "a,334", "row 3: region a, sector 334 is listed a second time"),
        ("cells.csv.gz", "b,722", "c,722", "region c has no position"),
        ("cells.csv.gz", "b,722,20", "b,722,20,7", "row 5 has 14 values, the header 13"),
        ("regions.csv", "41,10", ",10", "row 3: region b has no position"),
        ("regions.csv", "41,10", "95,10", "column lat: 95 is above 90"),
        ("regions.csv", "b,Bville", "a,Bville", "region a is listed a second time"),
        ("regions.csv", "lat", "latitude", "no column lat"),
        (
            "regions.csv",
            "b,Bville,41,10,,1\n",
            "b,Bville,41,10,,1\nz,Zville,1,1,,\n",
            "region z has no establishments",
        ),
    ],
)
def test_folder_refusals(folder, name, old, new, message):
    replace(folder, name, old, new)
    with pytest.raises(DataError, match=message) as caught:
        load(folder)
    assert str(folder) in str(caught.value)


def test_all_problems_of_a_table_are_said_at_once(folder):
    replace(folder, "cells.csv.gz", "300,6,", "300,-6,")
    replace(folder, "cells.csv.gz", "a,722", "c,722")
    replace(folder, "cells.csv.gz", "b,722,20", "b,722,20,7")
    with pytest.raises(DataError) as caught:
        load(folder)
    text = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 3
    for problem in (
        "row 2, column n_1-4: -6",
        "row 3, column region: region c has no position",
        "row 5 has 14",
    ):
        assert problem in text


def test_all_problems_of_regions_suppliers_and_sectors_are_said_at_once(folder):
    (folder / "sectors.csv").write_text("id,markup,rd_intensity\n334,x,y\n722,z,0.1\n")
    with pytest.raises(DataError) as caught:
        load(folder)
    found = sorted(line.partition(": row ")[2].partition(":")[0] for line in caught.value.problems)
    assert found == ["2, column markup", "2, column rd_intensity", "3, column markup"]
    (folder / "sectors.csv").unlink()
    (folder / "suppliers.csv").write_text("sector,supplier,share\n334,999,-1\n9,722,1\n")
    with pytest.raises(DataError) as caught:
        load(folder)
    assert len(caught.value.problems) == 3
    replace(folder, "regions.csv", "40,", "x,")
    replace(folder, "regions.csv", "41,10", "95,")
    with pytest.raises(DataError) as caught:
        load(folder)
    assert len(caught.value.problems) == 3 and "row 2, column lat" in str(caught.value)


def test_many_problems_are_said_in_part(folder):
    with gzip.open(folder / "cells.csv.gz", "at") as file:
        file.writelines(f"z{number}{',1' * 12}\n" for number in range(50))
    with pytest.raises(DataError) as caught:
        load(folder)
    assert len(caught.value.problems) == 11
    assert caught.value.problems[-1] == "… and perhaps more problems of this table"


def test_folder_refuses_unknown_sectors_and_regions(folder):
    with pytest.raises(DataError, match='no sector "335".*did you mean "334"'):
        load(folder, sectors=[{"id": "335"}])
    with pytest.raises(DataError, match='no sector "9"'):
        load(folder, suppliers=[{"sector": "334", "from": {"9": 1.0}}])
    with pytest.raises(DataError, match='no region "atlantis"'):
        load(folder, regions=[{"id": "atlantis", "finance": 2.0}])
    (folder / "suppliers.csv").write_text("sector,supplier,share\n334,999,1\n")
    with pytest.raises(DataError, match="row 2, column supplier: no sector '999'"):
        load(folder)
    (folder / "suppliers.csv").write_text("sector,supplier,share\n722,334,1\n334,722,0\n334,334,0\n")
    with pytest.raises(
        DataError, match=r"suppliers\.csv: row 3, column share: all shares of sector '334' are 0"
    ):
        load(folder)


def test_damaged_file(folder):
    packed = (folder / "cells.csv.gz").read_bytes()
    for damaged in (packed[: len(packed) // 2], packed[:10] + 20 * b"\xff"):
        (folder / "cells.csv.gz").write_bytes(damaged)
        with pytest.raises(DataError, match="cannot be read as a table"):
            load(folder)


def test_files_that_are_not_utf8_are_refused_with_their_line(folder):
    (folder / "regions.csv").write_bytes(REGIONS.replace("Bville", "Bodø").encode("latin-1"))
    words = r"regions\.csv: line 3: not UTF-8: found the byte 0xF8 after 'b,Bod'; allowed: text in UTF-8"
    with pytest.raises(DataError, match=words):
        load(folder)
    (folder / "regions.csv").write_text(REGIONS.replace("Bville", "Bodø"), encoding="utf-8-sig")
    assert load(folder).region_names == ["Aville", "Bodø"]
    cells = CELLS.replace("b,722", "ø,722").encode("latin-1")
    (folder / "cells.csv.gz").write_bytes(gzip.compress(cells))
    with pytest.raises(DataError, match=r"cells\.csv\.gz: line 5: not UTF-8: found the byte 0xF8; allowed"):
        load(folder)
    (folder / "cells.csv.gz").write_bytes(gzip.compress(CELLS.encode("utf-16")))
    with pytest.raises(DataError, match=r"cells\.csv\.gz: line 1: not UTF-8: found the byte 0xFF; allowed"):
        load(folder)


def test_missing_folder_says_what_is_needed(tmp_path, monkeypatch):
    monkeypatch.delenv("TECHNOPOLE_DATA", raising=False)
    cfg = Config.from_dict({"data": {"kind": "folder"}})
    with pytest.raises(DataError) as caught:
        load_tables(cfg)
    message = str(caught.value)
    assert caught.value.exit_code == 2
    for word in ("--data", "TECHNOPOLE_DATA", "docs/DATA.md", "Census Bureau", "BEA", "NCSES"):
        assert word in message
    monkeypatch.setenv("TECHNOPOLE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"nowhere \(TECHNOPOLE_DATA\) does not exist"):
        load_tables(cfg)
    with pytest.raises(DataError, match="no file us_cbsa_naics3_size_2019.csv.*County Business Patterns"):
        load(tmp_path)


def test_environment_variable_is_used(folder, monkeypatch):
    monkeypatch.setenv("TECHNOPOLE_DATA", str(folder))
    assert load_tables(Config.from_dict({"data": {"kind": "folder", "scale": 1.0}})).employment.size == 75


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("rd_intensity", "6", r"sectors.csv: row 2, column rd_intensity: 6 is above 0.5"),
        ("rd_intensity", "-0.1", r"row 2, column rd_intensity: -0.1 is below 1e-06"),
        ("labour_share", "60", r"row 2, column labour_share: 60 is above 1"),
        ("demand_growth", "3", r"row 2, column demand_growth: 3 is above"),
        ("high_tech", "high", r"row 2, column high_tech: found 'high'; allowed: 1 or 0"),
    ],
)
def test_values_of_sectors_have_the_ranges_of_the_parameters(folder, column, value, message):
    """Per cent in place of a share would otherwise run, and give results."""
    (folder / "sectors.csv").write_text(f"id,{column}\n334,{value}\n722,\n")
    with pytest.raises(DataError, match=message):
        load(folder)


@pytest.mark.parametrize("word", ["1", "0", "TRUE", "False", "yes", ""])
def test_kinds_of_sectors_in_words(folder, word):
    (folder / "sectors.csv").write_text(f"id,high_tech\n334,{word}\n722,0\n")
    assert load(folder).high_tech[0] == (word in ("1", "TRUE", "yes"))


def test_a_sector_stands_once_in_its_table(folder):
    (folder / "sectors.csv").write_text("id,markup\n334,0.1\n722,\n334,0.3\n")
    with pytest.raises(DataError, match=r"sectors.csv: row 4: sector 334 is listed a second time"):
        load(folder)


def test_misspelt_columns_do_not_pass_for_absent(folder):
    (folder / "sectors.csv").write_text("id,hightech,rd_intensty,remarks\n334,1,0.1,a\n722,0,0.1,b\n")
    with pytest.raises(DataError) as failure:
        load(folder)
    lines = str(failure.value).splitlines()
    assert len(lines) == 2
    assert 'column hightech is not read; did you mean "high_tech"?' in lines[0]
    assert 'column rd_intensty is not read; did you mean "rd_intensity"?' in lines[1]
    (folder / "sectors.csv").unlink()
    (folder / "regions.csv").write_text("id,lat,lon,Universtiy,population\na,40,10,1,5\nb,41,10,2,6\n")
    with pytest.raises(
        DataError, match=r'regions.csv: column Universtiy is not read; did you mean "university"'
    ):
        load(folder)
    (folder / "regions.csv").write_text("id,latitude,longitude\na,40,10\nb,41,10\n")
    with pytest.raises(DataError, match=r"no column lat \(found: id, latitude, longitude\); .*\(degrees\)"):
        load(folder)
    (folder / "regions.csv").write_text(REGIONS)
    (folder / "cells.csv.gz").unlink()
    (folder / "cells.csv").write_text(CELLS.replace("employment", "Employment"))
    with pytest.raises(DataError, match=r'column Employment is not read; did you mean "employment"'):
        load(folder)


def test_a_region_written_in_another_way_is_shown_the_nearest(folder):
    (folder / "regions.csv").write_text("id,lat,lon\nnorth,40,10\nb,41,10\n")
    with gzip.open(folder / "cells.csv.gz", "wt") as file:
        file.write(CELLS.replace("\na,", "\nNorth,"))
    with pytest.raises(DataError, match=r'region North has no position; did you mean "north"\?'):
        load(folder)


def test_files_with_other_names(folder):
    for name in ("supplier.csv", "Sectors.csv"):
        (folder / name).write_text("id\n334\n722\n")
        with pytest.raises(DataError, match=rf'{name}: is not read; did you mean "s[a-z]+s.csv"'):
            load(folder)
        (folder / name).unlink()
    (folder / "distances_of_roads.csv").write_text("a\n")
    load(folder)
    (folder / "relatedness.csv").write_text("from,to,relatedness\n334,722,0.5\n")
    with pytest.raises(DataError, match=r"relatedness.csv: is not read; .* column group of sectors.csv"):
        load(folder)
    (folder / "relatedness.csv").unlink()
    (folder / "cells.csv.gz").rename(folder / "firms.csv.gz")
    with pytest.raises(DataError) as failure:
        load(folder)
    assert "no file cells.csv, which tables of your own need" in str(failure.value)
    assert "found: distances_of_roads.csv, firms.csv.gz, regions.csv" in str(failure.value)


def test_distances_of_the_configuration_and_of_a_table(folder):
    """They were passed over, unknown regions too."""
    near = load(folder)
    assert near.distances[0, 1] == pytest.approx(111.2, abs=0.1)
    given = load(folder, distances=[["a", "b", 700.0]])
    assert given.metric == "great_circle"  # of the positions, for maps
    assert given.distances.tolist() == [[0.0, 700.0], [700.0, 0.0]]
    assert np.array_equal(given.positions, near.positions)
    with pytest.raises(
        DataError, match=r'\[\[distances\]\] no. 1: no region "bb" in the data; did you mean "b"'
    ):
        load(folder, distances=[["a", "bb", 700.0]])
    (folder / "distances.csv").write_text("from,to,distance\na,b,3.5\nb,a,4\n")
    assert load(folder).distances.tolist() == [[0.0, 3.5], [4.0, 0.0]]
    assert load(folder, distances=[["a", "b", 700.0]]).distances[0, 1] == 700.0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,b,3\na,b,4", r"distances.csv: row 3: the way from a to b is listed a second time"),
        ("a,b,far", r"row 2, column distance: 'far' is not a number"),
        ("a,a,3\na,b,2", r"row 2: 3 from a region to itself"),
        ("a,a,0", r"distances.csv: no distance between a and b; every pair of regions needs one"),
        ("a,c,1", r'distances.csv: row 2: no region "c" in the data'),
    ],
)
def test_tables_of_distances_that_are_refused(folder, rows, message):
    (folder / "distances.csv").write_text(f"from,to,distance\n{rows}\n")
    with pytest.raises(DataError, match=message):
        load(folder)


def test_distances_of_regions_of_another_kind_are_passed_over(folder):
    (folder / "regions.csv").write_text("id,kind,lat,lon\na,metro,40,10\nb,metro,41,10\nc,micro,42,10\n")
    (folder / "distances.csv").write_text("from,to,distance\na,b,3\na,c,4\n")
    assert load(folder).distances.tolist() == [[0.0, 3.0], [3.0, 0.0]]


def test_a_region_without_infrastructure_is_refused(folder):
    (folder / "regions.csv").write_text("id,lat,lon,infrastructure,services\na,40,10,0,0\nb,41,10,2,1\n")
    with pytest.raises(DataError) as failure:
        load(folder)
    assert str(failure.value).endswith(
        "regions.csv: row 2, column infrastructure: found 0; allowed: above 0, for crowding divides by it"
    )


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_are_named(folder, mark, name):
    (folder / "regions.csv").write_text(REGIONS.replace(",", mark))
    with pytest.raises(DataError, match=f"columns are separated by commas, not by {name}$"):
        load(folder)
