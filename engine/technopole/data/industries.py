"""Facts about industries: the North American Industry Classification System (NAICS) and input–output codes.

Sector ids are NAICS codes of any length, or ranges such as ``31-33``.
"""

SECTOR_RANGES = {
    "31": "31-33",
    "32": "31-33",
    "33": "31-33",
    "44": "44-45",
    "45": "44-45",
    "48": "48-49",
    "49": "48-49",
}

# Three-digit industries with at least one of the fourteen "level I" high-technology industries of Hecker,
# D. (2005), "High-technology employment: a NAICS-based update", Monthly Labor Review 128(7), table 1: those
# whose share of scientists, engineers and technicians is at least five times the average. His 516 and part
# of his 518 are 519 since NAICS 2007.
HIGH_TECH = frozenset({"325", "334", "336", "511", "517", "518", "519", "541"})
# At two digits: the sectors most of whose level-I employment is their own; manufacturing as a whole is
# traditional.
HIGH_TECH_SECTORS = frozenset({"51", "54"})

NAMES = {
    "11": "Agriculture, forestry, fishing and hunting",
    "21": "Mining, quarrying, and oil and gas extraction",
    "22": "Utilities",
    "23": "Construction",
    "31-33": "Manufacturing",
    "42": "Wholesale trade",
    "44-45": "Retail trade",
    "48-49": "Transportation and warehousing",
    "51": "Information",
    "52": "Finance and insurance",
    "53": "Real estate and rental and leasing",
    "54": "Professional, scientific and technical services",
    "55": "Management of companies and enterprises",
    "56": "Administrative, support, waste management services",
    "61": "Educational services",
    "62": "Health care and social assistance",
    "71": "Arts, entertainment and recreation",
    "72": "Accommodation and food services",
    "81": "Other services",
    "99": "Industries not classified",
    "113": "Forestry and logging",
    "114": "Fishing, hunting and trapping",
    "115": "Support for agriculture and forestry",
    "211": "Oil and gas extraction",
    "212": "Mining (except oil and gas)",
    "213": "Support for mining",
    "221": "Utilities",
    "236": "Construction of buildings",
    "237": "Heavy and civil engineering construction",
    "238": "Specialty trade contractors",
    "311": "Food manufacturing",
    "312": "Beverages and tobacco",
    "313": "Textile mills",
    "314": "Textile product mills",
    "315": "Apparel",
    "316": "Leather",
    "321": "Wood products",
    "322": "Paper",
    "323": "Printing",
    "324": "Petroleum and coal products",
    "325": "Chemicals",
    "326": "Plastics and rubber",
    "327": "Nonmetallic mineral products",
    "331": "Primary metals",
    "332": "Fabricated metal products",
    "333": "Machinery",
    "334": "Computers and electronics",
    "335": "Electrical equipment and appliances",
    "336": "Transportation equipment",
    "337": "Furniture",
    "339": "Miscellaneous manufacturing",
    "423": "Wholesale: durable goods",
    "424": "Wholesale: nondurable goods",
    "425": "Wholesale agents and brokers",
    "441": "Motor vehicle and parts dealers",
    "442": "Furniture stores",
    "443": "Electronics and appliance stores",
    "444": "Building material and garden dealers",
    "445": "Food and beverage stores",
    "446": "Health and personal care stores",
    "447": "Gasoline stations",
    "448": "Clothing stores",
    "451": "Sporting goods, hobby and book stores",
    "452": "General merchandise stores",
    "453": "Miscellaneous store retailers",
    "454": "Nonstore retailers",
    "481": "Air transportation",
    "482": "Rail transportation",
    "483": "Water transportation",
    "484": "Truck transportation",
    "485": "Transit and ground passenger transportation",
    "486": "Pipeline transportation",
    "487": "Sightseeing transportation",
    "488": "Support for transportation",
    "491": "Postal service",
    "492": "Couriers and messengers",
    "493": "Warehousing and storage",
    "511": "Publishing, including software",
    "512": "Motion pictures and sound recording",
    "515": "Broadcasting",
    "517": "Telecommunications",
    "518": "Data processing and hosting",
    "519": "Other information services",
    "521": "Monetary authorities",
    "522": "Credit intermediation",
    "523": "Securities and investments",
    "524": "Insurance",
    "525": "Funds and trusts",
    "531": "Real estate",
    "532": "Rental and leasing",
    "533": "Lessors of intangible assets",
    "541": "Professional, scientific and technical services",
    "551": "Management of companies and enterprises",
    "561": "Administrative and support services",
    "562": "Waste management and remediation",
    "611": "Educational services",
    "621": "Ambulatory health care",
    "622": "Hospitals",
    "623": "Nursing and residential care",
    "624": "Social assistance",
    "711": "Performing arts and spectator sports",
    "712": "Museums and historical sites",
    "713": "Amusement, gambling and recreation",
    "721": "Accommodation",
    "722": "Food services and drinking places",
    "811": "Repair and maintenance",
    "812": "Personal and laundry services",
    "813": "Religious, civic and professional organisations",
}

