"""Runs one job on one rank: train, measure, and leave what was made in a folder."""

import resource
import time
from collections.abc import Iterator

import torch

from trainers.finetune import finetune
from trainers.job import Outcome, Phase, Report
from trainers.order import Order
from trainers.unlearn import unlearn
from trainers.workbench import Workbench


def run(order: Order, bench: Workbench) -> Iterator[Report | Outcome]:
    """Runs the job to its end, in step on all ranks: Reports, then exactly one Outcome.

    Raises:
        TrialFailure: the job cannot go on; raised on every rank at once.
    """
    job = order.job
    started = time.perf_counter()
    if job.phase == Phase.TRIAL:
        assert order.base is not None
        outcome = yield from unlearn(job, bench, base=order.base, folder=order.folder)
    elif job.checkpoint is not None:
        model = bench.given_model(job)
        sheet, measured = bench.evaluate(model.model, model, job)
        outcome = Outcome(sheet, measured)
    else:
        outcome = yield from finetune(job, bench, folder=order.folder)
    whole = {"rank_s": time.perf_counter() - started, "peak_memory_bytes": _peak_memory(bench)}
    yield Outcome(outcome.sheet, {**outcome.facts, **whole})


def _peak_memory(bench: Workbench) -> float:
    """Returns this process's peak: CUDA memory on a GPU, resident set size on a CPU."""
    if bench.place.device.startswith("cuda"):
        return float(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
