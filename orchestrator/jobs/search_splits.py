"""The further splits of a benchmark that a search runs on: baselines there, and its trials."""

from collections.abc import Iterator

from evals.errors import ConfigError
from evals.splits import Splits, splits_of
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.shadows import SplitJobs, jobs_at, require_trained_baselines


def search_splits(
    config: SweepConfig, splits: Splits | None, *, weights: str
) -> Iterator[SplitJobs]:
    """Yields the splits that the search sees beside the benchmark's own.

    `weights` are the fingerprint of what baselines are fine-tuned from, at every split.

    Raises:
        ConfigError: the benchmark has not so many, or a baseline is given.
    """
    check_splits(config, splits)
    for number in searched_splits(config, splits)[1:]:
        yield jobs_at(config, number, weights=weights)


def searched_splits(config: SweepConfig, splits: Splits | None) -> tuple[int, ...]:
    """Returns the numbers of the splits that the search sees, the benchmark's own first.

    There is none of a benchmark that has no splits.
    """
    return () if splits is None else splits.searched(config.search.splits)


def further_splits(config: SweepConfig) -> tuple[int, ...]:
    """Returns the numbers of those beside the benchmark's own."""
    return searched_splits(config, splits_of(config.benchmark))[1:]


def check_splits(config: SweepConfig, splits: Splits | None) -> None:
    """Refuses a search on more splits than there are, or on given baselines.

    Raises:
        ConfigError: names the key, the value and the cure.
    """
    wanted, name = config.search.splits, config.benchmark.name
    if wanted == 1:
        return
    if splits is None:
        raise ConfigError(
            f"search.splits must be 1 for the benchmark {name}, which has no splits with these "
            f"settings, but got {wanted}; leave it out"
        )
    if (most := len(splits.searched(wanted))) < wanted:
        raise ConfigError(
            f"search.splits must be at most {most}, the splits of {name} in which the same people "
            f"are to be forgotten, but got {wanted}; lower it, or raise benchmark.num_splits where "
            "the benchmark has it"
        )
    require_trained_baselines(config, because=f"search.splits {wanted}")
