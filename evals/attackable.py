"""Whether a benchmark has the splits and the scores that attacks need."""

from collections.abc import Mapping, Sequence

from evals.attack import Attack, attacks_on
from evals.benchmark import Role, Task
from evals.choice import Choice
from evals.errors import ConfigError
from evals.settings import EvaluationSettings
from evals.splits import Splits, World, splits_of
from evals.suite import suite_name


def check_attackable(
    benchmark: Choice,
    settings: EvaluationSettings,
    tasks: Sequence[Task],
    *,
    num_models: Mapping[str, int],
    searched: int = 1,
) -> str:
    """Returns which numbers of models tell little, in words; empty where they are enough.

    `num_models` are those of a kind, by the name of their setting in `attacks`. `tasks` are what
    models are scored on by `settings`; the search sees `searched` splits.

    Raises:
        ConfigError: there are no attacks on what the benchmark is made of, too few models or
            splits for them, or no scores of a holdout.
    """
    suite = suite_name(benchmark.name)
    attacks = attacks_on(suite)
    counts = ", ".join(f"{count} {kind}" for kind, count in num_models.items())
    if not attacks:
        raise ConfigError(
            f"attacks must be left out where there are none on what {benchmark.name} is made of "
            f"({suite}) but got {counts}; leave it out"
        )
    _check_counts(attacks, num_models)
    if Role.HOLDOUT not in {task.role for task in tasks}:
        raise ConfigError(
            "evaluation.metrics must have one that needs a holdout with attacks, which compare "
            f"with its scores, but got {', '.join(settings.metrics)}; add one"
        )
    splits = splits_of(benchmark)
    if splits is None:
        raise ConfigError(
            f"attacks must be left out where benchmark {benchmark.name} has no splits with these "
            f"settings but got {counts}; leave it out, or give roles that can change places"
        )
    _check_splits(benchmark.name, splits, num_models, searched)
    steady = 2 * max(attack.steady for attack in attacks.values())
    few = [f"attacks.{kind} {count}" for kind, count in num_models.items() if count < steady]
    return f"{' and '.join(few)}: {steady} and more tell steadier" if few else ""


def _check_counts(attacks: Mapping[str, Attack], num_models: Mapping[str, int]) -> None:
    least = 2 * max(attack.least for attack in attacks.values())
    for kind, count in num_models.items():
        if count < least:
            raise ConfigError(
                f"attacks.{kind} must be at least {least}, {least // 2} from either world, but got "
                f"{count}; raise it"
            )


def _check_splits(
    benchmark: str, splits: Splits, num_models: Mapping[str, int], searched: int
) -> None:
    most = 2 * min(len(splits.others(world, searched=searched)) for world in World)
    if sum(num_models.values()) > most:
        raise ConfigError(
            f"{' and '.join(f'attacks.{kind}' for kind in num_models)} must together be at most "
            f"{most}, the splits of {benchmark} that the search does not see, half of them from "
            f"either world, but got {' and '.join(map(str, num_models.values()))}; lower them, or "
            "raise benchmark.num_splits where the benchmark has it"
        )
