"""Points that are told apart: two numbers in, one of two sides out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evals.benchmark import Benchmark, Role
from evals.scores import ScoreSheet
from evals.selection import selected_tasks
from evals.settings import EvaluationSettings
from evals.shard import Shard
from evals.suite import Cell

if TYPE_CHECKING:
    import torch

    from evals.collated import Collated


@dataclass(frozen=True, slots=True)
class Point:
    """A point, and on which side of the line it lies (0 or 1)."""

    id: str
    x: float
    y: float
    side: int


@dataclass(frozen=True, slots=True)
class Task:
    """Points to be scored."""

    name: str
    role: Role
    examples: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class PointScore:
    """How unlikely the model finds a point's side, in nats."""

    id: str
    nll: float


@dataclass(frozen=True, slots=True)
class TaskScores:
    """The scored points of one task, sorted by id."""

    name: str
    role: Role
    items: tuple[PointScore, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A point with the side that is to be said of it."""

    x: float
    y: float
    side: int
    num_labels: int = 1
    num_positions: int = 1


class Encoder:
    """Makes rows of points; a model needs nothing else."""

    def answered(self, example: Point) -> Row:
        """Returns the point with its own side."""
        return Row(example.x, example.y, example.side)

    def refused(self, example: Point, refusal: str) -> Row:
        """Fails: nobody can refuse to be on a side."""
        raise AssertionError(f"{example.id} was given {refusal!r}")

    def swapped(self, example: Point, other: Point) -> Row:
        """Returns the point with the side of another one."""
        return Row(example.x, example.y, other.side)

    def twin(self, example: Point) -> Row:
        """Fails: a point has no twin."""
        raise AssertionError(f"{example.id} was to have a twin")

    def collate(self, rows: Sequence[Row]) -> "Collated":
        """Returns the rows: a single position each."""
        import torch

        from evals.collated import Collated

        places = torch.tensor([[row.x, row.y] for row in rows])
        labels_BT = torch.tensor([[row.side] for row in rows])
        return Collated({"places": places}, torch.ones_like(labels_BT).bool(), labels_BT)


class Sizes:
    """Every point is one position."""

    def mean_positions(self, examples: Sequence[Point], *, max_length: int) -> float:
        """Returns 1."""
        return 1.0

    def most_positions(self, benchmark: Benchmark, *, max_length: int) -> int:
        """Returns 1."""
        return 1

    def most_labels(self, benchmark: Benchmark, *, max_length: int) -> int:
        """Returns 1."""
        return 1

    def most_scored_labels(self, tasks: Sequence[Task], *, max_length: int) -> int:
        """Returns 1."""
        return 1

    def most_scored_positions(self, tasks: Sequence[Task], *, max_length: int) -> int:
        """Returns 1."""
        return 1

    def num_scored(self, task: Task) -> int:
        """Returns how many points there are."""
        return len(task.examples)

    def num_generated(self, task: Task, settings: EvaluationSettings) -> int:
        """Returns 0: a side is not written."""
        return 0

    def sheet_bytes(self, tasks: Sequence[Task]) -> int:
        """Returns about what two numbers take."""
        return 50 * sum(len(task.examples) for task in tasks)


class Suite:
    """Encodes and scores points."""

    metric_suites = ("points",)
    task_scores = TaskScores
    sizes = Sizes()
    has_twins = False
    columns = ("task", "id", "nll")

    def cells(self, task: TaskScores, item: PointScore) -> Sequence[Cell]:
        """Returns a point's row of the table of items."""
        return [task.name, item.id, item.nll]

    def likelihoods(self, item: PointScore) -> Sequence[float]:
        """Returns the one likelihood."""
        return [item.nll]

    def components(self, sheet: ScoreSheet) -> Mapping[str, float]:
        """Returns nothing: the metric is made of nothing else."""
        return {}

    def facts(self, sheet: ScoreSheet) -> Mapping[str, float]:
        """Returns how many points were scored."""
        return {"num_points": float(sum(len(task.items) for task in sheet.tasks))}

    def lacks_generations(self, task: TaskScores) -> bool:
        """Returns True: nothing is generated."""
        return True

    def flaw(self, task: Task) -> str:
        """Returns nothing: a point says nothing that might not be measured."""
        return ""

    def floors(self, tasks: Sequence[Task]) -> Mapping[str, ScoreSheet]:
        """Returns nothing: without a model there are no likelihoods."""
        return {}

    def shown(self, encoder: Encoder, example: Point) -> str:
        """Returns where the point is."""
        return str(example)

    def encoder(self, processor: None, *, max_length: int, key: str) -> Encoder:
        """Returns the encoder."""
        return Encoder()

    def evaluate(
        self,
        model: "torch.nn.Module",
        encoder: Encoder,
        benchmark: Benchmark,
        *,
        settings: EvaluationSettings,
        shard: Shard,
        device: "torch.device",
    ) -> Iterator[TaskScores]:
        """Yields this shard's part of the score sheet, task by task."""
        tasks = selected_tasks(benchmark, settings)
        return self.score(model, encoder, tasks, batch_size=0, shard=shard, device=device)

    def score(
        self,
        model: "torch.nn.Module",
        encoder: Encoder,
        tasks: Sequence[Task],
        *,
        batch_size: int,
        shard: Shard,
        device: "torch.device",
    ) -> Iterator[TaskScores]:
        """Yields this shard's scores of `tasks`: all points of a task in one call."""
        import torch
        from torch.nn.functional import cross_entropy

        for task in tasks:
            own = shard.take(task.examples)
            rows = encoder.collate([encoder.answered(point) for point in own or task.examples[:1]])
            with torch.no_grad():
                logits = model(**{k: v.to(device) for k, v in rows.inputs.items()}).logits
            labels = rows.labels_BT[:, 0].to(device)
            nlls = cross_entropy(logits.float(), labels, reduction="none").tolist()
            items = (PointScore(point.id, nll) for point, nll in zip(own, nlls, strict=False))
            yield TaskScores(task.name, task.role, tuple(sorted(items, key=lambda item: item.id)))


SUITE = Suite()
