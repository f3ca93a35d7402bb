"""What chance makes of the original, so that trials can be held against that."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from evals.draws import drawn
from evals.errors import ConfigError
from evals.held_out import searched_part
from evals.metric import load_metric
from evals.scores import ScoreSheet
from orchestrator.reporting.estimates.inference import Interval, interval
from orchestrator.reporting.estimates.resampling import num_items, resampled
from orchestrator.reporting.estimates.spread import Sample
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.results.chance import Chance, judged_by_chance
from orchestrator.results.entry import Reference
from orchestrator.results.pareto import gain


def with_chance(record: SweepRecord) -> SweepRecord:
    """Returns the record with what chance makes of its original, each trial held against that.

    Where a baseline's scores are gone since they were measured, that is a gap of the record.
    """
    if record.reference is None or record.chance is not None:
        return record
    try:
        chance = _chance_of(record, record.reference)
    except ConfigError as error:
        gap = f"Which trials forgot anything beyond chance cannot be said: {error}."
        return replace(record, gaps=(*record.gaps, gap))
    objective = record.config.search.primary
    entries = judged_by_chance(record.entries, chance, objective=objective)
    return replace(record, chance=chance, entries=entries)


def blind_metrics(names: Sequence[str], sheet: ScoreSheet) -> Mapping[str, str]:
    """Returns why a metric can tell nothing on the sheet's items, for each that cannot."""
    asked = {name: load_metric(name).blind_on for name in names}
    said = {name: "" if blind_on is None else blind_on(sheet) for name, blind_on in asked.items()}
    return {name: why for name, why in said.items() if why}


def _chance_of(record: SweepRecord, reference: Reference) -> Chance:
    """Returns what the original's scores say; the sweep's seed decides which items are drawn."""
    config, name = record.config, record.config.search.primary
    original, gold = (
        searched_part(record.storage.sheet(each.job.hash), config.held_out)
        for each in (reference.original, reference.gold)
    )
    own = reference.original.metrics.get(name, math.nan)
    ends = [own]
    with suppress(ValueError):  # without an interval the value itself is to be beaten
        found = _interval(name, own, original, gold, seed=config.seed)
        ends = [end for end in (found.low, found.high) if math.isfinite(end)] or ends
    to_beat = max(ends, key=lambda end: gain(name, end))
    return Chance(to_beat, blind_metrics(config.evaluation.metrics, original))


def _interval(
    name: str, own: float, original: ScoreSheet, gold: ScoreSheet, *, seed: int
) -> Interval:
    draws = resampled(name, original, gold, drawn(gold, seed=seed))
    sample = Sample(np.array([own]), draws[:, np.newaxis], num_items(name, gold))
    return interval(sample, load_metric(name).bounds)