# Summary-level codes of the Use table (Bureau of Economic Analysis, 71 industries) and the NAICS industries
# they cover. Farms (111CA), private households and government have no establishments in County Business
# Patterns and are left out.
USE_TABLE_INDUSTRIES = {
    "113FF": ("113", "114", "115"),
    "211": ("211",),
    "212": ("212",),
    "213": ("213",),
    "22": ("221",),
    "23": ("236", "237", "238"),
    "321": ("321",),
    "327": ("327",),
    "331": ("331",),
    "332": ("332",),
    "333": ("333",),
    "334": ("334",),
    "335": ("335",),
    "3361MV": ("336",),
    "3364OT": ("336",),
    "337": ("337",),
    "339": ("339",),
    "311FT": ("311", "312"),
    "313TT": ("313", "314"),
    "315AL": ("315", "316"),
    "322": ("322",),
    "323": ("323",),
    "324": ("324",),
    "325": ("325",),
    "326": ("326",),
    "42": ("423", "424", "425"),
    "441": ("441",),
    "445": ("445",),
    "452": ("452",),
    "4A0": ("442", "443", "444", "446", "447", "448", "451", "453", "454"),
    "481": ("481",),
    "482": ("482",),
    "483": ("483",),
    "484": ("484",),
    "485": ("485",),
    "486": ("486",),
    "487OS": ("487", "488", "492"),
    "493": ("493",),
    "511": ("511",),
    "512": ("512",),
    "513": ("515", "517"),
    "514": ("518", "519"),
    "521CI": ("521", "522"),
    "523": ("523",),
    "524": ("524",),
    "525": ("525",),
    "HS": ("531",),
    "ORE": ("531",),
    "532RL": ("532", "533"),
    "5411": ("541",),
    "5415": ("541",),
    "5412OP": ("541",),
    "55": ("551",),
    "561": ("561",),
    "562": ("562",),
    "61": ("611",),
    "621": ("621",),
    "622": ("622",),
    "623": ("623",),
    "624": ("624",),
    "711AS": ("711", "712"),
    "713": ("713",),
    "721": ("721",),
    "722": ("722",),
    "81": ("811", "812", "813"),
}


def prefixes(sector: str) -> tuple[str, ...]:
    """NAICS codes that a sector id stands for.

    Parameters
    ----------
    sector : str
        A code (``334``), or a range of two-digit codes (``31-33``).

    Returns
    -------
    tuple of str
        For a range each of its codes, otherwise the code itself.
    """
    first, dash, last = sector.partition("-")
    if dash and first.isdigit() and last.isdigit() and len(first) == len(last) and int(first) <= int(last):
        return tuple(str(code) for code in range(int(first), int(last) + 1))
    return (sector,)


def overlaps(sector: str, code: str) -> bool:
    """Whether a sector covers a NAICS code, or a part of it.

    Parameters
    ----------
    sector : str
        Sector id.
    code : str
        NAICS code without a range.

    Returns
    -------
    bool
        True for ``31-33`` and ``334``, and for ``3341`` and ``334``.
    """
    return any(code.startswith(own) or own.startswith(code) for own in prefixes(sector))


def two_digit(sector: str) -> str:
    """Two-digit sector of a code, the group within which sectors are related.

    Parameters
    ----------
    sector : str
        Sector id.

    Returns
    -------
    str
        ``31-33`` for ``334``; ``51`` for ``511``.
    """
    return SECTOR_RANGES.get(sector[:2], sector[:2])


def is_high_tech(sector: str) -> bool:
    """Whether a sector counts as high-tech when the tables do not say so.

    Parameters
    ----------
    sector : str
        Sector id.

    Returns
    -------
    bool
        By :data:`HIGH_TECH` from three digits on, by :data:`HIGH_TECH_SECTORS` at two.
    """
    return sector in HIGH_TECH_SECTORS or (len(sector) >= 3 and sector[:3] in HIGH_TECH and "-" not in sector)
