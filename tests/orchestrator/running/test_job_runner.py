"""A job that loses ranks or memory is tried again, and its result is the one it would have had."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cluster.gang import GangShape, News
from cluster.rank_failure import Cause, RankLost
from cluster.warm_gang import Upkeep
from evals.benchmark import Role
from evals.choice import Choice
from evals.scores import ScoreSheet
from evals.settings import EvaluationSettings
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores
from orchestrator.config.checkpoint import CheckpointSettings
from orchestrator.config.gang import GangSettings
from orchestrator.jobs.ticket import Ticket
from orchestrator.running import job_runner
from orchestrator.running.job_runner import JobRun
from orchestrator.running.workers import Experience
from orchestrator.storage.records import Storage, version
from orchestrator.storage.result import Result, State
from orchestrator.storage.weights import remove_weights
from tests.fixtures.jobs import any_job
from trainers import checkpoint
from trainers.checkpoint import Bookmark
from trainers.job import Beat, Outcome, Phase, Report, TrialFailure
from trainers.rank_task import RankTask
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings

DIED = RankLost("rank 1 was lost in advance: it died", Cause.DIED)
FULL = RankLost("rank 0 was lost in advance: OutOfMemoryError: CUDA", Cause.DEVICE_MEMORY)

Said = News | RankLost


class Script:
    """A workers that says what is written for each attempt, and remembers what it was told.

    `writes` has it save for real: a bookmark after the latest report.
    """

    def __init__(self, *attempts: list[Said], writes: bool = False) -> None:
        self.attempts = list(attempts)
        self.rooms: list[bool] = []
        self.writes = writes
        self.tasks: list[RankTask] = []
        self.closed = 0
        self.saves = 0
        self._reports: list[Report] = []
        self._lines: Iterator[Said] = iter(())

    def has_room(self) -> bool:
        return self.rooms.pop(0) if self.rooms else True

    def begin(self, task: RankTask, shape: GangShape, upkeep: Upkeep) -> None:
        self.tasks.append(task)
        self._reports = []
        self._lines = iter(self.attempts.pop(0))

    def advance(self) -> News:
        said = next(self._lines)
        if isinstance(said, RankLost):
            raise said
        if isinstance(said, Report):
            self._reports.append(said)
        return said

    def save(self, folder: Path) -> str:
        self.saves += 1
        if self.writes:
            mark = Bookmark(step=self._reports[-1].step, reports=self._reports)
            checkpoint.write(folder, mark, [("weight/a", torch.zeros(1))])
        return ""

    def weigh(self) -> int:
        return 123

    def close(self) -> None:
        self.closed += 1


def report(step: int, num_steps: int = 4) -> Report:
    return Report(step, num_steps, {"loss": 1.0 / step, "lr": 0.1})


@pytest.fixture
def saving_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_runner, "SAVING_SHARE", float("inf"))


@pytest.fixture
def outcome() -> Outcome:
    score = AnswerScore(1.0, 4)
    items = tuple(ItemScore(f"r-{i}", "a", score, score, (score,) * 3, (), ()) for i in range(2))
    task = TaskScores("retain", Role.RETAIN, Probability.PLAIN, items)
    return Outcome(ScoreSheet((task,)), {"steps": 4.0}, first_row="prompt: 'Who?'")


@pytest.fixture
def ticket(tmp_path: Path) -> Callable[..., Ticket]:
    def build(*, phase: Phase = Phase.TRIAL, losses: int = 0, every_s: float | None = None):
        job = any_job(
            phase,
            training=TrainingSettings(batch_size=8, micro_batch_size=4),
            adapter=AdapterSettings(),
            engine=EngineSettings(zero_stage=2),
            evaluation=EvaluationSettings(metrics=("retain",)),
            version=version(),
        )
        return Ticket(
            job=job,
            storage=str(tmp_path),
            gang=GangSettings(ranks=2),
            checkpoint=CheckpointSettings(every_s=every_s),
            losses=losses,
        )

    return build


def finished(run: JobRun) -> Result:
    while not isinstance(news := run.advance(), Result):
        assert isinstance(news, Report | Beat)
    return news


def left_in(ticket: Ticket) -> list[str]:
    return sorted(path.name for path in (Path(ticket.storage) / "jobs").iterdir())


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def gone(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize(
    ("lacks", "said"),
    [
        ({"base": "/nowhere/model"}, r"starts from is not there \(/nowhere/model\)"),
        ({"gold": "0" * 16}, "compared with has no scores"),
    ],
)
def test_a_job_of_which_a_baseline_is_not_there_ends_at_once_and_by_chance(
    ticket, lacks, said
) -> None:
    workers = Script()
    result = finished(JobRun(ticket().model_copy(update=lacks), workers, Experience()))
    assert (result.state, result.by_chance, result.wall_s < 1) == (State.FAILED, True, True)
    assert re.search(said, result.reason)
    assert workers.closed == 0, "the gang goes on with the next job"
    assert left_in(ticket()) == [result.job.hash]


def test_a_job_that_had_a_part_of_a_gpu_says_so(ticket, outcome) -> None:
    shared = ticket().model_copy(update={"gang": GangSettings(ranks=1, gpus_per_rank=0.25)})
    result = finished(JobRun(shared, Script([outcome]), Experience()))
    assert (result.facts["ranks"], result.facts["gpus_per_rank"]) == (1, 0.25)


def test_a_trial_is_held_against_the_scores_of_its_original(ticket, outcome) -> None:
    original = ticket(phase=Phase.ORIGINAL)
    finished(JobRun(original, Script([outcome]), Experience()))
    beside, alone = (based_on(ticket(), base) for base in (original.job.hash, None))
    found = finished(JobRun(beside, Script([outcome]), Experience())).evidence
    # The same scores: all of a metric's variance is shared.
    assert found.with_original["retain"] == pytest.approx(found.errors["retain"] ** 2)
    assert finished(JobRun(alone, Script([outcome]), Experience())).evidence.with_original == {}


@pytest.mark.parametrize("damage", [truncated, flipped, emptied])
def test_a_gold_models_scores_that_have_changed_are_told_of_before_anything_is_trained(
    ticket, outcome, damage
) -> None:
    held, sheet = held_against(ticket(), scored(ticket, outcome), "gold")
    damage(sheet)
    workers = Script([report(4), outcome])
    result = finished(JobRun(held, workers, Experience()))
    assert (result.state, result.by_chance, workers.tasks) == (State.FAILED, True, [])
    assert f"{sheet} must be a readable record of a finished job but got " in result.reason
    assert result.reason.endswith(f"delete the folder {sheet.parent} to run the job again")


@pytest.mark.parametrize("damage", [truncated, flipped, emptied, gone])
def test_without_its_originals_scores_a_trial_counts_and_it_is_said_why_its_errors_are_larger(
    ticket, outcome, damage, caplog
) -> None:
    held, sheet = held_against(ticket(), scored(ticket, outcome), "original")
    damage(sheet)
    result = finished(JobRun(held, Script([report(4), outcome]), Experience()))
    assert (result.state, result.evidence.with_original) == (State.DONE, {})
    assert result.evidence.errors
    assert f"{sheet} must be a readable record of a finished job but got " in caplog.text


@pytest.mark.parametrize("role", ["gold", "original"])
@pytest.mark.parametrize("damage", [flipped, gone])
def test_a_training_is_not_lost_for_scores_that_were_well_when_it_began(
    ticket, outcome, damage, role
) -> None:
    held, sheet = held_against(ticket(), scored(ticket, outcome), role)
    run = JobRun(held, Script([report(2), report(4), outcome]), Experience())
    run.advance()
    damage(sheet)
    result = finished(run)
    assert (result.state, result.reason) == (State.DONE, "")
    assert (result.evidence.with_original == {}) == (role == "gold")


def scored(ticket: Callable[..., Ticket], outcome: Outcome) -> Result:
    return finished(JobRun(ticket(phase=Phase.ORIGINAL), Script([outcome]), Experience()))


def held_against(ticket: Ticket, scored: Result, role: str) -> tuple[Ticket, Path]:
    """The ticket as it refers to a job, and that one's scores."""
    known = scored.job.hash
    asked = ticket.model_copy(update={"gold": known}) if role == "gold" else based_on(ticket, known)
    return asked, Storage(Path(ticket.storage)).job_folder(known) / "scores.json"


