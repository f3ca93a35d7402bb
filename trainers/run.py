"""Runs one job on one rank: train, measure, and leave what was made in a folder."""

import time
from collections.abc import Iterator

from trainers import memory
from trainers.finetune import finetune
from trainers.job import Outcome, Phase, Report
from trainers.order import Order
from trainers.place import gather
from trainers.unlearn import unlearn
from trainers.workbench import Workbench


def run(order: Order, bench: Workbench) -> Iterator[Report | Outcome]:
    """Runs the job to its end, in step on all ranks: Reports, then exactly one Outcome.

    Raises:
        TrialFailure: the job cannot go on; raised on every rank at once.
    """
    job = order.job
    started = time.perf_counter()
    memory.forget_peak(bench.place.device)
    if job.phase == Phase.TRIAL:
        assert order.base is not None
        outcome = yield from unlearn(job, bench, base=order.base, folder=order.folder)
    elif job.checkpoint is not None:
        model = bench.given_model(job)
        sheet, measured = bench.evaluate(model.model, model, job)
        outcome = Outcome(sheet, measured)
    else:
        outcome = yield from finetune(job, bench, folder=order.folder)
    peak = max(gather(memory.peak_bytes(bench.place.device), bench.place))
    whole = {"rank_s": time.perf_counter() - started, "peak_memory_bytes": float(peak)}
    yield Outcome(outcome.sheet, {**outcome.facts, **whole})
