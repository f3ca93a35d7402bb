"""Probes a model in the middle of its training; its guard decides by what they find."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from evals.benchmark import Role, Task
from evals.measure import merge
from evals.metric import load_metric
from evals.probe import estimate, probe_tasks
from evals.scores import ScoreSheet
from evals.shard import Shard
from evals.suite import Encoder, Suite
from trainers.distributed import Place, gather
from trainers.early_stopping import Guard, Reading, verdict


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores a model on tasks, each rank its share; every rank gets the whole sheet."""

    suite: Suite
    module: torch.nn.Module
    encoder: Encoder
    batch_size: int
    place: Place

    def sheet(self, tasks: Sequence[Task]) -> ScoreSheet:
        """Returns what the probed metrics need of the tasks."""
        scored = self.suite.score(
            self.module,
            self.encoder,
            tasks,
            batch_size=self.batch_size,
            shard=Shard(self.place.rank, self.place.world),
            device=torch.device(self.place.device),
        )
        parts = gather(ScoreSheet(tuple(scored)), self.place)
        return merge(parts, expected=tasks)


class Probe:
    """Reads the guard's metrics off a few items; every method is for all ranks together."""

    def __init__(
        self,
        guard: Guard,
        scorer: Scorer,
        tasks: Sequence[Task],
        *,
        before: ScoreSheet,
        since: int = 0,
    ) -> None:
        """`tasks` are all of an evaluation, `before` the scores of `probed` before training.

        No probe is due before step `since`.
        """
        self._guard = guard
        self._scorer = scorer
        self._tasks = probed(tasks, guard)
        self._before = before
        self._since = since
        self._sizes = {task.name: len(task.examples) for task in tasks}

    def is_due(self, step: int, num_steps: int, *, earlier: Sequence[Reading]) -> bool:
        """Returns whether a probe is due; none is at the end, when everything is measured."""
        return self._since <= step < num_steps and self._guard.is_due(step, earlier)

    def read(self, step: int, num_steps: int, *, left: float) -> Reading:
        """Returns what is found after `step` steps."""
        now = self._scorer.sheet(self._tasks)
        wholes = {limit.metric: limit.whole for limit in self._guard.limits}
        found = {
            name: estimate(
                load_metric(name),
                _of_roles(now, name),
                _of_roles(self._before, name),
                whole=whole,
                sizes=self._sizes,
            )
            for name, whole in wholes.items()
        }
        values = {name: each.value for name, each in found.items()}
        return Reading(
            step, num_steps, left, values, {name: each.error for name, each in found.items()}
        )

    def verdict(self, readings: Sequence[Reading]) -> str:
        """Returns why the training is lost, or nothing while it is not."""
        return verdict(self._guard, readings)


def probed(tasks: Sequence[Task], guard: Guard) -> tuple[Task, ...]:
    """Returns the tasks that the guard's metrics need, each with the few items it is asked for."""
    roles = frozenset[Role]().union(*(load_metric(name).probe for name in guard.metrics))
    return probe_tasks(tasks, roles, num_items=guard.items)


def curve(reading: Reading) -> Mapping[str, float]:
    """Returns the reading as a report's metrics: probe_<metric> and probe_<metric>_error."""
    values = {f"probe_{name}": value for name, value in reading.values.items()}
    return values | {f"probe_{name}_error": error for name, error in reading.errors.items()}


def _of_roles(sheet: ScoreSheet, metric: str) -> ScoreSheet:
    roles = load_metric(metric).probe
    return ScoreSheet(tuple(task for task in sheet.tasks if task.role in roles))
