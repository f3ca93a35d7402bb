"""What a trial's reports say about its training: one curve for each number over the steps."""

import math
from dataclasses import dataclass

from orchestrator.storage.result import Result

PROBE = "probe_"
"""How the reports name a metric that was read off a few items in the middle of the training."""
ERROR = "_error"
"""How they name its standard error."""
LOSS = "loss"


@dataclass(frozen=True, slots=True)
class Curve:
    """A number that was reported at some steps of a training of `num_steps`."""

    name: str
    num_steps: int
    steps: tuple[int, ...]
    values: tuple[float, ...]


def curves_of(result: Result) -> list[Curve]:
    """Returns the loss and every probed metric, without what is not finite."""
    names = dict.fromkeys(name for report in result.reports for name in report.metrics)
    curves = [curve_of(result, name) for name in names if _is_shown(name)]
    return [curve for curve in curves if curve is not None]


def curve_of(result: Result, name: str) -> Curve | None:
    """Returns one of them, or None where it was never reported."""
    found = [
        (report.step, report.metrics[name])
        for report in result.reports
        if math.isfinite(report.metrics.get(name, math.nan))
    ]
    if not found:
        return None
    steps, values = zip(*found, strict=True)
    return Curve(name, result.reports[-1].num_steps, steps, values)


def _is_shown(name: str) -> bool:
    return name == LOSS or (name.startswith(PROBE) and not name.endswith(ERROR))
