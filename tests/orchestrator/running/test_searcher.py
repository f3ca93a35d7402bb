"""What Tune's searcher draws from a queue, and what the queue hears of Tune's trials."""

import pickle
from types import SimpleNamespace

import pytest
from ray.tune.search import Searcher

from orchestrator.limits.full_disk import OutOfRoom
from orchestrator.running.searcher import LOST, QueueSearcher
from tests.fixtures.tickets import List, ticket
from trainers.job import Report


def test_tickets_are_drawn_until_there_are_no_more() -> None:
    searcher = QueueSearcher(List(ticket("a"), ticket("b")), lambda *_: None)
    assert searcher.suggest("t1") == {"ticket": "<a>"}
    assert searcher.suggest("t2") == {"ticket": "<b>"}
    for trial in ("t1", "t2"):
        assert searcher.suggest("t3") is None, "what runs may be lost and come again"
        searcher.on_trial_complete(trial, {"done": True})
    assert searcher.suggest("t3") == Searcher.FINISHED


def test_no_ticket_now_is_not_the_end() -> None:
    searcher = QueueSearcher(List(ticket("a"), waiting=1), lambda *_: None)
    assert searcher.suggest("t1") is None
    assert (searcher.waits, searcher.has_given_all) == (True, False)
    assert searcher.suggest("t1") == {"ticket": "<a>"}
    assert not searcher.waits
    assert searcher.suggest("t2") is None
    assert (searcher.waits, searcher.has_given_all) == (False, True)


def test_reports_reach_the_one_who_looks_on() -> None:
    seen = []
    searcher = QueueSearcher(List(ticket("a")), lambda job, report: seen.append((job, report)))
    searcher.suggest("t1")
    searcher.on_trial_result("t1", {"job_step": 3, "num_steps": 9, "loss": 0.5, "done": False})
    searcher.on_trial_result("t1", {"job_step": -1, "done": False})
    searcher.on_trial_result("t1", {"job_step": -1, "done": True})
    assert seen == [("a", Report(3, 9, {"loss": 0.5}))]


@pytest.mark.parametrize(
    ("result", "error"),
    [
        ({"done": True, "error": "OSError: no space left"}, "OSError: no space left"),
        ({"done": True}, LOST),
    ],
)
def test_the_end_of_a_trial_is_told_once_with_its_reason(result, error) -> None:
    queue = List(ticket("a"))
    searcher = QueueSearcher(queue, lambda *_: None)
    searcher.suggest("t1")
    searcher.on_trial_complete("t1", result)
    searcher.on_trial_complete("t1", result)
    assert queue.told == [("a", error)]


def test_a_lost_trainables_job_comes_again_before_any_other_up_to_the_limit() -> None:
    queue = List(ticket("a"), ticket("b"))
    searcher = QueueSearcher(queue, lambda *_: None)
    assert searcher.suggest("t1") == {"ticket": "<a>"}
    for loss in (1, 2):
        searcher.on_trial_complete(f"t{loss}", error=True)
        assert queue.told == []
        assert searcher.suggest(f"t{loss + 1}") == {"ticket": f"<a again {loss}>"}
    searcher.on_trial_complete("t3", error=True)
    assert queue.told == [("a", f"{LOST} 3 times")]
    assert searcher.suggest("t4") == {"ticket": "<b>"}


def test_a_lost_trainable_is_no_retry_where_none_is_allowed() -> None:
    queue = List(ticket("a", max_retries=0))
    searcher = QueueSearcher(queue, lambda *_: None)
    searcher.suggest("t1")
    searcher.on_trial_complete("t1", error=True)
    assert queue.told == [("a", LOST)]
    assert searcher.suggest("t2") == Searcher.FINISHED


def pack() -> SimpleNamespace:
    return ticket("a", following=(ticket("b"), ticket("c")))


def test_each_job_of_a_pack_ends_when_it_is_said_to_and_reports_are_the_next_ones() -> None:
    queue, heard = List(pack()), []
    searcher = QueueSearcher(queue, lambda job, _: heard.append(job))
    assert searcher.suggest("t1") == {"ticket": "<a, then b, then c>"}
    report = {"job_step": 1, "num_steps": 2, "loss": 0.5, "done": False}
    for ended in ("", "OSError: gone"):
        searcher.on_trial_result("t1", report)
        searcher.on_trial_result("t1", {"job_step": -1, "done": False, "ended": ended})
    assert searcher.job("t1") == "c"
    searcher.on_trial_complete("t1", {"done": True})
    assert queue.told == [("a", LOST), ("b", "OSError: gone"), ("c", LOST)]
    assert heard == ["a", "b"]


def test_of_a_pack_that_is_lost_what_has_not_ended_comes_again() -> None:
    queue = List(pack())
    searcher = QueueSearcher(queue, lambda *_: None)
    searcher.suggest("t1")
    searcher.on_trial_result("t1", {"job_step": -1, "done": False, "ended": ""})
    searcher.on_trial_complete("t1", error=True)
    assert [job for job, _ in queue.told] == ["a"]
    assert searcher.suggest("t2") == {"ticket": "<b again 1, then c>"}


def test_a_job_that_is_lost_too_often_does_not_take_those_behind_it_along() -> None:
    queue = List(ticket("a", max_retries=0, following=(ticket("b"),)))
    searcher = QueueSearcher(queue, lambda *_: None)
    searcher.suggest("t1")
    searcher.on_trial_complete("t1", error=True)
    assert queue.told == [("a", LOST)]
    assert searcher.suggest("t2") == {"ticket": "<b>"}


def test_a_pack_that_does_not_begin_is_taken_back_whole() -> None:
    queue = List(pack())
    searcher = QueueSearcher(queue, lambda *_: None)
    searcher.suggest("t1")
    searcher.withdraw("t1")
    assert queue.withdrawn == ["a", "b", "c"]


def test_tune_may_pickle_the_searcher_without_what_it_looks_at() -> None:
    searcher = QueueSearcher(List(), lambda *_: None)
    assert vars(pickle.loads(pickle.dumps(searcher))) == {}


class Full(List):
    """Finds no room for whatever it would write down."""

    full = False

    def next(self) -> SimpleNamespace | None:
        self.write()
        return super().next()

    def finish(self, job: str, *, error: str) -> None:  # noqa: ARG002
        self.write()

    def write(self, *_: object) -> None:
        if self.full:
            raise OutOfRoom("no room")


def test_what_cannot_be_written_down_is_left_to_the_monitor_and_never_raised_in_tune() -> None:
    queue = Full(ticket("a"), ticket("b", max_retries=0))
    searcher = QueueSearcher(queue, queue.write)
    searcher.suggest("t1")
    searcher.suggest("t2")
    queue.full = True
    searcher.on_trial_result("t1", {"job_step": 3, "num_steps": 9, "loss": 0.5, "done": False})
    searcher.on_trial_complete("t1", {"done": True})
    searcher.on_trial_complete("t2", None, error=True)
    assert searcher.suggest("t3") in (None, Searcher.FINISHED)
