"""The further splits of a benchmark that a search runs on: baselines there, and its trials."""

from collections.abc import Iterator
from dataclasses import dataclass

from evals.benchmark import Benchmark
from evals.building import build_benchmark
from evals.errors import ConfigError
from evals.splits import Splits, at_split, splits_of
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import gold_job, original_job, trial_job
from orchestrator.jobs.shadows import Shadow
from orchestrator.searching.space import Point
from trainers.job import Job, Phase


@dataclass(frozen=True, slots=True)
class SearchSplit:
    """A split beside the benchmark's own, with the baselines that trials there are held against.

    `config` is the sweep's with the benchmark at this split.
    """

    number: int
    config: SweepConfig
    benchmark: Benchmark
    original: Job
    gold: Job

    @property
    def baselines(self) -> tuple[Shadow, Shadow]:
        """The baselines as what they are in the sweep."""
        jobs = (self.original, self.gold)
        original, gold = (Shadow(job, str(job.phase), self.number) for job in jobs)
        return original, gold

    def trial(self, label: str, number: int, params: Point) -> Shadow:
        """Returns the trial `number` of the method `label` at this split."""
        job = trial_job(
            self.config, self.benchmark, label=label, params=params, original=self.original
        )
        return Shadow(job, label, self.number, number, params, self.original, self.gold)


def search_splits(
    config: SweepConfig, splits: Splits | None, *, weights: str
) -> Iterator[SearchSplit]:
    """Yields the splits that the search sees beside the benchmark's own.

    `weights` are the fingerprint of what baselines are fine-tuned from, at every split.

    Raises:
        ConfigError: the benchmark has not so many, or a baseline is given.
    """
    check_splits(config, splits)
    for number in searched_splits(config, splits)[1:]:
        choice = at_split(config.benchmark, number)
        here, benchmark = config.model_copy(update={"benchmark": choice}), build_benchmark(choice)
        yield SearchSplit(
            number,
            here,
            benchmark,
            original_job(here, benchmark, weights=weights),
            gold_job(here, benchmark, weights=weights),
        )


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
    for phase in (Phase.ORIGINAL, Phase.GOLD):
        given = getattr(config.baselines, phase)
        if given is not None:
            raise ConfigError(
                f"baselines.{phase} must be left out with search.splits {wanted}, for which one is "
                f"trained at each split, but got {given!r}; leave one of them out"
            )