def based_on(ticket: Ticket, base: str | None) -> Ticket:
    return ticket.model_copy(update={"job": ticket.job.model_copy(update={"base": base})})


def test_a_job_that_nothing_happens_to_takes_one_attempt(ticket, outcome) -> None:
    workers = Script([report(2), Beat(), report(4), Beat(), outcome])
    result = finished(JobRun(ticket(), workers, Experience()))
    assert result.state == State.DONE
    assert result.reports == (report(2), report(4))
    assert result.facts["attempts"] == 1
    assert (result.facts["micro_batch_size"], result.facts["zero_stage"]) == (4, 2)
    assert result.facts["rank_memory_bytes"] == 123
    assert "gpus_per_rank" not in result.facts
    kept = Storage(Path(ticket().storage)).find(ticket().job)
    assert (kept.first_row, kept) == ("prompt: 'Who?'", result)
    assert workers.closed == workers.saves == 0
    assert left_in(ticket()) == [ticket().job.hash]


def test_a_lost_rank_is_another_attempt_with_another_gang(ticket, outcome) -> None:
    workers = Script([report(2), DIED], [report(2), report(4), outcome])
    result = finished(JobRun(ticket(), workers, Experience()))
    assert result.state == State.DONE
    assert result.reports == (report(2), report(4))
    assert result.facts["attempts"] == 2
    assert workers.closed == 1
    assert left_in(ticket()) == [ticket().job.hash]


