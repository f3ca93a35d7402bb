"""When a training is lost: its probes say that it will end beyond a bound that it began within.

Pure: readings in, verdict out, so that every rank comes to the same one by itself.

A reading below a floor does not decide alone. It is uncertain, so its one-sided confidence bound
m is taken for it. And models recover: retain terms take hold once the forgetting is done. So two
hopes are granted, and a training is lost when both stay below the floor at `patience` probes in
a row:

    m + recovery * left * (w - m)     what the learning rate still to come may win back of what the
                                      metric was at the beginning, w; `left` is its share of the sum
    m + rise * steps still to come    what going on rising as since the last probe would reach

Ceilings are the same, mirrored. A method that never sees retained rows is granted the rise alone.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from evals.choice import Settings

HOPELESS_PATIENCE = 2
"""Probes in a row that settle it where nothing brings back what is lost."""


class Limit(Settings):
    """A bound on a metric's value over all items, which was `whole` before the training.

    `recovery` is the share of what was lost that the whole learning rate would win back.
    """

    metric: str
    side: Literal["at_least", "at_most"]
    value: float
    whole: float
    recovery: float

    def is_far(self, reading: "Reading") -> bool:
        """Returns whether the metric is nearer to what it was at first than to the bound."""
        value = reading.values.get(self.metric, self.whole)
        return abs(value - self.whole) < abs(self.whole - self.value) / 2

    def is_broken(self, now: "Reading", last: "Reading | None", *, deviations: float) -> bool:
        """Returns whether the metric, `deviations` standard errors off, can no longer return.

        `last` is the reading before. A metric that was not read breaks nothing; one that is NaN
        does.
        """
        if self.metric not in now.values:
            return False
        value, error = now.values[self.metric], now.errors[self.metric]
        if math.isnan(value):
            return True
        sign = 1 if self.side == "at_least" else -1
        hoped = sign * value + deviations * error
        back = self.recovery * now.left * max(0.0, sign * self.whole - hoped)
        return hoped + max(back, sign * self._drift(now, last)) < sign * self.value

    def _drift(self, now: "Reading", last: "Reading | None") -> float:
        """Returns how far the metric would go on changing until the end, as since `last`."""
        if last is None or self.metric not in last.values:
            return 0.0
        change = now.values[self.metric] - last.values[self.metric]
        return change / (now.step - last.step) * (now.num_steps - now.step)


class Guard(Settings):
    """What a training is watched for: every `every` steps, on `items` items of each task."""

    every: int = Field(ge=1)
    items: int = Field(ge=1)
    confidence: float = Field(gt=0.5, lt=1)
    patience: int = Field(ge=1)
    limits: tuple[Limit, ...]

    @property
    def hash(self) -> str:
        """SHA-256 of its JSON, 16 hexadecimal digits."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are read, each once."""
        return tuple(dict.fromkeys(limit.metric for limit in self.limits))

    @property
    def deviations(self) -> float:
        """Standard errors that the confidence bound is off: Student's t for the items."""
        from scipy.special import stdtrit  # slow to import, and a plan needs none

        return float(stdtrit(max(self.items - 1, 1), self.confidence))

    @property
    def without_recovery(self) -> "Guard":
        """The guard of a training that never sees retained rows: nothing brings them back."""
        limits = [limit.model_copy(update={"recovery": 0.0}) for limit in self.limits]
        patience = min(self.patience, HOPELESS_PATIENCE)
        return self.model_copy(update={"limits": tuple(limits), "patience": patience})

    def is_due(self, step: int, readings: Sequence["Reading"]) -> bool:
        """Returns whether a probe is due after `step` steps, given the earlier ones.

        While no limit is anywhere near, every other one is left out.
        """
        last = readings[-1] if readings else None
        easy = last is not None and all(limit.is_far(last) for limit in self.limits)
        due = self.every if last is None else last.step + self.every * (2 if easy else 1)
        return step >= due


@dataclass(frozen=True, slots=True)
class Reading:
    """What a probe found after `step` of `num_steps`: by metric, its value and standard error.

    `left` is the share of the learning rate's sum over all steps that is still to come.
    """

    step: int
    num_steps: int
    left: float
    values: Mapping[str, float]
    errors: Mapping[str, float]


def verdict(guard: Guard, readings: Sequence[Reading]) -> str:
    """Returns why the training is lost, or nothing while it is not."""
    pairs = list(zip(readings, (None, *readings), strict=False))[-guard.patience :]
    if len(pairs) < guard.patience:
        return ""
    deviations = guard.deviations
    for limit in guard.limits:
        if all(limit.is_broken(*pair, deviations=deviations) for pair in pairs):
            return _said(limit, readings[-1])
    return ""


def _said(limit: Limit, reading: Reading) -> str:
    value, error = reading.values[limit.metric], reading.errors[limit.metric]
    where = "below" if limit.side == "at_least" else "above"
    return (
        f"stopped at step {reading.step} of {reading.num_steps}: {limit.metric} {value:.3f} "
        f"(+- {error:.3f}), sure to end {where} {limit.value:.3f}"
    )
