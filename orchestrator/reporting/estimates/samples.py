"""What finalists measure on the reported items, seed by seed and on items drawn anew."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np

from evals.draws import Draws, drawn
from evals.measure import measure
from evals.scores import ScoreSheet
from orchestrator.reporting.estimates.resampling import num_items, resampled
from orchestrator.reporting.estimates.spread import Sample

Samples = dict[str, dict[str, Sample]]
"""By metric, and then by the finalist's label."""


def samples_of(
    sheets: Mapping[str, Sequence[ScoreSheet]], gold: ScoreSheet, names: Sequence[str], *, seed: int
) -> Samples:
    """Returns the metrics of `names` that all finalists give, of each that has a seed.

    `sheets` are by label and seed and have the same items as the gold model's; `seed` decides
    which of them are drawn.
    """
    draws = drawn(gold, seed=seed)
    there = {label: group for label, group in sheets.items() if group}
    samples: Samples = {}
    for name in dict.fromkeys(names):
        found = {label: _sample(name, group, gold, draws) for label, group in there.items()}
        whole = {label: sample for label, sample in found.items() if sample is not None}
        if len(whole) == len(there):
            samples[name] = whole
    return samples


def measured(sheet: ScoreSheet, gold: ScoreSheet, names: Sequence[str]) -> dict[str, float]:
    """Returns the metrics that the sheet gives: without those that lack items or generations."""
    found: dict[str, float] = {}
    for name in names:
        with suppress(ValueError):  # a ConfigError is one, too
            found |= measure(sheet, gold, [name])
    return found


def _sample(
    name: str, group: Sequence[ScoreSheet], gold: ScoreSheet, draws: Draws
) -> Sample | None:
    values = [measured(sheet, gold, [name]) for sheet in group]
    if not all(values):
        return None
    return Sample(
        values=np.array([found[name] for found in values]),
        draws=np.stack([resampled(name, sheet, gold, draws) for sheet in group], axis=1),
        num_items=num_items(name, gold),
    )
