"""Garbage is looked for less often while a process starts, and as often as ever afterwards."""

import gc
from collections.abc import Iterator

import pytest

from cluster.collection import seldom_collected, uncollected


@pytest.fixture
def looks() -> Iterator[list[int]]:
    """The generations that Python looks through, with the thresholds that it has by itself."""
    found: list[int] = []

    def on_look(phase: str, about: dict[str, int]) -> None:
        if phase == "start":
            found.append(about["generation"])

    before = gc.get_threshold()
    gc.collect()  # from here on what is new is counted
    gc.set_threshold(700, 10, 10)
    gc.callbacks.append(on_look)
    yield found
    gc.callbacks.remove(on_look)
    gc.set_threshold(*before)


def grow() -> list[list[int]]:
    return [[number] for number in range(10_000)]


def test_a_program_looks_for_garbage_seldom_and_as_often_as_before_once_it_has_ended(looks) -> None:
    def end_badly() -> None:
        with seldom_collected():
            assert grow()
            assert looks == []
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        end_badly()
    assert grow()
    assert looks
    gc.unfreeze()


def test_what_a_program_has_by_its_end_is_not_taken_apart_when_its_process_ends() -> None:
    try:
        with seldom_collected():
            held = grow()
        assert gc.get_freeze_count() >= len(held)
    finally:
        gc.unfreeze()


def test_what_a_rank_imports_is_not_looked_through_then_or_ever_after(looks) -> None:
    try:
        with uncollected():
            imported = grow()
            assert looks == []
        assert gc.get_freeze_count() >= len(imported)
        assert grow()
        assert looks
    finally:
        gc.unfreeze()
