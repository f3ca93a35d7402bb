"""The finalists of a sweep on the items that its search has not seen, and how they rank."""

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from evals.draws import same_items
from evals.held_out import held_out_part
from evals.metric import load_metric
from evals.scores import ScoreSheet
from orchestrator.reporting.estimates.chance import blind_metrics
from orchestrator.reporting.estimates.inference import (
    Comparison,
    Interval,
    comparisons,
    difference,
    interval,
    ranks,
)
from orchestrator.reporting.estimates.samples import Samples, measured, samples_of
from orchestrator.reporting.row_names import name_of
from orchestrator.reporting.sweep_record import SweepRecord, standing_trials
from orchestrator.results.chance import has_moved
from orchestrator.results.pareto import gain
from orchestrator.searching.constraints import Bound, bounds_of, is_feasible, violations
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.space import Value
from orchestrator.storage.result import Result, State
from trainers.job import Phase

ORIGINAL = str(Phase.ORIGINAL)


@dataclass(frozen=True, slots=True)
class Final:
    """A method's finalist: the trial `number` with its `params`, run again under several seeds.

    Where the one before it broke a bound under them, it is the next (`orchestrator.results.race`).
    Of several objectives a method has several, each in its `place`, from 1.

    `results` are its runs that are DONE; without one `metrics` and `violations` are empty.
    `metrics` are over the reported items, `violations` those of the means by the bound's name.
    `rank` is 1 + the number of feasible finalists that are better in the objective and can be told
    apart from this one; equal ranks do not mean equal methods. It is None for a finalist that is
    infeasible, or has no run, or whose objective is NaN; of several objectives of all. `forgot`
    says whether it is better than the original in the primary objective beyond chance: the
    interval of the difference, on the same drawn items, is above none; None where that cannot be
    said.
    """

    label: str
    number: int
    params: Mapping[str, Value]
    results: tuple[Result, ...]
    metrics: Mapping[str, Interval]
    violations: Mapping[str, float]
    feasible: bool
    rank: int | None
    forgot: bool | None = None
    place: int = 1

    @property
    def name(self) -> str:
        """What its row is called, and what it goes by among all finalists."""
        return name_of(self.label, self.place)


@dataclass(frozen=True, slots=True)
class Finals:
    """All finalists beside the baselines, everything over the reported items.

    `gold_again` is the gold model under another seed, held against gold: one draw of what chance
    makes of a model that never saw those to be forgotten; None where it was not run. `finals` are
    in the order of the configuration's methods; a method without a feasible trial has none.
    `comparisons` are all pairs of finalists in every metric, the objective first: choose by
    `metric`. `blind` says of metrics by name why they can tell nothing on these items.
    """

    original: Mapping[str, float]
    gold: Mapping[str, float]
    gold_again: Mapping[str, float] | None
    bounds: tuple[Bound, ...]
    finals: tuple[Final, ...]
    comparisons: tuple[Comparison, ...]
    blind: Mapping[str, str] = field(default_factory=dict)


def finals_of(record: SweepRecord) -> Finals | None:
    """Returns the finalists with intervals, comparisons and ranks; None without any replicate.

    Means are over the seeds that are DONE: `Interval.num_seeds` says how many these are. A metric
    that not all finalists' items give, for want of generations perhaps, is left out for all. The
    sweep's seed decides all that is drawn. What the intervals are: `estimates/spread.py`.

    Raises:
        ValueError: the finalists were not scored on the same items as the baselines, these do not
            give the objective or a constrained metric, or a bound is relative to a baseline whose
            metric is not finite.
    """
    if record.reference is None or not record.replicates:
        return None
    search = record.config.search
    names = list(dict.fromkeys((*search.objectives, *record.config.evaluation.metrics)))
    bare = list(_unmeasured(record))
    gold = _sheet(record, record.reference.gold)
    sheets = {final.name: [_sheet(record, one) for one in final.results] for final in bare}
    _check_items([gold, *(sheet for group in sheets.values() for sheet in group)])
    original_sheet = _sheet(record, record.reference.original)
    original = measured(original_sheet, gold, names)
    golden = measured(gold, gold, names)
    again = _again(record, gold, names)
    _check_metrics(search, [found for found in (original, golden, again) if found is not None])
    bounds = bounds_of(search.constraints, original=original, gold=golden)
    samples = samples_of(sheets, gold, names, seed=record.config.seed)
    if any(sheets.values()):
        _check_metrics(search, [samples])
    pairs = tuple(pair for name, group in samples.items() for pair in comparisons(name, group))
    finals = tuple(_judged(final, samples, bounds) for final in bare)
    if len(search.objectives) == 1:
        finals = _ranked(finals, pairs, search.primary)
    own = samples_of({ORIGINAL: [original_sheet]}, gold, [search.primary], seed=record.config.seed)
    finals = tuple(_against(own, final, samples, search.primary) for final in finals)
    blind = blind_metrics(names, gold)
    return Finals(original, golden, again, bounds, finals, pairs, blind)