@pytest.mark.usefixtures("saving_is_free")
def test_it_goes_on_from_the_checkpoint_with_the_reports_so_far(ticket, outcome) -> None:
    workers = Script([report(2), report(3), DIED], [report(4), outcome], writes=True)
    result = finished(JobRun(ticket(every_s=1e-9), workers, Experience()))
    assert workers.tasks[0].resume is None
    assert workers.tasks[1].resume.name == "step-3"
    assert result.reports == (report(2), report(3), report(4))
    assert result.facts["resumed_step"] == 3
    assert left_in(ticket()) == [ticket().job.hash], "the checkpoint outlived its use"


def test_so_does_the_next_process_after_the_one_that_was_stopped(ticket, outcome) -> None:
    stopped = JobRun(ticket(every_s=300), Script([report(2), report(3)], writes=True), Experience())
    stopped.advance()
    stopped.advance()
    stopped.pause()
    assert left_in(ticket()) == [f".{ticket().job.hash}.checkpoint"]
    workers = Script([report(4), outcome])
    result = finished(JobRun(ticket(), workers, Experience()))
    assert workers.tasks[0].resume.name == "step-3"
    assert result.reports == (report(2), report(3), report(4))
    assert result.facts["attempts"] == 1


def test_short_training_is_not_saved(ticket, outcome) -> None:
    workers = Script([report(2), Beat(), report(4), outcome])
    finished(JobRun(ticket(every_s=300), workers, Experience()))
    assert workers.saves == 0


def test_saving_takes_a_small_share_of_the_time_however_often_it_is_asked_for(
    ticket, outcome
) -> None:
    workers = Script([report(n, 40) for n in range(1, 41)] + [outcome])
    workers.save = lambda folder: (
        time.sleep(0.01) or setattr(workers, "saves", workers.saves + 1) or ""
    )
    started = time.perf_counter()
    finished(JobRun(ticket(every_s=1e-9), workers, Experience()))
    assert (
        1 <= workers.saves <= 1 + (time.perf_counter() - started) / (0.01 / job_runner.SAVING_SHARE)
    )


def test_ranks_that_had_to_start_anew_report_anew(ticket, outcome) -> None:
    # They could not read the checkpoint that the task named.
    workers = Script([report(2), report(3), DIED], [report(2), report(4), outcome], writes=True)
    result = finished(JobRun(ticket(every_s=1e-9), workers, Experience()))
    assert result.reports == (report(2), report(4))


def test_retries_end_with_the_reason_and_the_number_of_attempts(ticket) -> None:
    workers = Script([DIED], [report(2), DIED], [DIED])
    result = finished(JobRun(ticket(), workers, Experience()))
    assert result.state == State.FAILED
    assert result.reason == "rank 1 was lost in advance: it died; given up after 3 attempts"
    assert result.facts["attempts"] == 3
    assert workers.closed == 3
    assert left_in(ticket()) == [ticket().job.hash]


