"""Original files of the County Business Patterns: layouts of several years, counts not shown, refusals."""

import gzip
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from technopole.config.config import Config
from technopole.data.cbp_files import read_cbp
from technopole.data.loading import load_tables
from technopole.errors import DataError

REAL = Path(os.environ.get("TECHNOPOLE_DATA", "") or "/nonexistent") / "census_cbp17us.txt.gz"
needs_data = pytest.mark.skipif(
    not REAL.is_file(), reason="needs census_cbp17us.txt.gz: set TECHNOPOLE_DATA (see docs/DATA.md)"
)

CLASSES = ["n5_9", "n10_19", "n20_49", "n50_99", "n100_249", "n250_499", "n500_999", "n1000"]

# US file of 2017: legal forms, employment by class, "N" for fewer than three
US_2017 = (
    '"uscode","naics","lfo","emp_nf","emp","est","e<5","e5_9","n<5",'
    + ",".join(f'"{n}"' for n in CLASSES)
    + "\n"
    '"98","------","-","G",2000,200,0,0,200,"N","N","N","N","N","N","N","N"\n'
    '"98","31----","-","G",1500,100,120,200,60,30,"N","N","N",6,"N","N","N"\n'
    '"98","334///","-","G",600,50,60,100,30,15,4,"N","N","N","N","N","N"\n'
    '"98","334///","C","G",500,40,60,100,30,5,4,"N","N","N","N","N","N"\n'
    '"98","335///","-","D",0,10,10,"N",6,"N",4,"N","N","N","N","N","N"\n'
    '"98","3341//","-","G",300,20,40,"N",20,"N","N","N","N","N","N","N","N"\n'
)
# county file of 2012: letters for suppressed employment, first class n1_4, no legal form
COUNTY_2012 = (
    "FIPSTATE,FIPSCTY,NAICS,EMPFLAG,EMP_NF,EMP,EST,N1_4,"
    + ",".join(n.upper() for n in CLASSES)
    + ",N1000_1\n"
    "1,1,722///,,G,200,12,4,4,2,2,0,0,0,0,0,0\n"
    "1,1,334///,B,D,0,5,2,1,1,1,0,0,0,0,0,0\n"
    "1,3,722///,,G,90,8,4,2,1,1,0,0,0,0,0,0\n"
    "1,999,722///,,G,5,2,2,0,0,0,0,0,0,0,0,0\n"
)
MSA_2018 = (
    "msa,naics,emp_nf,emp,est,n<5," + ",".join(CLASSES) + "\n"
    "10180,722///,G,200,12,4,4,2,2,N,N,N,N,N\n10420,722///,G,90,8,4,2,N,N,N,N,N,N,N\n"
)
STATE_2016 = (
    "fipstate,lfo,naics,empflag,emp,est,n1_4," + ",".join(CLASSES) + "\n"
    "1,-,722///,,200,12,4,4,2,2,0,0,0,0,0\n1,C,722///,,100,6,4,2,0,0,0,0,0,0,0\n2,-,722///,,90,8,4,2,1,1,0,0,0,0,0\n"
)


def write(folder, text, name="cbp.txt"):
    path = folder / name
    path.write_text(text)
    return path


def load(path, **more):
    data = {"kind": "cbp", "path": str(path), "scale": 1.0}
    return load_tables(Config.from_dict({"data": data, **more}))


def counts(tables):
    return np.diff(tables.offsets).reshape(len(tables.region_ids), -1)


def test_us_file(tmp_path):
    level, rows = read_cbp(write(tmp_path, US_2017), [])
    assert level == "us" and [row.sector for row in rows] == ["334", "335"]
    first, second = rows
    assert first.classes[:3].tolist() == [30.0, 15.0, 4.0] and first.classes.sum() == 50.0
    assert first.employment == 600.0 and first.means[:2] == pytest.approx([2.0, 100 / 15])
    assert np.isnan(first.means[2:]).all()
    assert np.isnan(second.employment) and second.classes.sum() == 10.0


