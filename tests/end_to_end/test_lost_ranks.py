"""Ranks that die, hang or run out of memory in the middle of a trial, and what comes of the trial.

Every disturbed trial must end with the scores of the same trial left in peace.
"""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from cluster.rank import Rank
from cluster.warm_gang import WarmGang
from evals.scores import ScoreSheet
from orchestrator.config.checkpoint import CheckpointSettings
from orchestrator.config.gang import GangSettings
from orchestrator.jobs.ticket import Ticket
from orchestrator.running import job_runner
from orchestrator.running.job_runner import Experience, JobRun
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import real_job
from trainers.job import Beat, Job, Outcome, Phase, Report, TrialFailure
from trainers.rank_task import RankTask
from trainers.settings import EngineSettings

pytestmark = [
    pytest.mark.ray,
    pytest.mark.dist,
    pytest.mark.slow,
    pytest.mark.usefixtures("embedded_ray"),
]

GANG = GangSettings(ranks=2, collective_timeout_s=120)


@pytest.fixture(autouse=True)
def saving_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_runner, "SAVING_SHARE", float("inf"))


def job(phase: Phase) -> Job:
    return real_job(phase, engine=EngineSettings(zero_stage=2))


@dataclass(frozen=True)
class Lab:
    """Runs the same trial again and again, each time in a storage of its own."""

    base: Path
    folder: Path
    warm: WarmGang

    def ticket(self, name: str, **gang: object) -> Ticket:
        return Ticket(
            job=job(Phase.TRIAL),
            storage=str(self.folder / name),
            gang=GANG.model_copy(update=gang),
            checkpoint=CheckpointSettings(every_s=1e-9),
            base=str(self.base),
        )


def finished(run: JobRun, at_report: Callable[[Report], None] = lambda _: None) -> Result:
    while not isinstance(news := run.advance(), Result):
        if isinstance(news, Report):
            at_report(news)
    return news


def sheet_of(ticket: Ticket) -> ScoreSheet:
    return Storage(Path(ticket.storage)).sheet(ticket.job.hash)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    warm = WarmGang()
    first = Ticket(job=job(Phase.ORIGINAL), storage=str(folder / "original"), gang=GANG)
    assert finished(JobRun(first, warm, Experience())).state == State.DONE
    model = Storage(folder / "original").model_folder(first.job)
    yield Lab(model, folder, warm)
    warm.close()


@pytest.fixture(scope="module")
def in_peace(lab: Lab) -> tuple[Result, ScoreSheet]:
    ticket = lab.ticket("in peace")
    return finished(JobRun(ticket, lab.warm, Experience())), sheet_of(ticket)


def once(deed: Callable[[], None]) -> Callable[[Report], None]:
    """Does `deed` after the first report, which is saved by then."""
    done = []

    def at_report(report: Report) -> None:
        if not done:
            done.append(report)
            deed()

    return at_report


def test_a_rank_that_is_killed_costs_an_attempt_and_changes_no_score(lab, in_peace) -> None:
    ticket = lab.ticket("killed")
    run = JobRun(ticket, lab.warm, Experience())
    before = lab.warm._gang.pids()
    result = finished(run, once(lambda: os.kill(before[1], signal.SIGKILL)))
    assert result.state == State.DONE
    assert result.facts["attempts"] == 2
    assert result.facts["resumed_step"] == in_peace[0].reports[0].step
    assert result.reports == in_peace[0].reports
    assert sheet_of(ticket) == in_peace[1]
    assert set(lab.warm._gang.pids()).isdisjoint(before)


def test_a_rank_that_hangs_is_noticed_and_ended(lab, in_peace) -> None:
    ticket = lab.ticket("hung")
    run = JobRun(ticket, lab.warm, Experience())
    before = lab.warm._gang.pids()

    def stop() -> None:
        lab.warm._gang._timeout_s = 2.0
        os.kill(before[1], signal.SIGSTOP)

    result = finished(run, once(stop))
    assert result.state == State.DONE
    assert result.facts["attempts"] == 2
    assert sheet_of(ticket) == in_peace[1]
    assert not any(is_alive(pid) for pid in before)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_retries_that_are_used_up_end_in_a_failure_that_says_so(lab) -> None:
    run = JobRun(lab.ticket("exhausted", max_retries=1), lab.warm, Experience())
    result = finished(run, lambda _: os.kill(lab.warm._gang.pids()[0], signal.SIGKILL))
    assert result.state == State.FAILED
    assert result.reason.startswith("rank 0 was lost in advance: ")
    assert "; given up after 2 attempts; traceback in jobs/" in result.reason
    assert result.facts["attempts"] == 2


def short_of_memory() -> type[Rank]:
    """Returns ranks of which the second runs out of memory below ZeRO-3 with micro-batches of 1."""

    class Short(Rank):
        def start(self, task: RankTask) -> None:
            fits = task.job.engine.zero_stage == 3 and task.job.training.micro_batch_size == 1
            self._fits = fits or self._place.rank == 0
            super().start(task)

        def advance(self) -> Report | Beat | Outcome | TrialFailure:
            if not self._fits:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            return super().advance()

    return Short


def test_too_little_memory_takes_smaller_parts_and_changes_no_score(lab, in_peace) -> None:
    lab.warm.close()
    warm, experience = WarmGang(short_of_memory()), Experience()
    ticket = lab.ticket("short of memory")
    result = finished(JobRun(ticket, warm, experience))
    assert result.facts["attempts"] == 3
    assert (result.facts["micro_batch_size"], result.facts["zero_stage"]) == (1, 3)
    assert result.state == State.DONE
    assert result.metrics["retain"] == pytest.approx(in_peace[0].metrics["retain"], rel=1e-4)
    pids = warm._gang.pids()
    again = finished(JobRun(lab.ticket("from there"), warm, experience))
    assert again.facts["attempts"] == 1
    assert warm._gang.pids() == pids
    warm.close()