def _unmeasured(record: SweepRecord) -> Iterator[Final]:
    """Yields each method's finalist with its runs, but without what they measured."""
    standing = standing_trials(record).items()
    for label, (place, trial) in ((label, at) for label, of in standing for at in enumerate(of, 1)):
        assert trial.number is not None
        which = label, trial.number
        runs = [one.result for one in record.replicates if (one.label, one.number) == which]
        if not runs:
            continue
        done = tuple(result for result in runs if result.state == State.DONE)
        bare = Final(*which, trial.params or {}, done, {}, {}, feasible=False, rank=None)
        yield replace(bare, place=place)


def _sheet(record: SweepRecord, result: Result) -> ScoreSheet:
    """Returns the reported items of a job."""
    return held_out_part(record.storage.sheet(result.job.hash), record.config.held_out)


def _check_items(sheets: Sequence[ScoreSheet]) -> None:
    if not same_items(sheets):
        raise ValueError("finalists must be scored on the gold model's items but were on others")


def _check_metrics(search: SearchSettings, found: Sequence[Container[str]]) -> None:
    for metric in dict.fromkeys((*search.objectives, *search.constraints)):
        if not all(metric in metrics for metrics in found):
            raise ValueError(f"the reported items do not give {metric}")


def _judged(final: Final, samples: Samples, bounds: Sequence[Bound]) -> Final:
    """Returns the finalist with what it measured, held against the bounds.

    One whose constrained metric is NaN or missing keeps none, and no violation is known.
    """
    metrics = {
        name: interval(group[final.name], load_metric(name).bounds)
        for name, group in samples.items()
        if final.name in group
    }
    means = {name: found.mean for name, found in metrics.items()}
    if not means or any(math.isnan(means.get(bound.metric, math.nan)) for bound in bounds):
        return replace(final, metrics=metrics)
    missed = violations(bounds, means)
    return replace(final, metrics=metrics, violations=missed, feasible=is_feasible(missed))


def _against(own: Samples, final: Final, samples: Samples, objective: str) -> Final:
    """Returns the finalist, which says whether it is better than the original beyond chance."""
    if has_moved(final.results) is False:
        return replace(final, forgot=False)
    group = samples.get(objective, {})
    if final.name not in group or objective not in own:
        return final
    found = difference(group[final.name], own[objective][ORIGINAL])
    ends = [gain(objective, end) for end in (found.low, found.high)]
    if any(map(math.isnan, ends)):
        return replace(final, forgot=None if gain(objective, found.mean) > 0 else False)
    return replace(final, forgot=min(ends) > 0)


def _ranked(
    finals: Sequence[Final], pairs: Sequence[Comparison], objective: str
) -> tuple[Final, ...]:
    """Returns the finalists, the feasible ones that have an objective with their ranks."""
    gains = dict(_gains(finals, objective))
    found = ranks(gains, [pair for pair in pairs if pair.metric == objective])
    return tuple(replace(final, rank=found.get(final.name)) for final in finals)


def _gains(finals: Sequence[Final], objective: str) -> Iterator[tuple[str, float]]:
    for final in finals:
        mean = final.metrics[objective].mean if objective in final.metrics else math.nan
        if final.feasible and not math.isnan(mean):
            yield final.name, gain(objective, mean)


def _again(record: SweepRecord, gold: ScoreSheet, names: Sequence[str]) -> dict[str, float] | None:
    again = record.gold_again
    if again is None or again.state != State.DONE:
        return None
    return measured(_sheet(record, again), gold, names)
