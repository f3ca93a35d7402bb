"""The models that attacks need: baselines and methods, trained at other splits of the benchmark.

Every split is an Original and a Gold of its own, and each method's best setting unlearned from that
Original: ordinary jobs, which another sweep finds again. Splits that the search has seen are not
among them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evals.attack import Attack, attacks_on
from evals.benchmark import Benchmark, Role
from evals.building import build_benchmark
from evals.errors import ConfigError
from evals.selection import selected_tasks
from evals.splits import World, at_split, splits_of
from evals.suite import suite_name
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
    """A model for attacks: the baseline `label`, or the trial `number` of a method, at a split.

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


def attack_splits(config: SweepConfig) -> dict[World, Kinds]:
    """Returns the splits that models for attacks are trained at; none where nothing is attacked."""
    settings, splits = config.attacks, splits_of(config.benchmark)
    if settings is None or splits is None:
        return {}
    targets, both = settings.targets // 2, (settings.targets + settings.shadows) // 2
    found = {world: splits.others(world) for world in World}
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


def shadows_at(config: SweepConfig, split: int, best: Mapping[str, Entry]) -> Iterator[Shadow]:
    """Yields the models at a split: the baselines first, which the others need."""
    choice = at_split(config.benchmark, split)
    here, benchmark = config.model_copy(update={"benchmark": choice}), build_benchmark(choice)
    gold, original = gold_job(here, benchmark), original_job(here, benchmark)
    yield Shadow(gold, str(gold.phase), split)
    yield Shadow(original, str(original.phase), split)
    for label, trial in best.items():
        params = dict(trial.params or {})
        job = trial_job(here, benchmark, label=label, params=params, original=original)
        yield Shadow(job, label, split, trial.number, params, original=original, gold=gold)


def check_attacks(config: SweepConfig, benchmark: Benchmark) -> None:
    """Refuses attacks for which there are not the models or the scores.

    Raises:
        ConfigError: names the key, the rule, the value and the cure.
    """
    settings = config.attacks
    if settings is None:
        return
    least = 2 * max((attack.least for attack in _attacks(config).values()), default=0)
    if not least:
        raise ConfigError(
            f"attacks must be left out where there are none on what {config.benchmark.name} is "
            f"made of ({suite_name(config.benchmark.name)}) but got {settings.targets} targets; "
            "leave it out"
        )
    for key, given in (("targets", settings.targets), ("shadows", settings.shadows)):
        if given < least:
            raise ConfigError(
                f"attacks.{key} must be at least {least}, {least // 2} from either world, but got "
                f"{given}; raise it"
            )
    _check_baselines(config)
    if Role.HOLDOUT not in {task.role for task in selected_tasks(benchmark, config.evaluation)}:
        raise ConfigError(
            "evaluation.metrics must have one that needs a holdout with attacks, which compare "
            f"with its scores, but got {', '.join(config.evaluation.metrics)}; add one"
        )
    _check_splits(config, settings)


def _attacks(config: SweepConfig) -> dict[str, Attack]:
    return attacks_on(suite_name(config.benchmark.name))


def _check_baselines(config: SweepConfig) -> None:
    for phase in (Phase.ORIGINAL, Phase.GOLD):
        given = getattr(config.baselines, phase)
        if given is not None:
            raise ConfigError(
                f"baselines.{phase} must be left out with attacks, for which one is trained at "
                f"each split, but got {given!r}; leave one of them out"
            )


def _check_splits(config: SweepConfig, settings: AttackSettings) -> None:
    splits = splits_of(config.benchmark)
    if splits is None:
        raise ConfigError(
            f"attacks must be left out where benchmark {config.benchmark.name} has no splits with "
            f"these settings but got {settings.targets} targets; leave it out, or give roles that "
            "can change places"
        )
    most = 2 * min(len(splits.others(world)) for world in World)
    if settings.targets + settings.shadows > most:
        raise ConfigError(
            f"attacks.targets and attacks.shadows must together be at most {most}, the splits of "
            f"{config.benchmark.name} that the search does not see, half of them from either "
            f"world, but got {settings.targets} and {settings.shadows}; lower them, or raise "
            "benchmark.num_splits where the benchmark has it"
        )


def few_models(config: SweepConfig) -> str:
    """Says that attacks with so few models tell little; empty where they are enough."""
    settings = config.attacks
    if settings is None:
        return ""
    steady = 2 * max(attack.steady for attack in _attacks(config).values())
    given = (("targets", settings.targets), ("shadows", settings.shadows))
    few = [f"attacks.{key} {count}" for key, count in given if count < steady]
    return f"{' and '.join(few)}: {steady} and more tell steadier" if few else ""
