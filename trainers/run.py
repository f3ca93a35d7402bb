"""Runs one job on one rank: train, measure, and leave what was made in a folder."""

import time
from collections.abc import Iterator
from dataclasses import replace

from trainers.distributed import gather
from trainers.finetune import finetune
from trainers.job import Beat, Outcome, Phase, Report
from trainers.memory import measured as memory
from trainers.rank_task import Order
from trainers.unlearn import unlearn
from trainers.warm_state import Workbench


def run(order: Order, bench: Workbench) -> Iterator[Report | Beat | Outcome]:
    """Runs the job to its end, in step on all ranks: Reports and Beats, then one Outcome.

    Raises:
        TrialFailure: the job cannot go on; raised on every rank at once.
    """
    job = order.job
    started = time.perf_counter()
    memory.forget_peak(bench.place.device)
    if job.phase == Phase.TRIAL:
        outcome = yield from unlearn(order, bench)
    elif job.checkpoint is not None:
        model = bench.given_model(job)
        sheet, measured = yield from bench.evaluate(model.model, model, job)
        outcome = Outcome(sheet, measured)
    else:
        outcome = yield from finetune(order, bench)
    peak = max(gather(memory.peak_bytes(bench.place.device), bench.place))
    whole = {"rank_s": time.perf_counter() - started, "peak_memory_bytes": float(peak)}
    yield replace(outcome, facts={**outcome.facts, **whole})