def test_us_file_makes_one_region(tmp_path):
    tables = load(write(tmp_path, US_2017))
    assert tables.region_ids == ["US"] and tables.sector_ids == ["334", "335"]
    assert counts(tables).tolist() == [[50, 10]]
    assert tables.employment[:50].sum() == pytest.approx(600, rel=0.02)
    assert tables.employment[50:].sum() == pytest.approx(6 * 2 + 4 * 14, rel=0.3)
    assert tables.high_tech.tolist() == [True, False]


def test_sectors_choose_the_industries(tmp_path):
    path = write(tmp_path, US_2017)
    tables = load(path, sectors=[{"id": "31-33", "high_tech": True}, {"id": "3341", "name": "Computers"}])
    assert tables.sector_ids == ["31-33", "3341"] and tables.high_tech.tolist() == [True, True]
    assert tables.sector_names == ["Manufacturing", "Computers"]
    assert counts(tables).sum() in (119, 120, 121)
    with pytest.raises(DataError, match="no establishments in sector 722"):
        load(path, sectors=[{"id": "334"}, {"id": "722"}])


def test_us_file_over_regions(tmp_path):
    regions = [
        {"id": "a", "lat": 1.0, "lon": 2.0, "population": 3.0},
        {"id": "b", "lat": 2.0, "lon": 2.0, "population": 1.0},
    ]
    tables = load(write(tmp_path, US_2017), regions=regions)
    firms = counts(tables)
    assert firms.sum(axis=0) == pytest.approx([50, 10], abs=1) and firms[0, 0] > firms[1, 0]
    with pytest.raises(DataError, match="region b has no position"):
        load(tmp_path / "cbp.txt", regions=[regions[0], {"id": "b", "population": 1.0}])


def test_hidden_classes_share_what_is_left(tmp_path):
    _, rows = read_cbp(write(tmp_path, US_2017), ["31-33"])
    classes = rows[0].classes
    assert classes.sum() == 100.0
    assert classes[[0, 1, 5]].tolist() == [60.0, 30.0, 6.0]
    # 4 establishments and about 350 jobs are left: none of them can have 1000 workers
    assert classes[2] == classes[3] == classes[4] > 0.0 and classes[8] == 0.0


COUNTIES = [{"id": "01001", "lat": 32.5, "lon": -86.6}, {"id": "01003", "lat": 30.7, "lon": -87.7}]


def test_county_file_of_old_layout(tmp_path):
    tables = load(write(tmp_path, COUNTY_2012), regions=COUNTIES)
    assert tables.region_ids == ["01001", "01003"] and tables.sector_ids == ["334", "722"]
    assert counts(tables).tolist() == [[5, 12], [0, 8]]  # the statewide row, county 999, has no place
    by_cell = [tables.employment[tables.offsets[c] : tables.offsets[c + 1]].sum() for c in range(4)]
    assert by_cell[1] == pytest.approx(200, rel=0.02) and by_cell[3] == pytest.approx(90, rel=0.02)
    assert 40 < by_cell[0] < 100  # suppressed: what its classes imply
    assert load(tmp_path / "cbp.txt", regions=COUNTIES[1:]).employment.size == 8


def test_state_and_metropolitan_files_with_a_table_of_regions(tmp_path):
    path = write(tmp_path, STATE_2016)
    with pytest.raises(DataError, match="areas have no positions.*regions.csv"):
        load(path)
    (tmp_path / "us_states.csv").write_text(
        "fips,name,lat,lon\n01,Alabama,32.8,-86.8\n02,Alaska,64.2,-152.6\n"
    )
    tables = load(path)
    assert tables.region_names == ["Alabama", "Alaska"] and counts(tables).tolist() == [[12], [8]]
    path = write(tmp_path, MSA_2018)
    (tmp_path / "regions.csv").write_text(
        "id,name,lat,lon,university\n10420,Akron,41.1,-81.5,3\n10180,Abilene,32.4,-99.7,1\n"
    )
    tables = load(path)
    assert tables.region_names == ["Akron", "Abilene"] and counts(tables).tolist() == [[8], [12]]
    assert tables.stocks["university"].tolist() == [1.5, 0.5]
    (tmp_path / "regions.csv").write_text("id,name,lat,lon\n10420,Akron,41.1,-81.5\n")
    with pytest.raises(DataError, match="area 10180 has no position in regions.csv"):
        load(path)


