"""Runs one job on one rank: train, measure, and leave what was made in a folder."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from trainers.distributed import gather
from trainers.finetune import finetune
from trainers.floors import measured_floors
from trainers.job import Beat, Outcome, Phase, Report
from trainers.memory import measured as memory
from trainers.rank_task import RankTask
from trainers.unlearn import unlearn
from trainers.warm_state import WarmState
from trainers.weight_files import check_fingerprint


def run(task: RankTask, warm_state: WarmState) -> Iterator[Report | Beat | Outcome]:
    """Runs the job to its end, in step on all ranks: Reports and Beats, then one Outcome.

    Raises:
        TrialFailure: the job cannot go on; raised on every rank at once.
    """
    job = task.job
    started = time.perf_counter()
    memory.forget_peak(warm_state.place.device)
    if job.phase == Phase.TRIAL:
        outcome = yield from unlearn(task, warm_state)
    elif job.checkpoint is not None:
        check_fingerprint(Path(job.checkpoint), job.weights)
        model = yield from warm_state.given_model(job)
        sheet, measured = yield from warm_state.evaluate(model.model, model, job)
        if job.phase == Phase.ORIGINAL:
            measured |= yield from measured_floors(warm_state, job)
        outcome = Outcome(sheet, measured, first_row=warm_state.shown_row(job, model))
    else:
        outcome = yield from finetune(task, warm_state)
    peak = max(gather(memory.peak_bytes(warm_state.place.device), warm_state.place))
    whole = {"rank_s": time.perf_counter() - started, "peak_memory_bytes": float(peak)}
    yield replace(outcome, facts={**outcome.facts, **whole})
