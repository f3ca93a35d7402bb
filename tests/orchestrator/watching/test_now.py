"""What goes on in a sweep is told from its folder alone, whoever drives it or not."""

import time
from dataclasses import replace

import pytest

from orchestrator.limits.steering import Steered
from orchestrator.storage.live_file import LiveJob, write_live
from orchestrator.storage.lock import FolderLock
from orchestrator.storage.members import MemberRole
from orchestrator.storage.result import Result, State
from orchestrator.watching.now import now_of
from tests.fixtures.stored_sweep import StoredSweep
from trainers.checkpoint import Bookmark, write
from trainers.job import Report


@pytest.fixture
def sweep(stored_sweep) -> StoredSweep:
    """A sweep with its baselines, two of four trials, and one that runs."""
    made = stored_sweep("search.trials=2")
    made.write(made.original, MemberRole.ORIGINAL, "original", retain=0.8)
    made.write(made.gold, MemberRole.GOLD, "gold", retain=0.82)
    made.write_trial("ga", 0, lr=1e-4, retain=0.79)
    made.write_trial("npo", 0, lr=1e-4, retain=0.79)
    made.ledger.give("ga", 1, made.trial("ga", lr=2e-3).hash)
    return made


def look(sweep: StoredSweep):
    return now_of(sweep.config, sweep.storage)


def test_a_sweep_that_runs_says_who_drives_it_and_how_far_it_is(sweep) -> None:
    with FolderLock(sweep.folder):
        now = look(sweep)
    assert now.state == "Running:"
    assert "driven by process" in now.said
    assert "at the pace of its latest trials" in now.said
    assert [(c.name, c.done, c.total) for c in now.counts[:2]] == [
        ("Baselines", 2, 2),
        ("Trials", 2, 4),
    ]
    assert now.title == "2 of 4: demo"
    (running,) = now.running
    assert (running.name, running.steps) == ("ga 1", "waits for its gang")


def test_a_job_that_runs_has_its_place_its_losses_and_its_probes(sweep) -> None:
    job = sweep.trial("ga", lr=2e-3)
    sweep.storage.begin(job)
    write_live(sweep.folder, {job.hash: LiveJob(20, 80, [(10, 3.0), (20, 2.5)])})
    reports = [Report(10, 80, {"loss": 3.0, "probe_retain": 0.7, "probe_retain_error": 0.1})]
    write(sweep.storage.checkpoint_folder(job), Bookmark(step=10, reports=reports), [])
    with FolderLock(sweep.folder):
        (running,) = look(sweep).running
    assert running.place
    assert (running.steps, running.loss) == ("20 of 80", "2.5")
    assert running.line == "0.0,1.0 120.0,23.0"
    assert running.probes == "retain 0.7 at step 10"


def test_what_a_person_has_decided_counts(sweep) -> None:
    stop = Steered(id="1", verb="stop", label="npo", trials=1, before=2)
    sweep.ledger.steer(stop)
    sweep.ledger.steer(Steered(id="2", verb="pause"))
    with FolderLock(sweep.folder):
        now = look(sweep)
    assert now.state == "Paused by hand:"
    assert now.counts[1].total == 3
    assert "pace" not in now.said


def test_a_sweep_that_nobody_drives_is_interrupted_or_over(sweep) -> None:
    now = look(sweep)
    assert now.state == "Nobody drives it:"
    assert now.running == ()
    sweep.ledger.close(complete=True)
    assert look(sweep).state == "Over:"


def test_what_failed_says_why(sweep) -> None:
    job = sweep.trial("npo", lr=5e-4)
    failed = Result(job, State.FAILED, "the loss is nan", {}, {}, 1.0, (), 0.0)
    sweep.write_trial("npo", 1, lr=5e-4, retain=0.5)
    file = sweep.storage.job_folder(job.hash)
    for each in file.iterdir():
        each.unlink()
    file.rmdir()
    sweep.storage.commit(failed, sweep.storage.begin(job), None)
    now = look(sweep)
    assert [(each.name, each.reason) for each in now.failed] == [("npo 1", "the loss is nan")]
    assert replace(now, title="").more_failed == 0


def test_a_sweep_that_has_only_begun_has_nothing_to_say_yet(stored_sweep) -> None:
    begun = stored_sweep()
    with FolderLock(begun.folder):
        now = look(begun)
    assert now.counts[0].done == 0
    assert time.strftime("%Y") in now.said