def test_packed_files_and_folders(tmp_path):
    expected = load(write(tmp_path, US_2017))
    (tmp_path / "cbp.txt").unlink()
    (tmp_path / "cbp17us.txt.gz").write_bytes(gzip.compress(US_2017.encode()))
    assert np.array_equal(load(tmp_path).employment, expected.employment)
    with zipfile.ZipFile(tmp_path / "cbp17us.zip", "w") as archive:
        archive.writestr("Cbp17us.txt", US_2017)
    assert np.array_equal(load(tmp_path / "cbp17us.zip").employment, expected.employment)
    with pytest.raises(DataError, match="several County Business Patterns files.*name one"):
        load(tmp_path)
    with zipfile.ZipFile(tmp_path / "cbp17us.zip", "w") as archive:
        archive.writestr("cbp17us.txt", US_2017.encode() + b"\xf8\n")
    last = len(US_2017.splitlines()) + 1
    with pytest.raises(
        DataError, match=rf"cbp17us\.zip: line {last}: not UTF-8: found the byte 0xF8; allowed"
    ):
        load(tmp_path / "cbp17us.zip")
    (tmp_path / "cbp17us.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match="cannot be read as a .zip file"):
        load(tmp_path / "cbp17us.zip")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"n<5"', '"n_small"', "no column n<5 or n1_4"),
        ('"naics"', '"industry"', "no column naics"),
        ("600,50,", "600,-50,", "row 4: '-50' is no count"),
        ("600,50,", "nan,50,", "row 4: 'nan' is no count"),
        ("600,50,", "600,50.5,", "row 4: '50.5' is no count"),
        ("600,50,", "600,40,", "row 4: the size classes sum to 49, more than the 40"),
        ('600,50,60,100,30,15,4,"N","N","N","N","N","N"', "600,50", "row 4 has 6 values"),
        ('"334///","C"', '"334///","-"', "row 5: area US, industry 334 occurs a second time"),
    ],
)
def test_refusals(tmp_path, old, new, message):
    if "size classes" in message:
        old, new = "600,50,60", "600,40,60"
    assert old in US_2017
    with pytest.raises(DataError, match=message) as caught:
        load(write(tmp_path, US_2017.replace(old, new, 1)))
    assert "cbp.txt" in str(caught.value) and caught.value.exit_code == 2


def test_all_problems_are_said_at_once(tmp_path):
    wrong = US_2017.replace("600,50,", "600,-50,", 1)
    with pytest.raises(DataError) as caught:
        load(write(tmp_path, wrong + "98,336\n"))
    assert [line.partition(": row ")[2][:1] for line in caught.value.problems] == ["4", "8"]


def test_missing_files(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"no file such as cbp17us\.txt.*US Census Bureau"):
        load(tmp_path)
    monkeypatch.delenv("TECHNOPOLE_DATA", raising=False)
    with pytest.raises(DataError, match="County Business Patterns in their original text format.*--data"):
        load_tables(Config.from_dict({"data": {"kind": "cbp"}}))
    with pytest.raises(DataError, match="no establishments of three-digit industries"):
        load(write(tmp_path, US_2017.splitlines()[0] + "\n"))
    with pytest.raises(DataError, match="no column naics"):
        load(write(tmp_path, ""))


@needs_data
def test_real_us_file():
    tables = load_tables(Config.from_dict({"data": {"kind": "cbp", "path": str(REAL)}}))
    assert tables.region_ids == ["US"] and len(tables.sector_ids) == 86
    assert abs(tables.employment.size - 78_529) <= 86
    assert tables.employment.sum() == pytest.approx(1_285_000, rel=0.02)
    _, rows = read_cbp(REAL, ["31-33", "44-45", "99"])
    assert [row.sector for row in rows] == ["31-33", "44-45", "99"]
    assert [row.classes.sum() for row in rows] == [290_936, 1_064_449, 7762]


@needs_data
def test_real_folder_finds_the_file():
    tables = load_tables(
        Config.from_dict({"data": {"kind": "cbp", "path": str(REAL.parent)}, "sectors": [{"id": "5415"}]})
    )
    assert tables.sector_ids == ["5415"] and tables.employment.size > 1000
