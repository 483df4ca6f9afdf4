"""Reports in a real browser: they open quickly and alone, charts are drawn, tables sort, it works in the dark and on paper.

A Chromium is needed (Debian: ``apt install chromium``); TECHNOPOLE_CHROMIUM says where another one is.
"""

import os
import re
import shutil

import pytest

import technopole as tp
from reporting import claims_dataset, run_dataset, sensitivity_dataset, validation_dataset

pytest.importorskip("bokeh")
pytest.importorskip("jinja2")
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")

CHROMIUM = os.environ.get("TECHNOPOLE_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="needs a Chromium: apt install chromium, or TECHNOPOLE_CHROMIUM"
    ),
]
SECONDS = 3.0
CONTRAST = 4.5
"""Of text against what is behind it, WCAG 2 level AA."""
WAIT = 60_000

COUNT_DRAWN = """() => {
  const shapes = (node) => [...node.children].reduce(
    (sum, child) => sum + (["path", "text", "circle", "rect"].includes(child.localName) ? 1 : 0)
      + shapes(child) + (child.shadowRoot ? shapes(child.shadowRoot) : 0), 0);
  return Object.fromEntries([...document.querySelectorAll("[data-chart]")].map(
    (place) => [place.dataset.chart, place.clientHeight > 50 ? shapes(place) : 0]));
}"""

LOW_CONTRAST = """(least) => {
  const numbers = (colour) => {
    const [r, g, b, a] = colour.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a === undefined ? 1 : a];
  };
  const light = (c) => c.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour[3] > 0.99) return colour;
    }
    return [255, 255, 255, 1];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(node.tagName)) continue;
    if (node.closest(".hidden, .skip, details:not([open]) > .scroll, details:not([open]) > pre")) continue;
    const [a, b] = [light(numbers(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < least) found.push(`${node.tagName}.${node.className} ${ratio.toFixed(2)}`);
  }
  return [...new Set(found)];
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report with everything on it."""
    return tp.report(
        run_dataset(),
        tmp_path_factory.mktemp("browser") / "report.html",
        claims=claims_dataset(over=True),
        validation=validation_dataset(),
        sensitivity=sensitivity_dataset(),
    )


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def opened(browser, report, until="[data-charts]", **options):
    """The page, with what it logged and asked the network for; first charts are drawn, or all."""
    page = browser.new_context(**options).new_page()
    page.logged, page.asked = [], []
    page.on("console", lambda message: page.logged.append((message.type, message.text)))
    page.on("pageerror", lambda error: page.logged.append(("exception", str(error))))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(report.as_uri())
    page.wait_for_selector(f"html{until}", timeout=WAIT)
    return page


@pytest.fixture(scope="module")
def page(browser, report):
    """One page for the tests that leave it as it is, or put it back."""
    return opened(
        browser, report, "[data-charts=drawn]", viewport={"width": 1200, "height": 900}, color_scheme="light"
    )


def test_opens_without_errors_and_without_the_network(page, report):
    bad = [entry for entry in page.logged if entry[0] in ("error", "warning", "exception")]
    assert not bad
    assert page.asked == [report.as_uri()]


def test_every_chart_is_drawn(page):
    drawn = page.evaluate(COUNT_DRAWN)
    assert len(drawn) > 20
    empty = [name for name, shapes in drawn.items() if shapes < 8]
    assert not empty


def test_opens_in_time_and_can_be_used_by_keyboard(browser, report):
    page = browser.new_context(viewport={"width": 1200, "height": 900}).new_page()
    session = page.context.new_cdp_session(page)
    # time of the processor, so that a busy machine does not count
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(report.as_uri())
    page.wait_for_selector("html[data-charts]", timeout=WAIT)
    metrics = {row["name"]: row["value"] for row in session.send("Performance.getMetrics")["metrics"]}
    assert 0.0 < metrics["TaskDuration"] < SECONDS
    assert page.is_visible("h1") and page.is_visible(".card")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.context.close()


def rows(page, caption, column):
    table = page.locator("table", has=page.locator("caption", has_text=caption)).first
    return table, [
        words.strip() for words in table.locator(f"tbody tr > :nth-child({column})").all_text_contents()
    ]


def test_tables_sort_by_click_and_by_keyboard(page):
    table, before = rows(page, "All facts", 3)
    table.locator("xpath=ancestor::details").locator("summary").click()
    heading = table.locator("thead th").nth(2)
    heading.locator("button").click()
    _, falling = rows(page, "All facts", 3)
    assert falling == ["1.100", "0.900", "0.200", "0.050", "–"] != before
    assert heading.get_attribute("aria-sort") == "descending"
    page.keyboard.press("Enter")
    _, rising = rows(page, "All facts", 3)
    assert rising == ["0.050", "0.200", "0.900", "1.100", "–"]
    assert heading.get_attribute("aria-sort") == "ascending"
    assert page.locator("#said").text_content().startswith("sorted by model, ascending")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    _, facts = rows(page, "All facts", 1)
    assert facts == sorted(facts, key=str.casefold)
    assert heading.get_attribute("aria-sort") is None
    assert table.locator("thead th").first.get_attribute("aria-sort") == "ascending"


