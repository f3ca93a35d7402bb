"""The HTML report as people see it: in a real browser, wide and narrow, light and dark."""

import csv
import io
import re
from dataclasses import replace

import pytest

from orchestrator.reporting.figure_data import figure_data_of
from orchestrator.reporting.formats.csv_text import csv_text
from orchestrator.reporting.page.page import write_page
from orchestrator.reporting.publish import tables_of
from orchestrator.reporting.selection import everything
from orchestrator.results.ranking import chosen_axes
from trainers.job import Report

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
    return write_page(lively, figure_data_of(lively, None), tables, tmp_path), tables


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
        page.locator("figure svg.chart").nth(5).wait_for(state="attached")
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


@pytest.fixture
def with_finalists(lively, fakes, tmp_path, chromium):
    """A page with a feasible and an infeasible finalist, in its table and in the picture."""
    retained = fakes.final("npo", 2, retain=0.75, quality=-4.0, rank=1, further={"beta": 0.3})
    lost = fakes.final("ga", 0, retain=0.65, quality=-9.0, rank=None)
    pairs = (fakes.compared("ga", "npo", 5.0, p=0.01),)
    finals = fakes.finals(lost, retained, comparisons=pairs)
    tables = tables_of(lively, finals, everything(lively.config))
    path = write_page(lively, figure_data_of(lively, finals), tables, tmp_path)
    page = chromium.new_page(viewport={"width": DESKTOP, "height": 800})
    page.goto(path.as_uri())
    page.wait_for_selector("[data-chart=pareto] svg.chart")
    yield page, tables
    page.close()


def test_finalists_are_drawn_with_their_intervals_and_the_infeasible_hollow(with_finalists):
    page, _ = with_finalists
    picture = page.locator("[data-chart=pareto]")
    assert picture.locator(".interval").count() == 4
    assert picture.locator(".reported").count() == 1
    assert picture.locator("[data-final='0'] .missed").count() == 1
    assert picture.locator("[data-final='1'] .best").count() == 1
    said = picture.locator(".legend").inner_text()
    assert "finalist, feasible" in said
    assert "finalist, infeasible" in said


@pytest.mark.parametrize(("index", "label"), [(0, "ga"), (1, "npo")])
def test_the_card_of_a_finalist_has_the_numbers_and_the_command_of_its_row(
    index, label, with_finalists
):
    page, tables = with_finalists
    mark = page.locator(f"[data-chart=pareto] [data-final='{index}'] .hit")
    mark.scroll_into_view_if_needed()
    mark.click(force=True)
    card = page.locator("#card")
    rows = csv.DictReader(io.StringIO(csv_text(tables["table"])))
    row = next(row for row in rows if row["Method"] == label)
    is_feasible = row["Feasible"] == "yes"
    title = f"{label}, finalist: {'feasible' if is_feasible else 'infeasible'}"
    assert card.locator("h4").inner_text() == title
    names, values = (card.locator(f"dl {tag}").all_inner_texts() for tag in ("dt", "dd"))
    told = dict(zip(names, (value.replace("\u2212", "-") for value in values), strict=True))
    for metric in ("Real", "Retain", "Forget", "Log Forget Quality"):
        shown = [float(number) for number in re.findall(r"-?[\d.]+", told[metric])]
        due = [float(row[f"{metric}{end}"]) for end in ("", " low", " high")]
        assert shown == pytest.approx(due, rel=1e-3), metric
    assert told["rank"] == (row["Rank"] or "none")
    assert len(told["seeds"].split(", ")) == int(row["Seeds"])
    assert float(told["lr"]) == pytest.approx(float(row["lr"]), rel=1e-2)
    assert card.locator("code").inner_text() == row["Repeat"]
    assert ("below its floor" in card.inner_text()) is not is_feasible
    lit = page.locator("tr.on").evaluate_all("rows => rows.map(r => r.cells[0].innerText)")
    assert lit == [label], "the row of the finalist, and not that of its trial"


def test_the_keyboard_comes_to_the_finalists_after_the_trials(with_finalists):
    page, _ = with_finalists
    page.locator("[data-chart=pareto] svg.chart").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.locator("#card h4").inner_text() == "npo, finalist: feasible"


def test_a_comparison_is_hidden_with_either_of_its_methods(with_finalists):
    page, _ = with_finalists
    rows = page.locator("table[data-table=comparisons] tbody tr:visible")
    assert rows.count() == 1
    page.get_by_label("npo", exact=True).uncheck()
    assert rows.count() == 0
    assert page.locator("[data-chart=pareto] [data-final]").count() == 1