def test_losses_of_the_whole_trainable_count(ticket) -> None:
    workers = Script([DIED])
    result = finished(JobRun(ticket(losses=2), workers, Experience()))
    assert result.state == State.FAILED
    assert result.facts["attempts"] == 3


def test_a_result_that_a_lost_trainable_left_is_not_made_again(ticket, outcome) -> None:
    first = finished(JobRun(ticket(), Script([report(4), outcome]), Experience()))
    workers = Script()
    assert finished(JobRun(ticket(losses=1), workers, Experience())) == first
    assert workers.tasks == []


@pytest.mark.parametrize(
    "end",
    [
        TrialFailure("the loss became nan at step 3 of 4"),
        RankLost("rank 0 was lost in advance: KeyError: 'x'", Cause.FAULT),
    ],
)
def test_what_would_happen_again_is_not_tried_again(ticket, end) -> None:
    workers = Script([report(2), end])
    result = finished(JobRun(ticket(), workers, Experience()))
    assert result.state == State.FAILED
    assert result.reason == str(end)
    assert result.facts["attempts"] == 1


def test_a_job_that_fails_on_a_rank_keeps_its_traceback_and_says_where_without_secrets(ticket):
    said = (
        "rank 0:\nTraceback (most recent call last):\n  at s3://me:pa55word@host/x\nKeyError: 'x'"
    )
    message = "rank 0 was lost in advance: KeyError: 's3://me:pa55word@host/x'"
    lost = RankLost(message, Cause.FAULT, traceback=said)
    asked = ticket()
    result = finished(JobRun(asked, Script([report(2), lost]), Experience()))
    place = f"jobs/{asked.job.hash}/failure.txt"
    assert result.reason == f"{message}; traceback in {place}".replace("pa55word", "***")
    kept = (Path(asked.storage) / place).read_text(encoding="utf-8")
    assert kept == said.replace("pa55word", "***")


def test_a_job_that_is_done_after_a_loss_keeps_no_traceback(ticket, outcome) -> None:
    lost = RankLost("rank 0 was lost in advance: it died", Cause.DIED, traceback="Traceback")
    asked = ticket()
    result = finished(JobRun(asked, Script([lost], [report(4), outcome]), Experience()))
    assert result.state == State.DONE
    assert not list(Path(asked.storage).glob("jobs/*/failure.txt"))


def test_a_baseline_that_was_given_up_keeps_its_checkpoint(ticket) -> None:
    job = ticket(phase=Phase.GOLD, every_s=1e-9)
    workers = Script(*[[report(2), DIED]] * 3, writes=True)
    assert finished(JobRun(job, workers, Experience())).state == State.FAILED
    assert checkpoint.newest(Storage(Path(job.storage)).checkpoint_folder(job.job)) is not None


def test_too_little_memory_halves_the_micro_batch_and_then_shards_and_offloads(
    ticket, outcome
) -> None:
    workers = Script(*[[FULL]] * 4, [report(4), outcome])
    experience = Experience()
    result = finished(JobRun(ticket(), workers, experience))
    assert [task.job.training.micro_batch_size for task in workers.tasks] == [4, 2, 1, 1, 1]
    assert [task.job.engine.zero_stage for task in workers.tasks] == [2, 2, 2, 3, 3]
    assert {task.job.training.batch_size for task in workers.tasks} == {8}
    assert workers.tasks[-1].job.engine.offload_optimizer
    assert result.job == ticket().job
    assert result.facts["attempts"] == 5
    assert result.facts["zero_stage"] == 3
    assert result.facts["offload_optimizer"] == 1
    assert left_in(ticket()) == [ticket().job.hash]


def test_the_next_trial_starts_as_the_last_one_ended_but_a_baseline_does_not(
    ticket, outcome
) -> None:
    experience = Experience()
    finished(JobRun(ticket(), Script([FULL], [report(4), outcome]), experience))
    other = ticket()
    other = other.model_copy(update={"job": other.job.model_copy(update={"seed": 1})})
    workers = Script([report(4), outcome])
    finished(JobRun(other, workers, experience))
    assert workers.tasks[0].job.training.micro_batch_size == 2
    workers = Script([report(4), outcome])
    finished(JobRun(ticket(phase=Phase.GOLD), workers, experience))
    assert workers.tasks[0].job.training.micro_batch_size == 4


