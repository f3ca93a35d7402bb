"""A cluster is gone once one of its parts has not answered for long enough, and not before."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from cluster.connection_watch import ClusterLost, ConnectionWatch, Part
from tests.fixtures.processes import free_port

LOOK_S, PATIENCE_S = 0.01, 0.1


@pytest.fixture
def head() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def part(port: int) -> Part:
    return Part("the head", ("127.0.0.1", port), PATIENCE_S)


def watch(port: int, on_stuck: Callable[[str], None], *, leaving_s: float = 60) -> ConnectionWatch:
    return ConnectionWatch([part(port)], on_stuck=on_stuck, look_s=LOOK_S, leaving_s=leaving_s)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_as_long_as_everything_answers_nothing_is_lost(head: socket.socket) -> None:
    stuck: list[str] = []
    with watch(head.getsockname()[1], stuck.append, leaving_s=0.01) as watching:
        time.sleep(3 * PATIENCE_S)
        watching.check()
        assert watching.answers
        assert watching.settle() == ""
    time.sleep(0.05)
    assert stuck == []


def test_what_does_not_answer_for_long_enough_is_lost_and_named(head: socket.socket) -> None:
    port = head.getsockname()[1]
    with watch(port, lambda _: None) as watching:
        head.close()
        wait_until(lambda: not watching.answers)
        wait_until(lambda: bool(watching.lost))
        said = f"the head (127.0.0.1:{port}) is gone"
        with pytest.raises(ClusterLost) as lost:
            watching.check()
        assert str(lost.value) == said
        assert watching.settle() == said


def test_who_comes_back_in_time_was_never_lost() -> None:
    port = free_port()
    watching = ConnectionWatch([Part("the head", ("127.0.0.1", port), 60)], on_stuck=lambda _: None)
    watching._look()
    assert not watching.answers
    with socket.create_server(("127.0.0.1", port)):
        watching._look()
        assert watching.answers
    watching.check()


@pytest.mark.parametrize("leaves", [True, False])
def test_who_does_not_leave_a_lost_cluster_is_ended_and_who_leaves_is_not(leaves: bool) -> None:
    ended = threading.Event()
    watching = watch(free_port(), lambda _: ended.set(), leaving_s=60 if leaves else 0.05)
    with watching:
        wait_until(lambda: bool(watching.lost))
        assert ended.wait(0 if leaves else 5) is not leaves
    watching._thread.join(5)
    assert ended.is_set() is not leaves
