"""How long what is left of a plan takes on gangs of some shape, to compare shapes with each other.

The jobs of a kind run in rounds of as many as there are gangs. On more ranks a job is quicker, but
takes more of them together (`parallel_speed`), unless finished jobs tell how long it takes. Of k
gangs that share a GPU each is slower as soon as they are busy for more of its time than there is:

    rounds x seconds of a job x max(1, k x use)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from orchestrator.config.gang import GangSettings
from orchestrator.planning.hours import Batch
from orchestrator.planning.jobs_left import batches_of
from orchestrator.planning.memory import Kind
from orchestrator.planning.plan import Plan
from orchestrator.planning.throughput import FinishedJob, paces_on, parallel_speed


@dataclass(frozen=True, slots=True)
class Use:
    """The share of a GPU's time that one job keeps it busy, and who says so."""

    share: float
    basis: str


def gpu_use(plan: Plan, kinds: Sequence[Kind], finished: Sequence[FinishedJob]) -> Use:
    """Returns how busy finished jobs kept a GPU of their own, or else what the config says."""
    settings, alone = plan.config.plan, _alone(finished)
    ranks = min((job.ranks for job in alone), default=1)
    gang = GangSettings(ranks=ranks, gpus_per_rank=1)
    paces = paces_on([job for job in alone if job.ranks == ranks], gang)
    measured = [each for each in batches_of(plan.on(gang), kinds, paces) if each.pace]
    work = sum(batch.flops or 0.0 for batch in measured)
    taken_s = sum(map(_pace_s, measured))
    if not work or not taken_s:
        return Use(settings.gpu_use, "plan.gpu_use")
    busy = work / (settings.gpu_tflops * 1e12 * ranks * taken_s)
    basis = f"as finished jobs did, at {settings.gpu_tflops:g} TFLOP/s (plan.gpu_tflops)"
    return Use(min(1.0, busy), basis)


def time_on(
    gang: GangSettings,
    plan: Plan,
    kinds: Sequence[Kind],
    finished: Sequence[FinishedJob],
    *,
    num_gangs: int,
    use: Use,
) -> float:
    """Returns how long what is left takes on so many gangs; 0 if nothing is."""
    share = min(gang.gpus_per_rank or 1.0, 1.0)
    batches = batches_of(plan.on(gang), kinds, paces_on(_alone(finished), gang))
    rate = _rate(batches, gang)
    whole = 0.0
    for jobs in dict.fromkeys(batch.jobs for batch in batches):
        stage = [batch for batch in batches if batch.jobs == jobs and batch.count]
        count = sum(batch.count for batch in stage)
        total = sum(batch.count * _job_s(batch, rate) for batch in stage)
        whole += ceil(count / num_gangs) * total / count if count else 0.0
    return whole * max(1.0, use.share / share)


def _alone(finished: Sequence[FinishedJob]) -> list[FinishedJob]:
    """Returns the jobs that had their GPUs, if any, to themselves."""
    return [job for job in finished if job.gpus_per_rank == 1]


def _rate(batches: Sequence[Batch], gang: GangSettings) -> float:
    """Returns the work that a gang does in a second: as finished jobs tell, or else in any unit."""
    measured = [batch for batch in batches if batch.pace]
    taken_s = sum(map(_pace_s, measured))
    return sum(map(_work, measured)) / taken_s if taken_s else parallel_speed(gang.ranks)


def _job_s(batch: Batch, rate: float) -> float:
    return _pace_s(batch) if batch.pace else _work(batch) / rate


def _pace_s(batch: Batch) -> float:
    return batch.pace.step_s * batch.num_steps if batch.pace else 0.0


def _work(batch: Batch) -> float:
    return float(batch.num_steps) if batch.flops is None else batch.flops
