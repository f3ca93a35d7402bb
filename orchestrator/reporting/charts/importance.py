"""How much each hyperparameter weighs in the metrics that a sweep is about, method by method."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.config.sweep_config import SweepConfig
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import is_whole, trials_of
from orchestrator.searching.importance import Measured, importances


@dataclass(frozen=True, slots=True)
class Weight:
    """The shares of the hyperparameters in a metric's variance, from so many whole trials."""

    label: str
    metric: str
    num_trials: int
    shares: Mapping[str, float]


def weights_of(entries: Sequence[Entry], config: SweepConfig) -> list[Weight]:
    """Returns the weights for every objective and `search.horizontal`, method by method.

    Trials that were stopped early do not count: their numbers are not those of their settings.
    Methods with too few trials, or with one hyperparameter alone, are left out.
    """
    return list(_weights(entries, config))


def _weights(entries: Sequence[Entry], config: SweepConfig) -> Iterator[Weight]:
    metrics = dict.fromkeys((*config.search.objectives, config.search.horizontal))
    for label in config.methods:
        space = config.space(label)
        trials = [entry for entry in trials_of(entries, label) if is_whole(entry)]
        for metric in metrics if len(space) > 1 else ():
            known = [
                Measured(entry.params or {}, entry.result.metrics[metric])
                for entry in trials
                if metric in entry.result.metrics
            ]
            shares = importances(known, space)
            if shares is not None:
                yield Weight(label, metric, len(known), shares)
