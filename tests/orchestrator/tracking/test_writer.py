import threading
import time

import pytest

from orchestrator.tracking import writer as writing
from orchestrator.tracking.writer import Writer


class Store:
    """A store that can be away, and that takes what is written in order."""

    def __init__(self):
        self.away = False
        self.written = []
        self.tried = 0

    def gone(self):
        return "nobody answers" if self.away else None

    def take(self, what):
        def write():
            self.tried += 1
            if self.away:
                raise ConnectionError("connection refused")
            self.written.append(what)

        return write


@pytest.fixture
def store():
    return Store()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(writing, "FIRST_RETRY_S", 0.02)
    monkeypatch.setattr(writing, "LONGEST_RETRY_S", 0.1)


def wait_until(holds):
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def refuse():
    raise ValueError("this is no number")


def test_everything_is_written_in_order(store):
    writer = Writer(store.gone)
    for number in range(50):
        writer.put(store.take(number))
    writer.close()
    assert store.written == list(range(50))
    assert writer.missed == ()


def test_while_the_store_is_away_all_wait_and_order_is_kept(store):
    writer = Writer(store.gone)
    store.away = True
    for number in range(50):
        writer.put(store.take(number))
    wait_until(lambda: store.tried >= 3)
    assert writer.missed == ("connection refused",)
    store.away = False
    wait_until(lambda: len(store.written) == 50)
    assert store.written == list(range(50))
    assert writer.missed == ()
    writer.close()


def test_what_the_store_refuses_steps_aside_and_comes_again(store):
    writer, may = Writer(store.gone), []

    def write():
        if not may:
            refuse()
        store.written.append("late")

    writer.put(write)
    writer.put(store.take("next"))
    wait_until(lambda: store.written == ["next"])
    assert writer.missed == ("this is no number",)
    may.append(True)
    wait_until(lambda: store.written == ["next", "late"])
    assert writer.missed == ()
    writer.close()


def test_closing_tries_each_once_more_and_says_what_is_missing(store):
    writer = Writer(store.gone)
    writer.put(refuse)
    writer.put(store.take("whole"))
    writer.put(store.take("due in an hour"), after_s=3600)
    writer.close()
    assert store.written == ["whole", "due in an hour"]
    assert writer.missed == ("this is no number",)


def test_closing_does_not_wait_for_a_store_that_is_away(store, monkeypatch):
    monkeypatch.setattr(writing, "FIRST_RETRY_S", 3600.0)
    monkeypatch.setattr(writing, "LONGEST_RETRY_S", 3600.0)
    writer = Writer(store.gone)
    store.away = True
    for number in range(20):
        writer.put(store.take(number))
    wait_until(lambda: store.tried)
    writer.close()
    assert store.tried == 2
    assert writer.missed == ("connection refused",) * 20


def test_closing_keeps_the_order_in_which_writes_were_put(store, monkeypatch):
    monkeypatch.setattr(writing, "FIRST_RETRY_S", 3600.0)
    monkeypatch.setattr(writing, "LONGEST_RETRY_S", 3600.0)
    writer, order = Writer(store.gone), []

    def reluctant():
        order.append("tried")
        if len(order) == 1:
            refuse()

    writer.put(reluctant)
    wait_until(lambda: writer.missed)
    writer.put(lambda: order.append("end"))
    writer.close()
    assert order == ["tried", "tried", "end"]


def test_what_fails_for_the_first_time_while_closing_is_tried_again(store):
    writer, tried = Writer(store.gone), []

    def reluctant():
        tried.append(len(tried))
        if len(tried) == 1:
            refuse()

    writer.put(reluctant, after_s=3600)
    writer.close()
    assert tried == [0, 1]
    assert writer.missed == ()


def test_who_puts_a_write_does_not_wait_for_the_one_before(store):
    writer, may_go_on = Writer(store.gone), threading.Event()
    writer.put(lambda: may_go_on.wait(30))
    writer.put(store.take("after"))
    assert store.written == []
    may_go_on.set()
    writer.close()
    assert store.written == ["after"]


def test_who_leaves_does_not_wait_for_a_store_that_says_nothing(store):
    answer = threading.Event()
    writer = Writer(store.gone)
    writer.put(store.take(0))
    writer.put(answer.wait)
    writer.put(store.take(1))
    writer.close(patience_s=0.05)
    assert store.written == [0]
    assert writer.missed == (writing.LEFT,) * 2
    answer.set()
    wait_until(lambda: not writer._thread.is_alive())
    assert store.written == [0]
    assert len(writer.missed) == 2


def test_who_leaves_waits_as_long_as_something_is_written(store):
    writer = Writer(store.gone)
    for number in range(6):
        writer.put(lambda: time.sleep(0.1))
        writer.put(store.take(number))
    writer.close(patience_s=0.3)
    assert store.written == list(range(6))
    assert writer.missed == ()
