"""The page of a sweep is made anew when there is something new, and shows no error."""

import re

import pytest

from evals.errors import ConfigError
from orchestrator.reporting.answer import answer
from orchestrator.reporting.figure_data import figure_data_of
from orchestrator.reporting.page.page import page_text
from orchestrator.reporting.publish import tables_of, with_estimates
from orchestrator.reporting.selection import everything
from orchestrator.storage.files import CONFIG_FILE, LEDGER_FILE, MEMBERS_FILE
from orchestrator.storage.members import MemberRole
from orchestrator.watching.live_page import LivePage


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def begun(stored_sweep):
    """A sweep with its baselines and one trial."""
    made = stored_sweep()
    made.write(made.original, MemberRole.ORIGINAL, "original", retain=0.8)
    made.write(made.gold, MemberRole.GOLD, "gold", retain=0.82)
    made.write_trial("ga", 0, lr=1e-4, retain=0.79)
    return made


def settle(page: LivePage, clock: Clock) -> str:
    """Lets time pass and returns the version once what was begun is done."""
    clock.now += 60
    page.look()
    with page._making:
        return page.look().page


def test_the_page_of_a_finished_sweep_is_its_report_with_what_goes_on_above_it(
    stored_sweep, clock
) -> None:
    sweep = stored_sweep().fill()
    sweep.ledger.close(complete=True)
    served = LivePage(str(sweep.folder), clock=clock).page()
    record, finals = with_estimates(sweep.read())
    written = page_text(
        record,
        figure_data_of(record, finals),
        tables_of(record, finals, everything(record.config)),
        answer=answer(record, finals),
    )

    def main(text: str) -> str:
        return text[text.index("<main") : text.index("</main>")]

    assert main(served) == main(written)
    assert "Over:" in served
    assert "connect-src 'self'" in served
    assert "connect-src" not in written
    assert 'id="now"' not in written


def test_what_comes_in_makes_another_page_and_nothing_else_does(begun, clock) -> None:
    page = LivePage(str(begun.folder), clock=clock)
    first = page.page()
    assert "1 trials" in first
    version = page.look().page
    assert version in first
    assert settle(page, clock) == version
    begun.write_trial("npo", 0, lr=2e-3, retain=0.75)
    assert settle(page, clock) != version
    assert "2 trials" in page.page()


def test_a_page_that_nobody_has_asked_for_in_a_while_is_as_new_as_its_files(begun, clock) -> None:
    page = LivePage(str(begun.folder), clock=clock)
    page.page()
    begun.write_trial("npo", 0, lr=2e-3, retain=0.75)
    clock.now += 60
    assert "2 trials" in page.page()


def test_pages_are_not_made_one_after_the_other(begun, clock) -> None:
    page = LivePage(str(begun.folder), clock=clock)
    page.page()
    version = page.look().page
    begun.write_trial("npo", 0, lr=2e-3, retain=0.75)
    clock.now += 0.5
    page.look()
    with page._making:
        assert page.look().page == version
    assert settle(page, clock) != version


@pytest.mark.parametrize("name", [MEMBERS_FILE, LEDGER_FILE, CONFIG_FILE])
def test_a_file_that_is_half_written_leaves_the_page_as_it_was(begun, clock, name) -> None:
    page = LivePage(str(begun.folder), clock=clock)
    version = page.look().page if page.page() else ""
    text = (begun.folder / name).read_bytes()
    (begun.folder / name).write_bytes(text[: len(text) // 2] + b"\x00\n")
    assert settle(page, clock) == version
    assert "1 trials" in page.page()
    assert "can be read just now" in page.look().html or "Not to be read" in page.look().html
    (begun.folder / name).write_bytes(text)
    settle(page, clock)
    clock.now += 60
    assert "can be read just now" not in page.look().html


def test_a_sweep_that_cannot_be_read_at_first_has_a_page_that_asks_again(begun, clock) -> None:
    text = (begun.folder / MEMBERS_FILE).read_bytes()
    (begun.folder / MEMBERS_FILE).write_bytes(b"nonsense\n")
    page = LivePage(str(begun.folder), clock=clock)
    assert 'http-equiv="refresh"' in page.page()
    (begun.folder / MEMBERS_FILE).write_bytes(text)
    assert "1 trials" in page.page()


def test_a_sweep_that_has_only_begun_has_a_page(stored_sweep, clock) -> None:
    page = LivePage(str(stored_sweep().folder), clock=clock).page()
    assert "The baselines are not both done" in page
    assert len(re.findall('<section id="now"', page)) == 1


def test_a_folder_that_is_no_sweeps_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match="DIR must be the folder of a sweep"):
        LivePage(str(tmp_path))


def test_nothing_is_written(stored_sweep, clock) -> None:
    sweep = stored_sweep().fill()

    def files() -> dict[str, tuple[int, int]]:
        found = (path for path in sweep.config.folder.rglob("*"))
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in found}

    before = files()
    page = LivePage(str(sweep.folder), clock=clock)
    page.page()
    settle(page, clock)
    assert files() == before
