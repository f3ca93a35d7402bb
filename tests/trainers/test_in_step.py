"""Work in pieces: its end is what comes of it, and meanwhile there are signs of life."""

from collections.abc import Generator

import pytest

from trainers import in_step as module
from trainers.distributed import Place
from trainers.in_step import finished, in_step
from trainers.job import Beat


def counting(number: int) -> Generator[None, None, int]:
    for _ in range(number):
        yield
    return number


@pytest.mark.parametrize("number", [0, 3])
def test_at_one_go_it_returns_what_comes_of_all_pieces(number: int) -> None:
    assert finished(counting(number)) == number


def test_short_work_says_nothing() -> None:
    assert list(in_step(counting(3), Place())) == []
    assert finished(in_step(counting(3), Place())) == 3


def test_long_work_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_S", -1.0)
    beats = in_step(counting(3), Place())
    assert [next(beats) for _ in range(5)] == [Beat()] * 5


def test_who_is_done_waits_for_who_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean over two ranks of whether one is at work; the other takes two rounds more."""
    others = iter([0.5, 0.5, 0.0])
    monkeypatch.setattr(module, "means_over_ranks", lambda own, _: [own[0] / 2 + next(others)])
    assert list(in_step(counting(1), Place(rank=0, world=2))) == [Beat()] * 2


def test_what_fails_fails_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing() -> Generator[None, None, int]:
        yield
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        finished(in_step(failing(), Place()))
