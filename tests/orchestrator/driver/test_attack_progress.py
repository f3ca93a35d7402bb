"""Hundreds of models for attacks are one line now and then."""

from dataclasses import replace

from orchestrator.driver.attack_progress import AttackProgress
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job

DONE = Result(any_job(), State.DONE, "", {}, {}, 1.0, (), 0.0)


def test_a_line_comes_every_half_minute_and_at_the_end() -> None:
    now, lines = [0.0], []
    progress = AttackProgress(lines.append, clock=lambda: now[0])
    progress.begin(100)
    for number in range(100):
        now[0] += 0.5
        failed = replace(DONE, state=State.FAILED, reason="lost")
        progress.count(failed if number == 90 else DONE, cached=number < 40)
    assert lines == [
        "attacks: 60 of 100 models  40 found in storage  1.50 s a model  about 60 s left",
        "attacks: 100 of 100 models  40 found in storage  1 failed  0.83 s a model",
    ]


def test_where_all_was_found_there_is_no_pace() -> None:
    lines = []
    progress = AttackProgress(lines.append, clock=lambda: 0.0)
    progress.begin(1)
    progress.count(DONE, cached=True)
    assert lines == ["attacks: 1 of 1 models  1 found in storage"]