def test_memory_short_after_training_is_the_evaluations(ticket, outcome) -> None:
    workers = Script([report(2), report(4), FULL], [report(2), report(4), outcome])
    finished(JobRun(ticket(), workers, Experience()))
    sizes = [(o.job.training.micro_batch_size, o.job.evaluation.batch_size) for o in workers.tasks]
    whole = ticket().job.evaluation.batch_size
    assert sizes == [(4, whole), (4, whole // 2)]


def test_memory_that_nothing_can_spare_is_a_failure(ticket) -> None:
    workers = Script(*[[FULL]] * 6)
    result = finished(JobRun(ticket(), workers, Experience()))
    assert result.state == State.FAILED
    assert result.reason.endswith("given up after 6 attempts")
    assert workers.attempts == []


def test_a_batch_that_is_normalised_as_a_whole_is_not_cut_and_the_cure_is_said(
    ticket, outcome
) -> None:
    job = ticket().job.model_copy(update={"model": Choice(name="face_recogniser", settings={})})
    asked = ticket().model_copy(update={"job": job, "gang": GangSettings(ranks=1)})
    workers = Script(*[[FULL]] * 3)
    result = finished(JobRun(asked, workers, Experience()))
    assert {task.job.training.micro_batch_size for task in workers.tasks} == {4}
    assert workers.tasks[-1].job.engine.offload_parameters
    assert result.state == State.FAILED
    assert result.reason.endswith(
        "given up after 3 attempts; training.batch_size must fit into memory whole for "
        "face_recogniser, which normalises rows together, but got 8; lower it with micro_batch_size"
    )
    workers = Script([report(4), FULL], [report(4), outcome])
    assert finished(JobRun(asked, workers, Experience())).state == State.DONE
    assert workers.tasks[1].job.evaluation.batch_size == job.evaluation.batch_size // 2


def test_a_loss_after_the_job_is_done_is_only_a_loss_of_the_gang(ticket, outcome) -> None:
    workers = Script([report(4), outcome])

    def weigh() -> int:
        raise DIED

    workers.weigh = weigh
    result = finished(JobRun(ticket(), workers, Experience()))
    assert result.state == State.DONE
    assert "rank_memory_bytes" not in result.facts
    assert workers.closed == 1


FULL_DISK = RankLost("rank 0 was lost in start: OSError: No space left on device", Cause.FULL_DISK)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_runner, "RETRY_S", (0.0, 0.0))


def on(disk, given: Ticket) -> Ticket:
    return given.model_copy(update={"storage": str(disk.folder / "runs")})


@pytest.mark.usefixtures("impatient")
def test_a_result_without_room_waits_for_it_and_is_the_one_it_would_have_been(
    ticket, outcome, small_disk
) -> None:
    there = on(small_disk, ticket())
    workers = Script([report(2), Beat(no_room="the adapter"), report(4), outcome])
    run = JobRun(there, workers, Experience())
    assert run.advance() == report(2)
    assert run.advance() == Beat(no_room="the adapter")
    assert run.advance() == report(4)
    small_disk.fill()
    for _ in range(3):
        waits = run.advance()
        assert isinstance(waits, Beat)
        assert "No space left on device" in waits.no_room
        assert Storage(Path(there.storage)).find(there.job) is None
    small_disk.empty()
    result = run.advance()
    assert isinstance(result, Result)
    assert (result.state, result.facts["attempts"]) == (State.DONE, 1)
    assert Storage(Path(there.storage)).find(there.job) == result
    assert left_in(there) == [there.job.hash]


@pytest.mark.usefixtures("impatient")
def test_a_failure_waits_for_room_as_well(ticket, small_disk) -> None:
    there = on(small_disk, ticket())
    run = JobRun(there, Script([report(2), TrialFailure("the loss became nan")]), Experience())
    run.advance()
    small_disk.fill()
    assert "No space left" in run.advance().no_room
    small_disk.empty()
    assert run.advance().reason == "the loss became nan"


@pytest.mark.usefixtures("impatient")
def test_a_rank_without_room_is_tried_again_for_as_long_as_it_takes_and_never_given_up(
    ticket, outcome
) -> None:
    workers = Script(*[[report(2), FULL_DISK]] * 9, [report(2), report(4), outcome])
    run = JobRun(ticket(), workers, Experience())
    said = []
    while not isinstance(news := run.advance(), Result):
        said.append(news)
    assert [each.no_room for each in said if isinstance(each, Beat)] == [str(FULL_DISK)] * 9
    assert news.state == State.DONE
    assert (news.facts["attempts"], workers.closed) == (10, 9)
    assert left_in(ticket()) == [ticket().job.hash]


def test_who_waits_for_room_does_so_longer_every_time_and_begins_anew(
    ticket, outcome, monkeypatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(job_runner.time, "sleep", slept.append)
    full = Beat(no_room="full")
    workers = Script([report(1), full, full, full, full, report(2), full, outcome])
    finished(JobRun(ticket(), workers, Experience()))
    assert slept == [0, 0, 1, 2, 4, 5, 0, 1]


@pytest.mark.usefixtures("impatient")
def test_what_waits_for_room_is_given_a_last_chance_when_its_trainable_is_stopped(
    ticket, outcome, small_disk
) -> None:
    there = on(small_disk, ticket())
    for room_comes in (False, True):
        run = JobRun(there, Script([report(4), outcome]), Experience())
        run.advance()
        small_disk.fill()
        assert "No space left" in run.advance().no_room
        if room_comes:
            small_disk.empty()
        run.pause()
        small_disk.empty()
        found = Storage(Path(there.storage)).find(there.job)
        assert (found is not None) == room_comes


def test_weights_that_were_removed_come_back_when_somebody_has_the_job_run_again(
    ticket, outcome
) -> None:
    storage = Storage(Path(ticket().storage))
    first = finished(JobRun(ticket(), _Leaving([report(4), outcome]), Experience()))
    home = storage.job_folder(ticket().job.hash)
    remove_weights(home, "disk.quota")
    found = storage.find(ticket().job)
    assert found == replace(first, weights_removed=True)
    again = finished(JobRun(ticket(losses=1), _Leaving([report(4), outcome]), Experience()))
    assert again == first
    assert (home / "adapter" / "weights").read_text() == "w"
    assert storage.find(ticket().job) == first
    assert left_in(ticket()) == [home.name]


class _Leaving(Script):
    """A workers that leaves an adapter behind."""

    def begin(self, task: RankTask, shape: GangShape, upkeep: Upkeep) -> None:
        super().begin(task, shape, upkeep)
        (task.folder / "adapter").mkdir()
        (task.folder / "adapter" / "weights").write_text("w")


def test_an_attempt_begins_once_there_is_room_for_it(ticket, outcome) -> None:
    workers = Script([report(4), outcome])
    workers.rooms = [False, False, True]
    result = finished(JobRun(ticket(), workers, Experience()))
    assert (result.state, result.facts["attempts"]) == (State.DONE, 1)
    assert len(workers.tasks) == 1
    assert workers.rooms == []


def test_waiting_for_room_is_a_beat_now_and_then_and_no_end(ticket, outcome, monkeypatch) -> None:
    monkeypatch.setattr(job_runner, "QUIET_S", 0.0)
    workers = Script([outcome])
    workers.rooms = [False] * 50
    run = JobRun(ticket(), workers, Experience())
    for _ in range(50):
        assert isinstance(run.advance(), Beat)
    assert workers.tasks == []
    assert finished(run).state == State.DONE


def test_nodes_that_go_before_the_ranks_have_started_cost_no_attempt(ticket, outcome) -> None:
    gone = RankLost("the nodes of the gang are gone", Cause.NO_NODES)
    workers = Script(*[[gone]] * 5, [DIED], [DIED], [report(4), outcome])
    result = finished(JobRun(ticket(), workers, Experience()))
    assert (result.state, result.facts["attempts"]) == (State.DONE, 3)
    assert workers.closed == 7
    assert len(workers.tasks) == 8
