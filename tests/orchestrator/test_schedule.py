"""What Ray Tune is told of an agenda, and what the agenda hears of Tune's trials."""

import pickle
from types import SimpleNamespace

import pytest
from ray.tune.search import Searcher

from orchestrator.schedule import LOST, AgendaSearcher
from orchestrator.trial import JobTrainable
from trainers.job import Report


class List:
    """Gives out so many tickets and remembers what it is told."""

    def __init__(self, *tickets: SimpleNamespace, waiting: int = 0) -> None:
        self.tickets = list(tickets)
        self.waiting = waiting
        self.told: list[tuple[str, str]] = []

    @property
    def finished(self) -> bool:
        return not self.tickets

    def next(self) -> SimpleNamespace | None:
        if self.waiting:
            self.waiting -= 1
            return None
        return self.tickets.pop(0) if self.tickets else None

    def finish(self, job: str, *, error: str) -> None:
        self.told.append((job, error))


def ticket(job: str) -> SimpleNamespace:
    return SimpleNamespace(job=job, model_dump_json=lambda: f"<{job}>")


def test_tickets_are_drawn_until_there_are_no_more() -> None:
    searcher = AgendaSearcher(List(ticket("a"), ticket("b")), lambda *_: None)
    assert searcher.suggest("t1") == {"ticket": "<a>"}
    assert searcher.suggest("t2") == {"ticket": "<b>"}
    assert searcher.suggest("t3") == Searcher.FINISHED


def test_no_ticket_now_is_not_the_end() -> None:
    searcher = AgendaSearcher(List(ticket("a"), waiting=1), lambda *_: None)
    assert searcher.suggest("t1") is None
    assert searcher.suggest("t1") == {"ticket": "<a>"}


def test_reports_reach_the_one_who_looks_on() -> None:
    seen = []
    searcher = AgendaSearcher(List(ticket("a")), lambda job, report: seen.append((job, report)))
    searcher.suggest("t1")
    searcher.on_trial_result("t1", {"job_step": 3, "num_steps": 9, "loss": 0.5, "done": False})
    searcher.on_trial_result("t1", {"job_step": -1, "done": True})
    assert seen == [("a", Report(3, 9, {"loss": 0.5}))]


@pytest.mark.parametrize(
    ("result", "error"),
    [
        ({"done": True, "error": "OSError: no space left"}, "OSError: no space left"),
        ({"done": True}, LOST),
        (None, LOST),
    ],
)
def test_the_end_of_a_trial_is_told_once_with_its_reason(result, error) -> None:
    agenda = List(ticket("a"))
    searcher = AgendaSearcher(agenda, lambda *_: None)
    searcher.suggest("t1")
    searcher.on_trial_complete("t1", result, error=result is None)
    searcher.on_trial_complete("t1", result)
    assert agenda.told == [("a", error)]


def test_tune_may_pickle_the_searcher_without_what_it_looks_at() -> None:
    searcher = AgendaSearcher(List(), lambda *_: None)
    assert vars(pickle.loads(pickle.dumps(searcher))) == {}


class Failing:
    """A run that fails in a way nobody foresaw."""

    def advance(self) -> Report:
        raise OSError(28, "No space left on device")


class Warm:
    closed = False

    def close(self) -> None:
        self.closed = True


def test_an_error_in_the_trainable_is_one_jobs_end_and_renews_the_gang() -> None:
    trainable = JobTrainable.__new__(JobTrainable)
    trainable._run, trainable._warm = Failing(), Warm()
    result = trainable.step()
    assert result["done"]
    assert result["error"] == "OSError: [Errno 28] No space left on device"
    assert trainable._warm.closed
