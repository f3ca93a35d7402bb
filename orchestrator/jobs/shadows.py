"""The models that attacks need: baselines and methods, trained at other splits of the benchmark.

Every split is an Original and a Gold of its own, and each method's best setting unlearned from that
Original: ordinary jobs, which another sweep finds again. Splits that the search has seen are not
among them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evals.attack import Attack, attacks_on
from evals.benchmark import Role, Task
from evals.building import build_benchmark
from evals.errors import ConfigError
from evals.splits import Splits, World, at_split
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


def attack_splits(settings: AttackSettings | None, splits: Splits | None) -> dict[World, Kinds]:
    """Returns which of a benchmark's `splits` models for attacks are trained at.

    None, where nothing is attacked.
    """
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


def shadows_at(
    config: SweepConfig, split: int, best: Mapping[str, Entry], *, weights: str
) -> Iterator[Shadow]:
    """Yields the models at a split: the baselines first, which the others need.

    `weights` are the fingerprint of what baselines are fine-tuned from, at every split.
    """
    choice = at_split(config.benchmark, split)
    here, benchmark = config.model_copy(update={"benchmark": choice}), build_benchmark(choice)
    gold = gold_job(here, benchmark, weights=weights)
    original = original_job(here, benchmark, weights=weights)
    yield Shadow(gold, str(gold.phase), split)
    yield Shadow(original, str(original.phase), split)
    for label, trial in best.items():
        params = dict(trial.params or {})
        job = trial_job(here, benchmark, label=label, params=params, original=original)
        yield Shadow(job, label, split, trial.number, params, original=original, gold=gold)


def check_attacks(config: SweepConfig, tasks: Sequence[Task], splits: Splits | None) -> str:
    """Returns which numbers of models tell little, in words; empty where they are enough.

    `tasks` are what models are scored on, `splits` those of the benchmark.

    Raises:
        ConfigError: there are not the models or the scores for attacks.
    """
    settings = config.attacks
    if settings is None:
        return ""
    suite = suite_name(config.benchmark.name)
    attacks = attacks_on(suite)
    least = 2 * max((attack.least for attack in attacks.values()), default=0)
    if not least:
        raise ConfigError(
            f"attacks must be left out where there are none on what {config.benchmark.name} is "
            f"made of ({suite}) but got {settings.targets} targets; leave it out"
        )
    for key, given in (("targets", settings.targets), ("shadows", settings.shadows)):
        if given < least:
            raise ConfigError(
                f"attacks.{key} must be at least {least}, {least // 2} from either world, but got "
                f"{given}; raise it"
            )
    _check_baselines(config)
    if Role.HOLDOUT not in {task.role for task in tasks}:
        raise ConfigError(
            "evaluation.metrics must have one that needs a holdout with attacks, which compare "
            f"with its scores, but got {', '.join(config.evaluation.metrics)}; add one"
        )
    _check_splits(config.benchmark.name, splits, settings)
    return _few_models(settings, attacks)


def _check_baselines(config: SweepConfig) -> None:
    for phase in (Phase.ORIGINAL, Phase.GOLD):
        given = getattr(config.baselines, phase)
        if given is not None:
            raise ConfigError(
                f"baselines.{phase} must be left out with attacks, for which one is trained at "
                f"each split, but got {given!r}; leave one of them out"
            )


def _check_splits(benchmark: str, splits: Splits | None, settings: AttackSettings) -> None:
    if splits is None:
        raise ConfigError(
            f"attacks must be left out where benchmark {benchmark} has no splits with "
            f"these settings but got {settings.targets} targets; leave it out, or give roles that "
            "can change places"
        )
    most = 2 * min(len(splits.others(world)) for world in World)
    if settings.targets + settings.shadows > most:
        raise ConfigError(
            f"attacks.targets and attacks.shadows must together be at most {most}, the splits of "
            f"{benchmark} that the search does not see, half of them from either "
            f"world, but got {settings.targets} and {settings.shadows}; lower them, or raise "
            "benchmark.num_splits where the benchmark has it"
        )


def _few_models(settings: AttackSettings, attacks: Mapping[str, Attack]) -> str:
    steady = 2 * max(attack.steady for attack in attacks.values())
    given = (("targets", settings.targets), ("shadows", settings.shadows))
    few = [f"attacks.{key} {count}" for key, count in given if count < steady]
    return f"{' and '.join(few)}: {steady} and more tell steadier" if few else ""
