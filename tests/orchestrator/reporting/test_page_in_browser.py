"""The HTML report as people see it: in a real browser, wide and narrow, light and dark."""

import csv
import io
import re
from dataclasses import replace

import pytest

from orchestrator.reporting.formats.csv_text import csv_text
from orchestrator.reporting.page.page import write_page
from orchestrator.reporting.publication import tables_of
from orchestrator.reporting.selection import everything

pytestmark = pytest.mark.slow

PHONE, DESKTOP = 360, 1280
LEAST_CONTRAST = 4.5
"""Of text against what is behind it, as WCAG 2.2 asks for at level AA."""
CONTRASTS = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const found = rgb(getComputedStyle(e).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const light = (c) => c.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const words = "h1, h2, h3, h4, p, td, th, a, label, legend, dt, dd, button, svg text";
  return [...document.querySelectorAll(words)].filter((e) => e.textContent.trim()).map((e) => {
    const style = getComputedStyle(e);
    const own = e instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(rgb(own)), light(behind(e))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), `${e.tagName} ${e.textContent.trim().slice(0, 30)}`];
  });
}"""


class Seen:
    """What a page has said and asked for."""

    def __init__(self, page):
        self.said, self.asked = [], []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))


@pytest.fixture
def report(lively, tmp_path):
    tables = tables_of(lively, None, everything(lively.config))
    return write_page(lively, None, tables, tmp_path), tables


@pytest.fixture
def opened(report, chromium):
    """Returns `opened(width, scheme)`: the report in a page, and what that has said."""
    path, _ = report
    contexts = []

    def open_page(width=DESKTOP, scheme="light"):
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        seen = Seen(page)
        page.goto(path.as_uri())
        page.wait_for_function("document.querySelectorAll('figure svg.chart').length > 5")
        return page, seen

    yield open_page
    for context in contexts:
        context.close()


def num_marks(page, chart):
    return page.locator(f"[data-chart={chart}] [data-trial]").count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_the_page_fits_can_be_read_says_nothing_and_asks_for_nothing(width, scheme, opened, report):
    page, seen = opened(width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.said == []
    assert seen.asked == [report[0].as_uri()]
    for chart in ("pareto", "response", "progress", "training", "parallel", "importance"):
        box = page.locator(f"[data-chart={chart}] svg.chart").first.bounding_box()
        assert box["width"] > 0.6 * min(width, 300), chart
    low = [found for found in page.evaluate(CONTRASTS) if found[0] < LEAST_CONTRAST]
    # Within a bar of the last chart a number stands on the bar, not on the page.
    assert [what for _, what in low if "%" not in what] == []


def test_the_numbers_on_the_page_are_the_csvs(opened, report):
    page, _ = opened()
    for name, table in report[1].items():
        rows = list(csv.DictReader(io.StringIO(csv_text(table))))
        found = page.locator(f"table[data-table={name}]")
        headings = found.locator("thead th").all_inner_texts()
        shown = found.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.dataset.value))"
        )
        assert shown == [[row[heading] for heading in headings] for row in rows], name
    assert {"table", "pareto", "trials", "ledger"} <= report[1].keys()


def test_filters_take_trials_out_of_charts_and_tables(opened):
    page, _ = opened()
    assert page.locator("#count").inner_text() == "18 of 18 trials are shown."
    before = num_marks(page, "pareto")
    assert before == 17  # all but the one that failed
    page.get_by_label("ga", exact=True).uncheck()
    assert num_marks(page, "pareto") == before - 8
    rows = page.locator("table[data-table=trials] tbody tr:visible")
    assert rows.count() == 10
    page.get_by_label("infeasible", exact=True).uncheck()
    page.get_by_label("failed", exact=True).uncheck()
    shown = page.locator("[data-chart=response] [data-trial]").count()
    assert page.locator("#count").inner_text() == f"{shown} of 18 trials are shown."
    assert rows.count() == shown
    page.get_by_role("button", name="none", exact=True).click()
    assert num_marks(page, "pareto") == 0
    page.get_by_role("button", name="all", exact=True).click()
    assert page.get_by_label("ga", exact=True).is_checked()


def test_pointing_at_a_mark_shows_its_trial_and_a_click_keeps_it(opened, lively):
    page, _ = opened()
    entry = next(e for e in lively.entries if e.label == "npo" and e.number == 0)
    job = entry.result.job.hash
    index = [e for e in lively.entries if e.number is not None].index(entry)
    card = page.locator("#card")
    mark = page.locator(f"[data-chart=response] [data-trial='{index}'] .hit")
    mark.scroll_into_view_if_needed()
    mark.hover(force=True)
    text = card.inner_text()
    assert text.startswith("npo, trial 0: feasible")
    for piece in ("lr\n1e\u22124", "L1\n0.001", "beta\n0.1", "Retain\n0.775", job):
        assert piece in text, text
    command = card.locator("code").inner_text()
    assert re.search(rf"python -m orchestrator\.\w+ {job}", command)
    assert page.locator(f"[data-chart=parallel] .on[data-trial='{index}']").count() == 1
    mark.click(force=True)
    page.mouse.move(2, 2)
    assert card.is_visible()
    card.get_by_label("Close").click()
    assert not card.is_visible()


def test_a_chart_can_be_read_with_the_keyboard_alone(opened):
    page, _ = opened()
    page.locator("[data-chart=pareto] svg.chart").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#card h4").inner_text().startswith("ga, trial 0")
    page.keyboard.press("ArrowRight")
    assert page.locator("#card h4").inner_text().startswith("ga, trial 1")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('#card') !== null")
    page.keyboard.press("Escape")
    assert not page.locator("#card").is_visible()
    assert page.evaluate("document.activeElement instanceof SVGSVGElement")


def test_a_rows_name_opens_its_card_with_the_command_that_repeats_it(opened):
    page, _ = opened()
    page.locator("table[data-table=table] tbody tr", has_text="Gold").get_by_role("button").click()
    assert page.locator("#card h4").inner_text() == "Gold"
    assert "orchestrator.repeat" in page.locator("#card code").inner_text()


def test_a_click_on_a_heading_sorts_by_the_exact_numbers_and_another_turns_it_round(opened):
    page, _ = opened()
    head = page.locator("table[data-table=trials] th", has_text="Retain")
    index = head.evaluate("head => head.cellIndex")

    def values():
        found = page.locator("table[data-table=trials] tbody tr").evaluate_all(
            f"rows => rows.map(row => row.cells[{index}].dataset.value)"
        )
        assert found[-1] == "", "what has no value comes last"
        return [float(value) for value in found[:-1]]

    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert values() == sorted(values())
    head.get_by_role("button").click()
    assert values() == sorted(values(), reverse=True)


def test_light_and_dark_can_be_switched(opened):
    page, _ = opened(DESKTOP, "dark")
    surface = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(surface)
    page.locator("#theme").click()
    light = page.evaluate(surface)
    assert light != dark
    page.locator("#theme").click()
    assert page.evaluate(surface) == dark


def test_curves_and_budget_can_be_chosen(opened):
    page, _ = opened()
    assert num_marks(page, "training") == 16
    page.locator("[data-control=curve]").select_option("loss")
    assert num_marks(page, "training") == 17  # the one that was stopped has reported its loss
    page.locator("[data-control=budget]").select_option("hours")
    assert "gang hours" in page.locator("[data-chart=progress] svg.chart").inner_html()


def test_what_a_reason_says_is_shown_and_does_nothing(opened):
    page, _ = opened()
    assert page.locator("#bad").count() == 0
    assert page.get_by_text("</script><b id='bad'>").count() == 1


def test_finalists_are_drawn_with_their_intervals(lively, fakes, tmp_path, chromium):
    finals = fakes.finals(fakes.final("npo", 2, retain=0.75, quality=-4.0, rank=1))
    path = write_page(lively, finals, {}, tmp_path)
    page = chromium.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("[data-chart=pareto] svg.chart")
    assert page.locator("[data-chart=pareto] .interval").count() == 2
    assert page.locator("[data-chart=pareto] .reported").count() == 1
    page.close()


def test_a_sweep_of_which_nothing_is_known_yet_has_a_page_without_a_word_in_the_console(
    fakes, tmp_path, chromium
):
    record = replace(fakes.record(), reference=None, entries=(), gaps=("Nothing is done.",))
    path = write_page(record, None, {}, tmp_path)
    page = chromium.new_page()
    seen = Seen(page)
    page.goto(path.as_uri())
    page.wait_for_selector("[data-chart=importance] .empty")
    assert seen.said == []
    page.close()
