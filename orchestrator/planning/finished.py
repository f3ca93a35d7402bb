"""What of a sweep is in storage already."""

from collections import Counter
from collections.abc import Mapping

from evals.benchmark import Benchmark
from evals.splits import World
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import trial_job
from orchestrator.jobs.finalists import final_seeds
from orchestrator.jobs.shadows import Kinds
from orchestrator.searching.shared_parameters import point_of
from orchestrator.searching.space import holds
from orchestrator.storage.members import MemberRole, read_members
from orchestrator.storage.records import Storage
from trainers.job import Job, Phase


def finished_trials(
    config: SweepConfig, benchmark: Benchmark, *, storage: Storage, original: Job
) -> Counter[str]:
    """Counts, by label, the results in storage that this sweep's search could ask for.

    A stored trial belongs to a label when the job made anew from its own hyperparameters has the
    same hash. Another sweep over the same space counts too: its results are found again whenever
    the search suggests the same point.
    """
    counts: Counter[str] = Counter()
    for job in storage.jobs():
        if job.phase != Phase.TRIAL or job.base != original.hash:
            continue
        for label in config.methods:
            if _asks_for(config, benchmark, job, label=label, original=original):
                counts[label] += 1
    return counts


def finished_finals(config: SweepConfig, storage: Storage) -> int:
    """Counts the finalists' runs that the sweep has; whose will be wanted is known at its end."""
    if config.finalists is None:
        return 0
    seeds, done = final_seeds(config), Counter[str]()
    for member in read_members(storage.sweep_path(config.name)):
        if member.role == MemberRole.FINAL and member.seed in seeds:
            done[member.label] += storage.job_folder(member.job).is_dir()
    return sum(min(done[label], len(seeds)) for label in config.methods)


def shadows_left(
    config: SweepConfig, attacked: Mapping[World, Kinds], storage: Storage
) -> dict[str, int]:
    """Counts the models for attacks that are missing; whose are wanted is known at the end."""
    labels = (*map(str, (Phase.ORIGINAL, Phase.GOLD)), *config.methods)
    splits = {split for kinds in attacked.values() for split in kinds.all}
    done = {
        (member.label, member.split)
        for member in read_members(storage.sweep_path(config.name))
        if member.role == MemberRole.SHADOW
        and member.split in splits
        and storage.job_folder(member.job).is_dir()
    }
    if not splits:
        return {}
    return {label: sum((label, split) not in done for split in splits) for label in labels}


def _asks_for(
    config: SweepConfig, benchmark: Benchmark, job: Job, *, label: str, original: Job
) -> bool:
    assert job.method is not None
    if job.method.name != config.methods[label].method:
        return False
    space = config.space(label)
    params = point_of(job, space)
    if not holds(space, params):
        return False
    made = trial_job(config, benchmark, label=label, params=params, original=original)
    return made.hash == job.hash
