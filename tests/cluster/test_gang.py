"""A gang of real ranks on an embedded Ray: it runs jobs in step and says who was lost."""

import os
import signal
from pathlib import Path

import pytest
import ray
from ray.core.generated.common_pb2 import ActorDiedErrorContext

from cluster.capacity import check_capacity
from cluster.gang import Gang, GangShape, never_ran
from cluster.rank_failure import Cause, RankLost
from evals.errors import ConfigError
from tests.fixtures.jobs import real_job
from trainers.job import Beat, Job, Outcome, Phase, Report, TrialFailure
from trainers.rank_task import RankTask
from trainers.settings import TrainingSettings

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.usefixtures("embedded_ray")]

SHAPE = GangShape(ranks=2, cpus_per_rank=1, gpus_per_rank=0)


def job(phase: Phase, *, lr: float = 1e-3) -> Job:
    training = TrainingSettings(lr=lr, epochs=2, batch_size=4, micro_batch_size=2)
    return real_job(phase, training=training)


def run(gang: Gang, task: RankTask) -> Outcome | TrialFailure:
    task.folder.mkdir(exist_ok=True)
    gang.start(task)
    while isinstance(news := gang.advance(), Report | Beat):
        pass
    return news


def run_out(gang: Gang) -> None:
    while isinstance(gang.advance(), Report | Beat):
        pass


def test_a_gang_outlives_its_jobs_and_says_who_was_lost(tmp_path: Path) -> None:
    gang = Gang.form(SHAPE, None, timeout_s=120)
    original = run(gang, RankTask(job(Phase.ORIGINAL), tmp_path / "original"))
    assert isinstance(original, Outcome)
    base = tmp_path / "original" / "model"
    assert (base / "model.safetensors").is_file()

    pids = gang.pids()
    for pid in pids:  # they asked for no GPU, and Ray would leave the machine's visible
        assert b"CUDA_VISIBLE_DEVICES=" in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    trial = job(Phase.TRIAL)
    first = run(gang, RankTask(trial, tmp_path / "trial", base))
    again = run(gang, RankTask(trial, tmp_path / "again", base))
    assert isinstance(first, Outcome)
    assert first.sheet == again.sheet
    assert gang.pids() == pids
    assert (tmp_path / "trial" / "adapter" / "adapter_model.safetensors").is_file()

    wild = run(gang, RankTask(job(Phase.TRIAL, lr=1e30), tmp_path / "wild", base))
    assert isinstance(wild, TrialFailure)
    after = run(gang, RankTask(trial, tmp_path / "after", base))
    assert after.sheet == first.sheet, "a failed trial left something behind"

    gang.start(RankTask(trial, tmp_path / "cut", base))
    assert isinstance(gang.advance(), Report)
    os.kill(pids[1], signal.SIGKILL)
    with pytest.raises(RankLost, match="rank 1 was lost in advance") as lost:
        run_out(gang)
    assert lost.value.cause == Cause.DIED


def test_an_error_on_a_rank_is_told_with_its_own_words(tmp_path: Path) -> None:
    shape = GangShape(ranks=1, cpus_per_rank=1, gpus_per_rank=0)
    gang = Gang.form(shape, None, timeout_s=120)
    missing = RankTask(job(Phase.TRIAL), tmp_path, tmp_path / "nothing")
    gang.start(missing)
    with pytest.raises(
        RankLost, match=r"rank 0 was lost in advance: ConfigError: .*nothing"
    ) as lost:
        gang.advance()
    assert lost.value.cause == Cause.FAULT


def test_more_ranks_than_the_cluster_has_are_refused_at_once() -> None:
    with pytest.raises(ConfigError, match=r"gang\.ranks must be .* but got 3 ranks.*use fewer"):
        check_capacity(GangShape(ranks=3, cpus_per_rank=1, gpus_per_rank=0))
    assert check_capacity(SHAPE) == 1


def test_a_rank_that_was_sent_to_a_node_that_is_gone_is_told_from_one_that_died() -> None:
    some = bytes(16)
    nowhere = ActorDiedErrorContext(actor_id=some, never_started=True)
    assert never_ran(ray.exceptions.ActorDiedError(nowhere))
    died = ActorDiedErrorContext(actor_id=some)
    assert not never_ran(ray.exceptions.ActorDiedError(died))
    assert not never_ran(None)
