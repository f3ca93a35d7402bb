"""A page that is open takes in what a sweep comes to, and leaves a reader's own settings alone."""

import threading

import pytest

from orchestrator.storage.live_file import LiveJob, write_live
from orchestrator.storage.lock import FolderLock
from orchestrator.storage.members import MemberRole
from orchestrator.watching.live_page import LivePage
from orchestrator.watching.server import PageServer

pytestmark = pytest.mark.slow


@pytest.fixture
def begun(stored_sweep):
    made = stored_sweep()
    made.write(made.original, MemberRole.ORIGINAL, "original", retain=0.8)
    made.write(made.gold, MemberRole.GOLD, "gold", retain=0.82)
    made.write_trial("ga", 0, lr=1e-4, retain=0.79)
    job = made.trial("ga", lr=1e-3).hash
    made.ledger.give("ga", 1, job)
    write_live(made.folder, {job: LiveJob(2, 8, [(1, 3.0), (2, 2.5)])})
    return made


@pytest.fixture
def opened(begun, chromium):
    """The page of a sweep that runs, in a browser, and what it has said."""
    with FolderLock(begun.folder), PageServer(LivePage(str(begun.folder)), port=0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        context = chromium.new_context(viewport={"width": 360, "height": 800})
        page, said = context.new_page(), []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        try:
            page.goto(server.url)
            page.locator("figure svg.chart").nth(1).wait_for(state="attached")
            yield page, said
        finally:
            context.close()
            server.shutdown()
            thread.join()


def test_what_comes_in_is_taken_in_and_what_a_reader_has_set_up_stays(begun, opened) -> None:
    page, said = opened
    marks = page.locator("[data-chart=pareto] [data-trial]")
    assert marks.count() == 1
    assert "1 of 1 trials are shown" in page.locator("#count").inner_text()
    assert "ga 1" in page.locator("#now table").inner_text()
    page.get_by_label("failed").uncheck()
    page.locator("#theme").click()
    theme = page.evaluate("document.documentElement.dataset.theme")
    page.locator("#provenance summary").click()
    page.locator("[data-table=trials] thead button").nth(1).click()
    begun.write_trial("npo", 0, lr=2e-3, retain=0.75)
    page.locator("[data-table=trials] tbody tr").nth(1).wait_for(state="attached", timeout=20_000)
    assert marks.count() == 2
    assert "2 of 4" in page.title()
    assert "Trials: 2 of 4" in page.locator("#now").inner_text()
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert not page.get_by_label("failed").is_checked()
    assert page.locator("#provenance details").get_attribute("open") is not None
    sorted_by = page.locator("[data-table=trials] thead th").nth(1).get_attribute("aria-sort")
    assert sorted_by == "ascending"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert said == []


def test_a_card_that_is_open_is_left_open_until_it_is_closed(begun, opened) -> None:
    page, _ = opened
    page.locator("[data-table=trials] tbody button").first.click()
    begun.write_trial("npo", 0, lr=2e-3, retain=0.75)
    page.get_by_text("Trials: 2 of 4").wait_for(timeout=20_000)
    page.wait_for_timeout(2500)
    assert page.locator("#card").is_visible()
    assert page.locator("[data-table=trials] tbody tr").count() == 1
    page.keyboard.press("Escape")
    page.locator("[data-table=trials] tbody tr").nth(1).wait_for(state="attached", timeout=20_000)


def test_a_program_that_is_gone_is_said(opened) -> None:
    page, _ = opened
    page.route("**/now", lambda route: route.abort())
    page.locator("#now .lost").wait_for(timeout=20_000)
    page.unroute("**/now")
    page.locator("#now .lost").wait_for(state="detached", timeout=20_000)
