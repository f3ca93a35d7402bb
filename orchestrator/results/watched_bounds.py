"""What a sweep's trials are watched for: the bounds that the original keeps and training breaks."""

from collections.abc import Iterator, Mapping, Sequence

from evals.measure import measure
from evals.metric import collapse_metrics, load_metric
from evals.scores import ScoreSheet
from orchestrator.searching.constraints import AT_LEAST, Bound
from trainers.early_stopping import Guard, Limit
from trainers.settings import StoppingSettings


def guard_of(
    stopping: StoppingSettings | None,
    bounds: Sequence[Bound],
    *,
    original: Mapping[str, float],
    sheet: ScoreSheet,
    num_steps: int,
) -> Guard | None:
    """Returns what a trial of `num_steps` steps is watched for; None for nothing.

    `original` are the original model's metrics, `sheet` its scores. Watched are the bounds that it
    keeps, as far as a few likelihoods can tell, and, if one of them is a floor, whether the model
    is destroyed. What the original does not keep, the training is to reach.
    """
    if stopping is None:
        return None
    kept = [bound for bound in bounds if bound.violation(original[bound.metric]) <= 0]
    limits = [*_probed(kept, original, recovery=stopping.recovery)]
    floors = [load_metric(bound.metric) for bound in kept if _is_floor(bound)]
    for suite in dict.fromkeys(metric.suite for metric in floors):
        limits += _destroyed(sheet, suite)
    if not limits:
        return None
    return Guard(
        every=stopping.steps_between(num_steps),
        items=stopping.items,
        confidence=stopping.confidence,
        patience=stopping.patience,
        limits=tuple(limits),
    )


def _probed(
    bounds: Sequence[Bound], original: Mapping[str, float], *, recovery: float
) -> Iterator[Limit]:
    for bound in bounds:
        if load_metric(bound.metric).probe:
            yield Limit(
                metric=bound.metric,
                side="at_least" if bound.side == AT_LEAST else "at_most",
                value=bound.value,
                whole=original[bound.metric],
                recovery=recovery,
            )


def _is_floor(bound: Bound) -> bool:
    """Returns whether a model that knows nothing would miss the bound."""
    return bound.side == AT_LEAST and load_metric(bound.metric).better == "higher"


def _destroyed(sheet: ScoreSheet, suite: str | None) -> Iterator[Limit]:
    for name, whole in measure(sheet, None, collapse_metrics(suite)).items():
        share = load_metric(name).collapse_share
        if share is not None and whole > 0:
            yield Limit(metric=name, side="at_least", value=share * whole, whole=whole, recovery=0)
