"""Every write of a sweep, on a disk that is really full: nothing half written, nothing lost."""

from pathlib import Path

import pytest

from evals.benchmark import Role
from evals.choice import Choice
from evals.scores import ScoreSheet
from evals.sheet_file import write_sheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores
from orchestrator.config.budget import BudgetSettings
from orchestrator.config.gang import GangSettings
from orchestrator.limits.ledger import Ledger
from orchestrator.reporting.table import Column, Table
from orchestrator.reporting.table_files import save
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.space import SearchRange
from orchestrator.searching.study import MethodSearch
from orchestrator.storage.line_file import Wait, at_once
from orchestrator.storage.records import Storage, version
from orchestrator.storage.result import Result, State
from orchestrator.storage.weights import is_removed, remove_weights
from tests.fixtures.jobs import any_job
from trainers.disk_full import lacks_room
from trainers.job import Job, Report
from trainers.settings import AdapterSettings

ROOM_AFTER = 3


class Waiting:
    """Waits for room that comes whenever it has been asked for three times."""

    def __init__(self, disk) -> None:
        self.disk = disk
        self.errors: list[OSError] = []

    def __call__(self, error: OSError) -> None:
        self.errors.append(error)
        if len(self.errors) % ROOM_AFTER == 0:
            self.disk.empty()


def job() -> Job:
    return any_job(adapter=AdapterSettings(), method=Choice(name="ga"), version=version())


def result() -> Result:
    reports = tuple(Report(step, 400, {"loss": 0.1 * step}) for step in range(400))
    return Result(job(), State.DONE, "", {"retain": 0.5}, {}, 1.0, reports, 0.0)


def sheet() -> ScoreSheet:
    score = AnswerScore(1.5, 3)
    items = tuple(
        ItemScore(f"p-{i}", "Rome", score, score, (score,) * 3, (-0.5,) * 3, (True,) * 3)
        for i in range(400)
    )
    return ScoreSheet((TaskScores("forget", Role.FORGET, Probability.PLAIN, items),))


def begun(storage: Storage) -> Path:
    """Returns a folder in which the job has left its adapter."""
    folder = storage.begin(job())
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"w" * 50_000)
    return folder


@pytest.mark.parametrize("room", [0, 4096, 3 * 4096, 10 * 4096])
def test_a_result_without_room_is_not_there_and_the_same_commit_again_puts_it_there(
    small_disk, room: int
) -> None:
    storage = Storage(small_disk.folder)
    folder = begun(storage)
    small_disk.fill(but=room)
    with pytest.raises(OSError, match="No space left") as caught:
        storage.commit(result(), folder, sheet())
    assert lacks_room(caught.value)
    assert storage.find(job()) is None
    assert list(storage.jobs()) == []
    small_disk.empty()
    assert storage.commit(result(), folder, sheet()) == result()
    assert storage.find(job()) == result()
    assert storage.sheet(job().hash) == sheet()
    assert (storage.job_folder(job().hash) / "adapter").is_dir()


def test_half_a_score_sheet_is_never_left_behind(small_disk) -> None:
    small_disk.fill(but=2 * 4096)
    with pytest.raises(OSError, match="No space left"):
        write_sheet(small_disk.folder / "scores.json", sheet())
    assert [path.name for path in small_disk.folder.iterdir()] == [".filler"]


def test_an_adapter_can_be_removed_from_a_full_disk_and_that_makes_room(small_disk) -> None:
    storage = Storage(small_disk.folder)
    storage.commit(result(), begun(storage), sheet())
    small_disk.fill()
    home = storage.job_folder(job().hash)
    assert remove_weights(home, "the disk is full") == 50_000
    assert is_removed(home)
    found = storage.find(job())
    assert found is not None
    assert (found.state, found.weights_removed) == (State.DONE, True)
    (small_disk.folder / "new").write_bytes(b"x" * 40_000)


def search_in(folder: Path, *, wait: Wait = at_once) -> MethodSearch:
    space = {"lr": SearchRange(low=1e-5, high=1e-3)}
    settings = SearchSettings(trials=200, sampler="random")
    return MethodSearch("npo", space=space, settings=settings, folder=folder, seed=0, wait=wait)