def test_names_in_the_legend_hide_their_lines(page):
    figure = page.locator("#figure-turnover")
    name = figure.locator("[data-series='0']")
    visible = """() => Bokeh.documents.map((one) => one.roots()[0]).find((plot) => plot.tags[0]?.[0] === "new firms")
        .renderers.map((one) => [one.name, one.visible])"""
    name.click()
    assert name.get_attribute("aria-pressed") == "false"
    shown = page.evaluate(visible)
    assert {on for series, on in shown if series == "series 0"} == {False}
    assert {on for series, on in shown if series == "series 1"} == {True}
    name.press("Enter")
    assert name.get_attribute("aria-pressed") == "true"
    assert all(on for _, on in page.evaluate(visible))


def test_pointing_at_a_chart_shows_its_numbers(page):
    chart = page.locator("#figure-firms .chart")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    tooltip = page.locator(".bk-tooltip-content")
    across = [(x, y) for x in range(30, 100, 3) for y in range(8, 80, 4)]
    for x, y in across:
        page.mouse.move(box["x"] + box["width"] * x / 100.0, box["y"] + box["height"] * y / 100.0)
        if tooltip.count():
            break
    words = tooltip.first.inner_text()
    assert re.match(r"year \d+: [\d,.]+\s+95 % interval [\d,.]+ to [\d,.]+", words), words
    page.mouse.move(0, 0)


def test_light_and_dark_follow_the_system_and_the_button(browser, report, page):
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert not page.evaluate(LOW_CONTRAST, CONTRAST)
    dark = opened(browser, report, color_scheme="dark")
    theme = "document.documentElement.dataset.theme"
    back = "getComputedStyle(document.body).backgroundColor"
    look = "getComputedStyle(document.querySelector('.chart')).filter"
    assert dark.evaluate(theme) == "dark"
    assert max(map(int, re.findall(r"\d+", dark.evaluate(back)))) < 60
    assert "invert" in dark.evaluate(look)
    assert not dark.evaluate(LOW_CONTRAST, CONTRAST)
    button = dark.locator("#theme")
    assert button.get_attribute("aria-pressed") == "true"
    button.press("Enter")
    assert dark.evaluate(theme) == "light" and button.get_attribute("aria-pressed") == "false"
    assert dark.evaluate(look) == "none"
    button.click()
    dark.emulate_media(media="print")
    assert dark.evaluate(look) == "none" and dark.evaluate(back) == "rgb(255, 255, 255)"
    dark.context.close()


def test_phones_need_no_sideways_scrolling(browser, report):
    phone = opened(browser, report, viewport={"width": 360, "height": 740}, device_scale_factor=2)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    assert phone.locator("#theme").is_visible()
    phone.context.close()


@pytest.mark.parametrize("width", [1200, 700])
def test_names_of_sections_are_not_cut(browser, report, width):
    page = opened(browser, report, viewport={"width": width, "height": 900})
    cut = page.evaluate(
        "(() => { const nav = document.querySelector('nav').getBoundingClientRect();"
        " return [...document.querySelectorAll('nav a')]"
        ".filter((link) => link.getBoundingClientRect().right > nav.right + 1).map((link) => link.textContent) })()"
    )
    assert cut == []
    page.context.close()


def test_prints(page):
    paper = page.pdf(format="A4")
    assert paper.startswith(b"%PDF-") and len(paper) > 50_000
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) >= 4
    zoom = page.evaluate("document.querySelector('.wide .chart').style.getPropertyValue('--print-zoom')")
    assert 0.3 < float(zoom) < 1.0
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible() and not page.locator("#print").is_visible()
    assert page.locator("h1").is_visible() and page.locator(".chart").first.is_visible()
    page.emulate_media(media="screen")


def test_command_is_copied_and_configuration_saved(page, tmp_path):
    page.locator("[data-copy=command]").click()
    page.wait_for_function("document.getElementById('said').textContent !== ''")
    assert page.locator("#said").text_content() in ("Copied", "Marked: press Ctrl+C")
    with page.expect_download() as download:
        page.locator("[data-save=config]").click()
    assert download.value.suggested_filename == "two-regions.toml"
    download.value.save_as(tmp_path / "two-regions.toml")
    config = tp.Config.from_toml(tmp_path / "two-regions.toml")
    assert config.digest() == run_dataset().attrs["config_digest"]


def test_page_can_be_read_without_javascript(browser, report):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(report.as_uri())
    assert page.locator("noscript").first.is_visible()
    page.locator("summary", has_text="Key results").click()
    assert page.locator("table", has_text="growth of productivity").first.is_visible()
    page.context.close()
