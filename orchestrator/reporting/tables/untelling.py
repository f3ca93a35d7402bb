"""Metrics that say nothing of any method: there is nothing that could be seen of one in them."""

from collections.abc import Iterator, Mapping

from evals.metric import Metric, Need, load_metric
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import shown
from orchestrator.reporting.tables.shared_columns import metric_column


def untelling_notes(
    original: Mapping[str, float], gold: Mapping[str, float], blind: Mapping[str, str]
) -> Iterator[str]:
    """Says of each metric of the original whether it can show anything, where it can not.

    `blind` says why a metric cannot on these items. Otherwise it cannot where the original stands
    already, as rounded in tables, at the end of its bounds towards which unlearning moves it.
    """
    for name, value in original.items():
        heading = metric_column(name).heading
        why = blind.get(name) or _at_its_end(name, value, gold.get(name))
        if why:
            yield f"{heading} says nothing of any method: {why}."
        elif _no_better_can_be(name, value):
            end = shown(value, metric_column(name))
            yield f"{heading} is {end}, its best, for Original already: only a loss would show."


def untelling_in(record: SweepRecord) -> tuple[str, ...]:
    """Returns the notes on the items that the search has seen; none without baselines."""
    if record.reference is None:
        return ()
    blind = {} if record.chance is None else record.chance.blind
    original, gold = record.reference.original.metrics, record.reference.gold.metrics
    return tuple(untelling_notes(original, gold, blind))


def _at_its_end(name: str, value: float, gold: float | None) -> str:
    metric = load_metric(name)
    low, high = (_stands_at(value, end, metric) for end in metric.bounds)
    if metric.better == "gold":
        stuck = gold is not None and any(
            _stands_at(value, end, metric) and _stands_at(gold, end, metric)
            for end in metric.bounds
        )
    else:
        stuck = high if _rises(metric) else low
    if not stuck:
        return ""
    end = "floor" if low else "ceiling"
    return f"it is {shown(value, metric_column(name))}, its {end}, for Original already"


def _no_better_can_be(name: str, value: float) -> bool:
    """Returns whether what should be kept is whole."""
    metric = load_metric(name)
    kept = metric.better == "higher" and not _rises(metric)
    return kept and _stands_at(value, metric.bounds[1], metric)


def _rises(metric: Metric) -> bool:
    """Returns whether unlearning is to raise it: likeness to the gold model, nothing else."""
    return metric.better == "higher" and Need.GOLD in metric.needs


def _stands_at(value: float, end: float, metric: Metric) -> bool:
    return abs(value - end) < 0.5 * 10.0**-metric.digits