def journal_of(folder: Path) -> list[tuple[object, ...]]:
    from optuna import load_study
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(folder / "search.journal")))
    trials = load_study(study_name="npo", storage=storage).trials
    return [(t.number, t.state.name, t.params, t.values, t.constraints) for t in trials]


def rehearse(search: MethodSearch, num_trials: int) -> None:
    for _ in range(num_trials):
        number = search.ask().number
        search.tell(number, objective=-float(number), violations={"retain.at_least": -0.1}, job="j")


def test_a_journal_takes_each_record_whole_as_soon_as_there_is_room(
    small_disk, tmp_path: Path
) -> None:
    """The disk is full before every single trial; the study ends as on one that never was."""
    elsewhere = tmp_path / "elsewhere"
    rehearse(search_in(elsewhere), 20)
    waiting = Waiting(small_disk)
    search = search_in(small_disk.folder, wait=waiting)
    for _ in range(20):
        small_disk.fill()  # but for what is left of the journal's last page
        rehearse(search, 1)
        small_disk.empty()
    assert len(waiting.errors) >= ROOM_AFTER
    assert all(map(lacks_room, waiting.errors))
    assert journal_of(small_disk.folder) == journal_of(elsewhere)
    assert len(search_in(small_disk.folder).finished) == 20


def test_a_trial_that_cannot_be_told_waits_and_is_told_when_the_sweep_goes_on(small_disk) -> None:
    class Over(Exception):
        pass

    def give_up(error: OSError) -> None:
        raise Over

    search = search_in(small_disk.folder, wait=give_up)
    rehearse(search, 2)
    suggestion = search.ask()
    small_disk.fill()
    reason = "x" * 16384  # more than is left of the journal's last page, and of a full disk
    with pytest.raises(Over):
        search.fail(suggestion.number, reason)
    written = (small_disk.folder / "search.journal").read_text(encoding="utf-8")
    assert written.endswith("\n"), "whole records only"
    assert reason[:10] not in written
    small_disk.empty()
    again = search_in(small_disk.folder)
    assert [s.number for s in again.finished] == [0, 1]
    asked = again.ask()
    assert (asked.number, asked.params, asked.again) == (2, suggestion.params, True)
    again.tell(2, objective=-1.0, violations={"retain.at_least": -0.1}, job="j")
    assert [state for _, state, *_ in journal_of(small_disk.folder)] == ["COMPLETE"] * 3


def ledger_in(folder: Path, *, wait: Wait = at_once) -> Ledger:
    budget = BudgetSettings()
    return Ledger(folder, gang=GangSettings(), budget=budget, wait=wait, clock=lambda: 5.0)


def test_a_ledger_takes_each_line_whole_as_soon_as_there_is_room(small_disk) -> None:
    waiting = Waiting(small_disk)
    ledger = ledger_in(small_disk.folder, wait=waiting)
    small_disk.fill()
    for number in range(100):  # well beyond the page that the file has already
        ledger.give("npo", number, f"job-{number}")
        ledger.end(f"job-{number}", 2.0)
    ledger.close()
    assert len(waiting.errors) == ROOM_AFTER
    again = ledger_in(small_disk.folder)
    assert again.account("npo") == ledger.account("npo")
    assert again.account("npo").num_ended == 100


def test_without_anybody_who_waits_a_write_without_room_is_an_error(small_disk) -> None:
    ledger = ledger_in(small_disk.folder)
    before = (small_disk.folder / "ledger.jsonl").read_bytes()
    small_disk.fill()
    with pytest.raises(OSError, match="No space left"):
        ledger.give("x" * 5000, 0, "job")
    assert (small_disk.folder / "ledger.jsonl").read_bytes() == before


def test_a_table_without_room_leaves_the_one_before(small_disk) -> None:
    small = Table((Column("a"),), ((1,),))
    save(small, small_disk.folder, "table")
    before = (small_disk.folder / "table.csv").read_text()
    small_disk.fill()
    with pytest.raises(OSError, match="No space left"):
        save(Table((Column("a"),), (("x" * 10_000,),) * 2), small_disk.folder, "table")
    assert (small_disk.folder / "table.csv").read_text() == before
