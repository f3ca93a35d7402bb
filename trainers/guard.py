"""When a training is lost: its probes say that it will end beyond a bound that it began within.

Pure: readings in, verdict out, so that every rank comes to the same one by itself.

A reading below a floor does not decide alone. It is uncertain, so its one-sided confidence bound
is taken for it. And models recover: retain terms take hold once the forgetting is done. But what
is to be won back takes learning rate, of which there is less and less: with the share `left` of
the learning rate's sum still to come, a model at m that began at w may reach

    m + recovery * left * (w - m)

at best. A training is lost when that stays below the floor at `patience` probes in a row.
Ceilings are the same, mirrored.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from pydantic import Field

from evals.choice import Settings


class Limit(Settings):
    """A bound on a metric's value over all items, which was `whole` before the training.

    `recovery` is the share of what was lost that the whole learning rate would win back.
    """

    metric: str
    side: Literal["at_least", "at_most"]
    value: float
    whole: float
    recovery: float

    def is_broken(self, reading: "Reading", *, deviations: float) -> bool:
        """Returns whether the metric, `deviations` standard errors off, can no longer return.

        A metric that was not read breaks nothing; one that is NaN does.
        """
        if self.metric not in reading.values:
            return False
        value, error = reading.values[self.metric], reading.errors[self.metric]
        if math.isnan(value):
            return True
        sign = 1 if self.side == "at_least" else -1
        hoped = value + sign * deviations * error
        lost = max(0.0, sign * (self.whole - hoped))
        return sign * (hoped - self.value) + self.recovery * reading.left * lost < 0


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

    def is_due(self, step: int, num_steps: int) -> bool:
        """Returns whether a probe is due after `step` steps; none is at the end."""
        return step % self.every == 0 and step < num_steps


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
    latest = readings[-guard.patience :]
    if len(latest) < guard.patience:
        return ""
    deviations = NormalDist().inv_cdf(guard.confidence)
    for limit in guard.limits:
        if all(limit.is_broken(reading, deviations=deviations) for reading in latest):
            return _said(limit, latest[-1])
    return ""


def _said(limit: Limit, reading: Reading) -> str:
    value, error = reading.values[limit.metric], reading.errors[limit.metric]
    where = "below" if limit.side == "at_least" else "above"
    return (
        f"stopped at step {reading.step} of {reading.num_steps}: {limit.metric} {value:.3f} "
        f"(+- {error:.3f}), sure to end {where} {limit.value:.3f}"
    )
