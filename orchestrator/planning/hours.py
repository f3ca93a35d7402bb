"""How many device-hours a sweep still takes: by its finished jobs, or else by its work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.config.gang import GangSettings
from orchestrator.config.plan import PlanSettings
from orchestrator.planning.throughput import Pace


@dataclass(frozen=True, slots=True)
class Batch:
    """Jobs alike: `count` are left, of `num_steps` and `flops` each (None: not known).

    `pace` is that of finished jobs like them.
    """

    jobs: str
    count: int
    num_steps: int
    flops: float | None = None
    pace: Pace | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """Device-hours that are left by kind of jobs, and what the estimate rests on."""

    by_jobs: Mapping[str, float]
    basis: str

    @property
    def total(self) -> float:
        """All of them."""
        return sum(self.by_jobs.values())


def num_devices(gang: GangSettings) -> float:
    """Returns the GPUs of a gang, or its CPUs if it has none; 0 where it books neither."""
    return gang.ranks * (gang.gpus_per_rank or gang.cpus_per_rank)


def hours(batches: Sequence[Batch], gang: GangSettings, settings: PlanSettings) -> Hours | None:
    """Returns the device-hours that are left, or None when nothing tells.

    A job like finished ones takes what they took for a step. Any other takes as much more or less
    than they as it is more or less work; where none is finished, work is done at a stated rate.
    """
    measured = [batch for batch in batches if batch.pace is not None]
    has_flops = all(batch.flops is not None for batch in batches)
    if not measured and not has_flops:
        return None
    if measured:
        taken_s = sum(_job_s(batch, gang) for batch in measured)
        rate = sum(_work(batch, has_flops) for batch in measured) / taken_s
    else:
        rate = _stated_rate(gang, settings)
    by_jobs: dict[str, float] = {}
    for batch in batches:
        job_s = _work(batch, has_flops) / rate if batch.pace is None else _job_s(batch, gang)
        by_jobs[batch.jobs] = by_jobs.get(batch.jobs, 0.0) + batch.count * job_s / 3600
    return Hours(by_jobs, _basis(batches, gang, settings))


def hours_line(found: Hours, gang: GangSettings, *, num_gangs: int) -> str:
    """Returns the estimate in words, with the time that it takes on gangs side by side, if any."""
    devices = "GPU" if gang.gpus_per_rank else "CPU"
    parts = ", ".join(f"{jobs} {spent:.2g}" for jobs, spent in found.by_jobs.items())
    line = f"{devices}-hours left: about {found.total:.2g} ({parts}), {found.basis}"
    if not num_gangs or not num_devices(gang):
        return line
    return f"{line}; {found.total / (num_devices(gang) * num_gangs):.2g} h here"


def _job_s(batch: Batch, gang: GangSettings) -> float:
    """Returns the device-seconds of one job at the pace of those like it."""
    assert batch.pace is not None
    return batch.pace.step_s * batch.num_steps * num_devices(gang)


def _work(batch: Batch, has_flops: bool) -> float:
    return batch.flops if has_flops and batch.flops is not None else float(batch.num_steps)


def _stated_rate(gang: GangSettings, settings: PlanSettings) -> float:
    """Returns operations a second of one device."""
    return settings.gpu_tflops * 1e12 if gang.gpus_per_rank else settings.cpu_gflops * 1e9


def _basis(batches: Sequence[Batch], gang: GangSettings, settings: PlanSettings) -> str:
    paces = {batch.pace for batch in batches if batch.pace is not None}
    if not paces:
        if gang.gpus_per_rank:
            return f"by its work, at {settings.gpu_tflops:g} TFLOP/s a GPU (plan.gpu_tflops)"
        return f"by its work, at {settings.cpu_gflops:g} GFLOP/s a CPU (plan.cpu_gflops)"
    num_jobs = sum(pace.num_jobs for pace in paces)
    others = any(batch.count and batch.pace is None for batch in batches)
    return f"as {num_jobs} finished jobs took" + (", others by their work" if others else "")
