"""The way out of memory: which execution follows which, and what stays the same job."""

import pytest

from evals.settings import EvaluationSettings
from tests.fixtures.jobs import any_job
from trainers.job import Job
from trainers.memory.fallback import Doing, Execution, Memory, lighter
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings


def make_job(
    *, micro: int = 4, batch: int = 8, stage: int = 2, checkpoint: str | None = None
) -> Job:
    return any_job(
        training=TrainingSettings(batch_size=batch, micro_batch_size=micro),
        adapter=AdapterSettings(),
        engine=EngineSettings(zero_stage=stage),
        evaluation=EvaluationSettings(batch_size=16),
        checkpoint=checkpoint,
    )


def ladder(
    job: Job,
    *,
    world: int,
    short_of: Memory,
    doing: Doing = Doing.TRAINING,
    mixes_rows: bool = False,
) -> list[tuple]:
    """Every rung: micro-batch, evaluation batch, stage, optimizer and parameters offloaded."""
    rungs, now = [], Execution.of(job)
    while now is not None:
        offloaded = now.offload_optimizer, now.offload_parameters
        rungs.append((now.micro_batch_size, now.eval_batch_size, now.zero_stage, *offloaded))
        now = lighter(now, job, world=world, short_of=short_of, doing=doing, mixes_rows=mixes_rows)
    return rungs


def test_a_device_gets_smaller_batches_then_higher_stages_then_the_hosts_memory() -> None:
    assert ladder(make_job(stage=0), world=2, short_of=Memory.DEVICE) == [
        (4, 16, 0, False, False),
        (2, 16, 0, False, False),
        (1, 16, 0, False, False),
        (1, 16, 2, False, False),
        (1, 16, 3, False, False),
        (1, 16, 3, True, False),
        (1, 16, 3, True, True),
    ]


def test_one_rank_has_nobody_to_share_with() -> None:
    assert ladder(make_job(micro=2, stage=0), world=1, short_of=Memory.DEVICE) == [
        (2, 16, 0, False, False),
        (1, 16, 0, False, False),
        (1, 16, 1, True, False),
        (1, 16, 3, True, True),
    ]


def test_a_batch_whose_rows_are_mixed_in_training_is_never_cut() -> None:
    whole = make_job(micro=8, stage=0)
    assert ladder(whole, world=1, short_of=Memory.HOST, mixes_rows=True) == [
        (8, 16, 0, False, False)
    ]
    rungs = ladder(whole, world=1, short_of=Memory.DEVICE, mixes_rows=True)
    assert rungs[1:] == [(8, 16, 1, True, False), (8, 16, 3, True, True)]
    scored = ladder(whole, world=1, short_of=Memory.HOST, doing=Doing.EVALUATION, mixes_rows=True)
    assert [rung[:2] for rung in scored] == [(8, 16), (8, 8), (8, 4), (8, 2), (8, 1)]


def test_a_host_that_is_short_of_memory_is_not_given_more_to_hold() -> None:
    assert ladder(make_job(micro=1), world=2, short_of=Memory.HOST) == [
        (1, 16, 2, False, False),
        (1, 16, 3, False, False),
    ]


def test_an_evaluation_gets_smaller_batches_of_its_own() -> None:
    rungs = ladder(make_job(stage=3), world=2, short_of=Memory.DEVICE, doing=Doing.EVALUATION)
    assert [rung[1] for rung in rungs[:5]] == [16, 8, 4, 2, 1]
    assert {rung[0] for rung in rungs} == {4}
    given = make_job(checkpoint="/models/original")
    rungs = ladder(given, world=2, short_of=Memory.DEVICE)
    assert [rung[1] for rung in rungs] == [16, 8, 4, 2, 1]


def test_a_training_with_probes_gets_smaller_batches_of_both_kinds() -> None:
    rungs = ladder(make_job(stage=3), world=2, short_of=Memory.DEVICE, doing=Doing.EITHER)
    assert [rung[:2] for rung in rungs] == [
        *[(4, 16), (2, 8), (1, 4), (1, 2), (1, 1)],
        *[(1, 1)] * 2,
    ]


@pytest.mark.parametrize(("micro", "batch", "after"), [(6, 12, 3), (3, 12, 1), (5, 20, 2)])
def test_half_a_batch_still_cuts_evenly(micro: int, batch: int, after: int) -> None:
    job = make_job(micro=micro, batch=batch)
    less = lighter(Execution.of(job), job, world=2, short_of=Memory.DEVICE, doing=Doing.TRAINING)
    assert less.micro_batch_size == after
    assert batch % (less.micro_batch_size * 2) == 0


def test_an_execution_changes_how_a_job_runs_and_nothing_else() -> None:
    job = make_job()
    execution = Execution(
        micro_batch_size=1,
        eval_batch_size=2,
        zero_stage=3,
        offload_optimizer=True,
        offload_parameters=True,
    )
    run = execution.applied(job)
    assert run.training.batch_size == job.training.batch_size
    assert Execution.of(run) == execution
    assert Execution.of(job).applied(run) == job
    EngineSettings.model_validate(run.engine.model_dump())
