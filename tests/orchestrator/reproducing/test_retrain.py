"""A job is trained again in a folder where nothing of it is, and what is not to stay goes."""

from pathlib import Path

import pytest

from evals.errors import ConfigError
from evals.scores import ScoreSheet
from orchestrator.jobs.ticket import Ticket
from orchestrator.reproducing.find_row import find_row
from orchestrator.reproducing.retrain import OneJob, trained_again
from orchestrator.running import ray_connection, scheduler
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from trainers.job import Report, TrialFailure


class Cluster:
    """Stands in for Ray: runs each ticket by writing what `state` says to the ticket's storage."""

    def __init__(self, sheet: ScoreSheet) -> None:
        self.sheet = sheet
        self.state: State | None = State.DONE
        self.raises: BaseException | None = None
        self.tickets = []
        self.left_with: list[bool] = []

    def connect(self, gang) -> int:
        return 1

    def leave(self) -> None:
        self.left_with.append(Path(self.tickets[0].storage).is_dir())

    def run_queue(self, queue, gang, *, folder, on_report, say) -> None:
        ticket = queue.next()
        self.tickets.append(ticket)
        assert queue.finished
        on_report(ticket.job, Report(1, 4, {"loss": 0.5}))
        if self.raises is not None:
            raise self.raises
        if self.state is not None:
            storage = Storage(Path(ticket.storage))
            failed = "" if self.state == State.DONE else "the loss is nan"
            result = Result(ticket.job, self.state, failed, {}, {}, 1.0, (), 0.0)
            sheet = None if failed else self.sheet
            storage.commit(result, storage.begin(ticket.job), sheet)
        queue.finish(ticket.job, error="its trainable was lost")


@pytest.fixture
def made(stored_sweep):
    made = stored_sweep().fill()
    made.storage.model_folder(made.original).mkdir()
    return made


@pytest.fixture
def row(made):
    return find_row(made.trial("ga", lr=1e-4).hash, made.storage)


@pytest.fixture
def cluster(made, monkeypatch):
    whole = made.sheet()
    cluster = Cluster(ScoreSheet(whole.tasks[::-1]))  # not what is on record
    for home, name in (
        (ray_connection, "connect"),
        (ray_connection, "leave"),
        (scheduler, "run_queue"),
    ):
        monkeypatch.setattr(home, name, getattr(cluster, name))
    return cluster


def hidden(storage: Storage) -> list[Path]:
    return list(storage.root.glob(".*"))


def test_what_is_compared_is_what_the_training_left_and_nothing_stays(row, cluster) -> None:
    said: list[str] = []
    assert trained_again(row, None, say=said.append) == cluster.sheet
    [ticket] = cluster.tickets
    assert Path(ticket.storage).parent == row.storage.root, "where all hosts see it"
    assert ticket.job == row.result.job
    assert ticket.base == str(row.storage.model_folder(row.storage.recorded(row.original).job))
    assert ticket.checkpoint.every_s is None
    assert hidden(row.storage) == []
    assert cluster.left_with == [True], "nobody is left to write when the folder goes"
    assert said == ["trial: step 1 of 4, loss 0.500"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(15), OSError("no route")])
def test_nothing_stays_when_it_is_cut_off(row, cluster, error) -> None:
    cluster.raises = error
    with pytest.raises(type(error)):
        trained_again(row, None, say=print)
    assert hidden(row.storage) == []
    assert cluster.left_with == [True]


@pytest.mark.parametrize(
    ("state", "why"), [(State.FAILED, "the loss is nan"), (None, "its trainable was lost")]
)
def test_a_failure_says_why(row, cluster, state, why) -> None:
    cluster.state = state
    with pytest.raises(TrialFailure, match=why):
        trained_again(row, None, say=print)
    assert hidden(row.storage) == []


def test_what_is_to_be_kept_is_kept_and_not_taken_for_the_next_time(row, cluster, tmp_path) -> None:
    keep = tmp_path / "keep"
    trained_again(row, keep, say=print)
    assert Storage(keep).sheet(row.result.job.hash) == cluster.sheet
    with pytest.raises(ConfigError, match=r"--keep must be a storage folder without the job"):
        trained_again(row, keep, say=print)
    assert len(cluster.tickets) == 1


def test_the_rows_own_storage_is_no_place_to_train_it_again(row, cluster) -> None:
    with pytest.raises(ConfigError, match=rf"without the job .* has {row.result.job.hash}; name"):
        trained_again(row, row.storage.root, say=print)
    assert cluster.tickets == []


def test_a_training_that_was_cut_off_there_is_not_gone_on_with(row, cluster, tmp_path) -> None:
    Storage(tmp_path).checkpoint_folder(row.result.job).mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"which has \.[0-9a-f]{16}\.checkpoint"):
        trained_again(row, tmp_path, say=print)


def test_a_base_that_is_not_here_is_found_out_first(row, cluster) -> None:
    row.storage.model_folder(row.storage.recorded(row.original).job).rmdir()
    with pytest.raises(ConfigError, match="original model but it is not here"):
        trained_again(row, None, say=print)
    assert cluster.tickets == []


def test_a_storage_that_may_only_be_read_asks_for_another_folder(row, cluster, monkeypatch) -> None:
    def refuses(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("orchestrator.reproducing.retrain.TemporaryDirectory", refuses)
    with pytest.raises(ConfigError, match=r"Permission denied\); name another one, .* with --keep"):
        trained_again(row, None, say=print)


def test_a_job_that_did_not_begin_is_given_out_again(row) -> None:
    ticket = Ticket(job=row.result.job, storage=str(row.storage.root), gang=row.config.gang)
    queue = OneJob(ticket, row.storage)
    assert queue.next() == ticket
    assert queue.finished
    queue.withdraw(ticket.job)
    assert not queue.finished
    assert queue.next() == ticket
