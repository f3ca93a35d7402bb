"""What the one who looks on does about a wish to leave, and about the end of a budget."""

from types import SimpleNamespace

import pytest

from cluster.connection_watch import ClusterLost
from orchestrator.driver.signals import Interrupted, StopSignals
from orchestrator.driver.stop_conditions import Ending, StopConditions
from orchestrator.limits.full_disk import OutOfRoom


class Told:
    """Stands for queue and control, and notes what happens in order."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.limit: str | None = None
        self.paused = False

    def look(self) -> bool:
        return self.paused

    def leave(self) -> None:
        self.events.append("leave")

    def close(self) -> None:
        self.events.append("close")


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def watch(told: Told) -> SimpleNamespace:
    signals = StopSignals()
    full_disk = SimpleNamespace(over=None, hear=lambda *heard: told.events.append(heard))
    note = told.events.append
    progress = SimpleNamespace(say=note, under_way=lambda: note("under way"))
    ending = Ending(told.close, note)
    made = StopConditions(told, told, signals, full_disk, progress=progress, ending=ending)
    return SimpleNamespace(
        under_way=made.under_way,
        look=made.look,
        heed=made.heed,
        lacks_room=made.lacks_room,
        lost=made.lost,
        stuck=made.stuck,
        signals=signals,
        full_disk=full_disk,
    )


def test_as_long_as_nothing_happens_it_says_nothing(watch, told) -> None:
    assert watch.look() is False
    assert told.events == []


def test_the_first_job_is_told_of(watch, told) -> None:
    watch.under_way()
    assert told.events == ["under way"]


def test_a_wish_to_leave_is_followed_in_order_and_ends_the_run(watch, told) -> None:
    watch.signals.wished = True
    with pytest.raises(Interrupted):
        watch.look()
    assert told.events == ["leave", "close"]


def test_a_wish_that_came_after_the_last_look_is_followed_too(watch, told) -> None:
    told.limit = "budget.hours (2)"
    watch.heed()
    watch.signals.wished = True
    with pytest.raises(Interrupted):
        watch.heed()
    assert told.events == ["leave", "close"]


def test_a_budget_that_is_used_up_is_told_once_and_stops_what_has_not_started(watch, told) -> None:
    told.limit = "budget.hours (2)"
    assert watch.look() is True
    assert watch.look() is True
    said = "budget.hours (2) is used up: what is running comes to its end, nothing new starts"
    assert told.events == [said]


def test_a_pause_lets_nothing_start_and_says_nothing_more(watch, told) -> None:
    told.paused = True
    assert watch.look() is True
    told.paused = False
    assert watch.look() is False
    assert told.events == []


def test_a_job_that_waits_for_room_is_passed_on(watch, told) -> None:
    watch.lacks_room(SimpleNamespace(hash="a"), "full")
    assert watch.look() is False
    assert told.events == [("full", "a")]


def test_a_disk_that_stays_full_is_left_in_order_whatever_can_still_be_written(watch, told) -> None:
    def leave() -> None:
        told.events.append("leave")
        raise OutOfRoom("nor has the journal")

    told.leave = leave
    watch.full_disk.over = "no room for 100 s"
    with pytest.raises(OutOfRoom, match="no room for 100 s"):
        watch.look()
    assert told.events == ["leave", "close"]


def test_a_lost_cluster_is_left_in_order_with_its_reason(watch, told) -> None:
    with pytest.raises(ClusterLost, match="the head is gone"):
        watch.lost("the head is gone")
    assert told.events == ["leave", "close"]


def test_where_nothing_can_be_put_in_order_only_the_reason_is_told(watch, told) -> None:
    watch.stuck("the head is gone")
    assert told.events == ["the head is gone"]