def test_other_axes_are_those_of_the_picture_and_of_its_title(lively, tmp_path, chromium):
    axes = chosen_axes(["forget", "real"], lively.config.search, key="axes")
    path = write_page(lively, figure_data_of(lively, None, axes=axes), {}, tmp_path)
    page = chromium.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("[data-chart=pareto] svg.chart")
    words = page.locator("[data-chart=pareto] svg.chart").text_content()
    assert "Real (higher is better)" in words
    assert "Forget (lower is better)" in words
    assert page.locator("[data-chart=pareto] h3").inner_text() == "Forget against Real"
    page.close()


def test_more_points_than_a_call_has_room_for_are_drawn(fakes, tmp_path, chromium):
    reports = tuple(Report(i, 200, {"loss": 2.0 / i, "probe_retain": 0.7}) for i in range(1, 201))
    trials = []
    for i in range(700):
        made = fakes.trial("npo", i, lr=10 ** (-5 + i / 350), retain=0.7 + i / 7000)
        trials.append(replace(made, result=replace(made.result, reports=reports)))
    record = fakes.record([*fakes.baselines(), *trials])
    path = write_page(record, figure_data_of(record, None), {}, tmp_path)
    page = chromium.new_page()
    seen = Seen(page)
    page.goto(path.as_uri())
    page.wait_for_selector("[data-chart=importance] svg.chart")
    num = page.evaluate("data.trials.flatMap((t) => t.curves.loss.values).length")
    assert num == 140_000
    assert num_marks(page, "training") == 700
    assert seen.said == []
    page.close()


def test_a_chart_that_fails_says_so_and_leaves_the_others_alone(opened):
    page, _ = opened()
    page.evaluate("DRAWN.training = () => { throw new Error('it broke'); }; draw()")
    assert "it broke" in page.locator("[data-chart=training]").inner_text()
    assert num_marks(page, "parallel") == 17
    assert page.locator("#count").inner_text() == "18 of 18 trials are shown."


def test_infinities_are_sorted_as_numbers(opened):
    page, _ = opened()
    order = page.evaluate("['2', 'inf', '', '-inf', '-3', 'nan'].sort((a, b) => compared(a, b, 1))")
    assert order == ["-inf", "-3", "2", "inf", "", "nan"]
    down = page.evaluate("['2', 'inf', '', '-inf'].sort((a, b) => compared(a, b, -1))")
    assert down == ["inf", "2", "-inf", ""]


@pytest.mark.parametrize(
    ("low", "high", "due"),
    [
        (1e-5, 1e-2, [1e-5, 1e-4, 1e-3, 1e-2]),
        (9e-4, 6e-3, [1e-3, 2e-3, 5e-3]),
        (0.021, 0.024, [0.021, 0.022, 0.023, 0.024]),
    ],
)
def test_logarithmic_axes_have_round_ticks_however_short_they_are(low, high, due, opened):
    page, _ = opened()
    found = page.evaluate(f"ticksOf({{ scale: 'log', low: {low}, high: {high} }}, 4)")
    assert found == pytest.approx(due)


def test_ticks_do_not_touch_on_a_phone(opened):
    page, _ = opened(PHONE)
    overlapping = page.evaluate("""() => {
      const charts = [...document.querySelectorAll("svg.chart")];
      return charts.flatMap((svg) => {
      const found = [...svg.querySelectorAll("text.soft[text-anchor=middle]")];
      const boxes = found.map((text) => text.getBoundingClientRect());
      return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) =>
        a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
    }).length; }""")
    assert overlapping == 0


def test_what_a_finger_has_to_meet_is_large_enough(opened):
    page, _ = opened(PHONE)
    small = page.evaluate("""() => [...document.querySelectorAll(
      "button, select, nav a, #filters label, summary, circle.hit")]
      .map((e) => [e, e.getBoundingClientRect()])
      .filter(([, box]) => box.width > 0 && (box.width < 23.99 || box.height < 23.99))
      .map(([e, box]) => `${e.tagName} ${e.textContent.trim()} ${box.width} x ${box.height}`)""")
    assert small == []


def test_a_sweep_of_which_nothing_is_known_yet_has_a_page_without_a_word_in_the_console(
    fakes, tmp_path, chromium
):
    record = replace(fakes.record(), reference=None, entries=(), gaps=("Nothing is done.",))
    path = write_page(record, figure_data_of(record, None), {}, tmp_path)
    page = chromium.new_page()
    seen = Seen(page)
    page.goto(path.as_uri())
    page.wait_for_selector("[data-chart=importance] .empty")
    assert seen.said == []
    page.close()
