"""What a benchmark's rows give away to who was taught nothing, measured beside the original.

A model's numbers say little where these are as good: what needs no teaching cannot be unlearnt.
"""

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING

from evals.errors import ConfigError
from evals.held_out import held_out_part, searched_part
from evals.measure import measure
from evals.scores import ScoreSheet
from trainers.job import Beat, Job

if TYPE_CHECKING:  # reports need no torch
    from trainers.warm_state import WarmModel, WarmState

BEFORE = "Before training"
"""The network that training starts from, among what stands in place of a model."""
SEARCHED, HELD_OUT = "floor", "floor_held_out"
"""What facts begin with, by the items that they are of: "floor/Raw pixels/forget_accuracy"."""


def measured_floors(
    warm_state: "WarmState", job: Job, *, network: "WarmModel | None" = None
) -> Generator[Beat, None, dict[str, float]]:
    """Returns the metrics, as facts, of what a suite has in a model's place, and of `network`.

    They are none where the suite knows of nothing. `network` must not have been trained yet.
    """
    sheets = dict(warm_state.floor_sheets(job))
    if sheets and network is not None:
        yield Beat()
        sheets[BEFORE], _ = yield from warm_state.evaluate(network.module, network.loaded, job)
    return {
        f"{part}/{name}/{metric}": value
        for name, sheet in sheets.items()
        for part, items in _parts(sheet, job).items()
        for metric, value in _metrics(items, job).items()
    }


def floors_in(facts: Mapping[str, float], *, held_out: bool) -> dict[str, dict[str, float]]:
    """Returns the metrics that facts have of floors, by name, on the items of the search or not.

    Where no items are held out, the search sees all of them, and finalists are reported on those.
    """
    has_both = any(fact.startswith(f"{HELD_OUT}/") for fact in facts)
    wanted = HELD_OUT if held_out and has_both else SEARCHED
    found: dict[str, dict[str, float]] = {}
    for fact, value in facts.items():
        part, _, rest = fact.partition("/")
        name, _, metric = rest.rpartition("/")
        if part == wanted and name:
            found.setdefault(name, {})[metric] = value
    return found


def _parts(sheet: ScoreSheet, job: Job) -> dict[str, ScoreSheet]:
    parts = {SEARCHED: searched_part(sheet, job.held_out)}
    return {**parts, HELD_OUT: held_out_part(sheet, job.held_out)} if job.held_out else parts


def _metrics(sheet: ScoreSheet, job: Job) -> dict[str, float]:
    """Returns those of the job's metrics that can be computed of these scores alone."""
    found = {}
    for metric in job.evaluation.metrics:
        try:
            found.update(measure(sheet, None, [metric]))
        except ConfigError:  # it compares with other models
            continue
    return found
