"""Results for the tests of reports: small ones with known numbers, in the formats that the commands write."""

import functools
import html
import re
from html.parser import HTMLParser

import numpy as np
import xarray as xr

import technopole as tp
from conftest import SCENARIOS

TWO_REGIONS = SCENARIOS / "two-regions.toml"


@functools.lru_cache(maxsize=4)
def run_dataset(replicates=6, periods=14, seed=3):
    """Results of a real run of the smallest scenario."""
    return tp.run(TWO_REGIONS, replicates=replicates, periods=periods, seed=seed, threads=1)


def text(*values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def claims_dataset(replicates=8, over=False):
    """As ``technopole claims`` writes them: one supported, one contradicted, one open, and a further outcome."""
    rng = np.random.default_rng(7)
    effect = np.array([[0.3], [-2.0], [0.01], [0.2]]) + rng.normal(0, 0.05, (4, replicates))
    mean, half = effect.mean(1), 2.4 * effect.std(1, ddof=1) / replicates**0.5
    claim = {
        "claim": text("C1", "C5", "C9", "C1.spread"),
        "title": text(
            "Firms learn from each other", "Ties shorten the way", "The name sells", "… and become alike"
        ),
        "mechanism": text("learning", "ties", "reputation", "learning"),
        "outcome": text("mean knowledge", "mean lag", "share premium", "spread of knowledge"),
        "unit": text("log points", "years", "1", "log points"),
        "expected_sign": np.array([1, 1, 1, -1]),
        "primary": np.array([True, True, True, False]),
    }
    verdict = text("supported", "contradicted", "no effect at this precision", "contradicted")
    ds = xr.Dataset(
        {
            "effect": (("claim", "replicate"), effect),
            "estimate": ("claim", mean),
            "low": ("claim", mean - half),
            "high": ("claim", mean + half),
            "share_with_sign": ("claim", (np.sign(effect) == claim["expected_sign"][:, None]).mean(1)),
            "replicates_used": ("claim", np.full(4, replicates)),
            "verdict": ("claim", verdict),
        },
        {name: ("claim", values) for name, values in claim.items()},
        {"kind": "claims", "replicates": replicates, "seed": 1, "technopole_version": tp.__version__},
    )
    two = np.array([[0.01, 0.02, 0.03], [0.1, -0.2, 0.0]])
    ds["feedback_mean"] = (("response", "arm"), np.arange(8.0).reshape(2, 4))
    ds["feedback_estimate"] = (("response", "part"), two)
    ds["feedback_low"], ds["feedback_high"] = ds["feedback_estimate"] - 0.005, ds["feedback_estimate"] + 0.005
    horizon = np.exp(-np.arange(11.0) / 5.0)
    ds["impulse"] = (
        ("shock", "response_of", "horizon"),
        np.array([[[1.0], [0.2]], [[0.1], [1.0]]]) * horizon,
    )
    ds["impulse_low"], ds["impulse_high"] = ds["impulse"] - 0.01, ds["impulse"] + 0.01
    ds["coupling"] = ("time", np.linspace(0.4, 0.62, 12))
    ds["coupling_low"], ds["coupling_high"] = ds["coupling"] - 0.01, ds["coupling"] + 0.01
    ds["attribution"] = ("mechanism_group", np.array([0.2, 0.5]), {"units": "% per year"})
    ds["attribution_low"], ds["attribution_high"] = ds["attribution"] - 0.1, ds["attribution"] + 0.1
    ds = ds.assign_coords(
        replicate=np.arange(replicates),
        response=text("productivity growth", "cluster index"),
        response_unit=("response", text("% per year", "1")),
        arm=text("none", "cluster_to_ris", "ris_to_cluster", "both"),
        part=text("cluster_to_ris", "ris_to_cluster", "synergy"),
        shock=text("cluster", "RIS"),
        response_of=text("cluster", "RIS"),
        horizon=np.arange(11),
        time=np.arange(1, 13),
        mechanism_group=text("learning", "innovation"),
    )
    if over:
        ds = ds.assign_coords(value=[0.0, 0.5]).assign_attrs(over="learning.contact")
        for name in ("estimate", "low", "high"):
            ds[f"map_{name}"] = ds[name].expand_dims(value=ds["value"]).transpose("claim", "value")
        ds["map_verdict"] = (("claim", "value"), np.stack([verdict, verdict[::-1]], axis=1))
    return ds


def validation_dataset():
    """As ``technopole validate`` writes them: met, above the range, open range, not measurable, a real series."""
    names = {
        "title": text("tail exponent", "entry rate", "hazard falls", "mining innovators", "entry by state"),
        "unit": text("1", "year-1", "1", "1", "1"),
        "source": text("Axtell (2001)", "BDS", "Dunne et al. (1988)", "ABS", "BDS 2019"),
        "group": text("model", "model", "model", "model", "data"),
    }
    value = np.array([1.1, 0.2, 0.05, np.nan, 0.9])
    ds = xr.Dataset(
        {
            "estimate": ("fact", value),
            "low": ("fact", value - 0.02),
            "high": ("fact", value + 0.02),
            "range_low": ("fact", np.array([0.9, 0.05, 0.0, 0.015, 0.5])),
            "range_high": ("fact", np.array([1.3, 0.12, np.inf, 0.06, 1.0])),
            "passed": ("fact", np.array([True, False, True, False, True])),
            "replicates_used": ("fact", np.array([100, 100, 100, 0, 100])),
        },
        {"fact": text("tail", "entry", "hazard", "mining", "entry_by_state")}
        | {name: ("fact", values) for name, values in names.items()},
        {"kind": "validation", "replicates": 100},
    )
    return ds


def sensitivity_dataset():
    """As ``technopole sensitivity --out`` writes them."""
    first, total = np.array([[0.6, 0.1, 0.0]]), np.array([[0.8, 0.25, 0.01]])
    parts = {"S1": first, "ST": total, "S1_half_width": first * 0 + 0.03, "ST_half_width": first * 0 + 0.04}
    return xr.Dataset(
        {name: (("outcome", "parameter"), values) for name, values in parts.items()},
        {
            "outcome": text("productivity_growth"),
            "outcome_name": ("outcome", text("growth of productivity")),
            "outcome_units": ("outcome", text("period-1")),
            "parameter": text("learning.technology", "spillover.rate", "exit.closure"),
        },
        {"design": "saltelli", "points": 64, "replicates": 4, "confidence": 0.95, "title": "screening"},
    )


class Reader(HTMLParser):
    """What a page holds: elements in order, tables as lists of texts, ids, texts of headings."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.tables, self.headings = [], {}, []
        self._rows, self._open, self._skip = None, [], 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._skip += 1
        if tag == "table":
            self._rows = []
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th", "caption", "h1", "h2", "h3"):
            self._open.append([tag, ""])

    def handle_data(self, data):
        if self._open and not self._skip:
            self._open[-1][1] += data

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._skip -= 1
        if self._open and self._open[-1][0] == tag:
            _, words = self._open.pop()
            words = " ".join(words.split())
            if tag == "caption":
                self._caption = words
            elif tag in ("td", "th"):
                self._rows[-1].append(words)
            else:
                self.headings.append((tag, words))
        if tag == "table":
            self.tables[self._caption] = self._rows
            self._rows = None


def without_library(html):
    """The page without the library that draws, which takes long to parse and is not ours."""
    return re.sub(r"<script>\s*'use strict';.*?</script>", "", html, count=1, flags=re.S)


def numbers(words):
    """Numbers in a text, with signs and separators as pages write them."""
    plain = words.replace("\u2212", "-").replace(",", "")
    return [float(part) for part in re.findall(r"-?\d+(?:\.\d+)?", plain)]


def page(tmp_path, *arguments, **options):
    """The text of a report."""
    path = tp.report(*arguments, out=tmp_path / "page.html", **options)
    return path.read_text(encoding="utf-8")


def text_of(report, key):
    """What stands in a block of a page that can be copied."""
    start = report.index(f'<pre id="{key}"')
    return report[report.index(">", start) + 1 : report.index("</pre>", start)]


def unescaped(words):
    """Text of a page as people see it."""
    return html.unescape(words)
