"""A finding is a line, and its cure another one."""

from orchestrator.diagnosing.finding import Level, doubtful, fails, works


def test_what_works_is_a_line() -> None:
    assert works("disk", "68 GiB").line == "works     disk               68 GiB"


def test_what_does_not_has_its_cure_below() -> None:
    for make, level in ((doubtful, Level.DOUBTFUL), (fails, Level.FAILS)):
        found = make("disk", "1 GiB", "make room")
        assert found.level == level
        first, second = found.line.split("\n")
        assert first.startswith(f"{level} ")
        assert second.strip() == "-> make room"
