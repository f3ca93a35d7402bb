"""What running jobs say is written down now and then, and goes with them."""

from types import SimpleNamespace

import pytest

from orchestrator.driver.live import MAX_LOSSES, LiveCallback
from orchestrator.storage.live_file import read_live
from trainers.job import Report


@pytest.fixture
def live(tmp_path, clock) -> LiveCallback:
    return LiveCallback(tmp_path, clock=clock)


def say(live, clock, job: str, step: int, loss: float) -> None:
    clock.now += 1
    live.on_report(SimpleNamespace(hash=job), Report(step, 900, {"loss": loss}))


def test_losses_are_there_while_a_job_runs(live, clock, tmp_path) -> None:
    say(live, clock, "a", 1, 3.0)
    say(live, clock, "b", 1, 4.0)
    say(live, clock, "a", 2, 2.0)
    assert list(read_live(tmp_path)["a"].losses) == [(1, 3.0), (2, 2.0)]
    live.on_job_end(SimpleNamespace(job=SimpleNamespace(hash="a")))
    live.on_job_end(SimpleNamespace(job=SimpleNamespace(hash="c")))
    say(live, clock, "b", 2, 4.0)
    assert list(read_live(tmp_path)) == ["b"]
    live.close()
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_begins_anew_has_no_losses_of_before(live, clock, tmp_path) -> None:
    say(live, clock, "a", 5, 3.0)
    say(live, clock, "a", 1, 3.5)
    assert list(read_live(tmp_path)["a"].losses) == [(1, 3.5)]


def test_many_losses_are_thinned_out_and_the_latest_stays(live, clock, tmp_path) -> None:
    for step in range(1, 3 * MAX_LOSSES):
        say(live, clock, "a", step, float(step))
    losses = list(read_live(tmp_path)["a"].losses)
    assert len(losses) <= MAX_LOSSES
    assert losses[0] == (1, 1.0)
    assert losses[-1] == (3 * MAX_LOSSES - 1, 3 * MAX_LOSSES - 1.0)
    assert losses == sorted(losses)


def test_it_is_written_once_a_second_at_most(live, clock, tmp_path) -> None:
    say(live, clock, "a", 1, 3.0)
    clock.now += 0.5
    live.on_report(SimpleNamespace(hash="a"), Report(2, 9, {"loss": 1.0}))
    assert read_live(tmp_path)["a"].step == 1
