"""The models that attacks need: baselines and methods, trained at other splits of the benchmark.

Every split is an Original and a Gold of its own, and each method's best setting unlearned from that
Original: ordinary jobs, which another sweep finds again. Splits that the search has seen are not
among them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evals.benchmark import Benchmark
from evals.building import build_benchmark
from evals.errors import ConfigError
from evals.splits import Splits, World, at_split
from orchestrator.config.attacks import AttackSettings
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import gold_job, original_job, trial_job
from orchestrator.results.entry import Entry
from orchestrator.searching.space import Point
from orchestrator.storage.members import Member, MemberRole
from trainers.job import Job, Phase


@dataclass(frozen=True, slots=True)
class Kinds:
    """The splits of one world by what their models are for."""

    targets: tuple[int, ...]
    shadows: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """The splits of either kind."""
        return self.targets + self.shadows


@dataclass(frozen=True, slots=True)
class Shadow:
    """A model at another split: the baseline `label`, or the trial `number` of a method.

    A method's starts from the split's own `original`, and is compared with its `gold`.
    """

    job: Job
    label: str
    split: int
    number: int | None = None
    params: Point | None = None
    original: Job | None = None
    gold: Job | None = None

    @property
    def member(self) -> Member:
        """What it is in the sweep."""
        return Member(
            role=MemberRole.SHADOW,
            job=self.job.hash,
            label=self.label,
            number=self.number,
            split=self.split,
            params=dict(self.params or {}),
        )


def attack_splits(
    settings: AttackSettings | None, splits: Splits | None, *, searched: int = 1
) -> dict[World, Kinds]:
    """Returns which of a benchmark's `splits` models for attacks are trained at.

    None, where nothing is attacked. Those that the search sees, `searched` of them, are left out.
    """
    if settings is None or splits is None:
        return {}
    targets, both = settings.targets // 2, (settings.targets + settings.shadows) // 2
    found = {world: splits.others(world, searched=searched) for world in World}
    return {
        world: Kinds(tuple(others[:targets]), tuple(others[targets:both]))
        for world, others in found.items()
    }


def num_shadows(config: SweepConfig) -> int:
    """Returns how many models for attacks there are, at most: methods without a best have none."""
    return (2 + len(config.methods)) * num_attack_splits(config)


def num_attack_splits(config: SweepConfig) -> int:
    """Returns at how many splits they are trained."""
    settings = config.attacks
    return 0 if settings is None else settings.targets + settings.shadows


@dataclass(frozen=True, slots=True)
class SplitJobs:
    """The jobs at one split of the benchmark: its baselines, and what starts from them.

    `config` is the sweep's with the benchmark at this split.
    """

    number: int
    config: SweepConfig
    benchmark: Benchmark
    original: Job
    gold: Job

    @property
    def baselines(self) -> tuple[Shadow, Shadow]:
        """Original and Gold as what they are in the sweep."""
        jobs = (self.original, self.gold)
        original, gold = (Shadow(job, str(job.phase), self.number) for job in jobs)
        return original, gold

    def trial(self, label: str, number: int | None, params: Point) -> Shadow:
        """Returns the trial `number` of the method `label` at this split."""
        job = trial_job(
            self.config, self.benchmark, label=label, params=params, original=self.original
        )
        return Shadow(job, label, self.number, number, params, self.original, self.gold)


def jobs_at(config: SweepConfig, split: int, *, weights: str) -> SplitJobs:
    """Returns the jobs at a split.

    `weights` are the fingerprint of what baselines are fine-tuned from, at every split.
    """
    choice = at_split(config.benchmark, split)
    here, benchmark = config.model_copy(update={"benchmark": choice}), build_benchmark(choice)
    original = original_job(here, benchmark, weights=weights)
    gold = gold_job(here, benchmark, weights=weights)
    return SplitJobs(split, here, benchmark, original, gold)


def shadows_at(
    config: SweepConfig, split: int, best: Mapping[str, Entry], *, weights: str
) -> Iterator[Shadow]:
    """Yields the models at a split: the baselines first, which the others need."""
    jobs = jobs_at(config, split, weights=weights)
    yield from reversed(jobs.baselines)
    for label, trial in best.items():
        yield jobs.trial(label, trial.number, dict(trial.params or {}))


def check_baselines(config: SweepConfig) -> None:
    """Refuses baselines that are given where attacks need some of their own.

    Raises:
        ConfigError: names the key, the value and the cure.
    """
    if config.attacks is not None:
        require_trained_baselines(config, because="attacks")


def require_trained_baselines(config: SweepConfig, *, because: str) -> None:
    """Refuses baselines that are given where `because` of a setting each split has its own.

    Raises:
        ConfigError: names the key, the value and the cure.
    """
    for phase in (Phase.ORIGINAL, Phase.GOLD):
        given = getattr(config.baselines, phase)
        if given is not None:
            raise ConfigError(
                f"baselines.{phase} must be left out with {because}, for which one is trained at "
                f"each split, but got {given!r}; leave one of them out"
            )
