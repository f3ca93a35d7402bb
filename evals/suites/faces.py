"""People recognised in pictures: rows of pixels, scored by cosines of a model's embeddings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from evals.benchmark import Benchmark, Task
from evals.faces.example import Face
from evals.faces.example import Task as Pictures
from evals.faces.scores import FaceScore, TaskScores, accuracy
from evals.scores import ScoreSheet
from evals.selection import selected_tasks
from evals.settings import EvaluationSettings
from evals.shard import Shard
from evals.suite import Cell

if TYPE_CHECKING:  # plans and reports need no torch
    import torch

    from evals.faces.encoding import Encoder, Processor

SCORE_BYTES = 200
"""About what a picture's scores take on disk."""


class Sizes:
    """A picture is one position, whatever its pixels."""

    def mean_positions(self, examples: Sequence[Face], *, max_length: int) -> float:  # noqa: ARG002
        """Returns 1."""
        return 1.0

    def most_positions(self, benchmark: Benchmark, *, max_length: int) -> int:  # noqa: ARG002
        """Returns 1."""
        return 1

    def most_labels(self, benchmark: Benchmark, *, max_length: int) -> int:  # noqa: ARG002
        """Returns 1."""
        return 1

    def most_scored_labels(self, tasks: Sequence[Task], *, max_length: int) -> int:  # noqa: ARG002
        """Returns 1."""
        return 1

    def most_scored_positions(self, tasks: Sequence[Task], *, max_length: int) -> int:  # noqa: ARG002
        """Returns 1."""
        return 1

    def num_scored(self, task: Task) -> int:
        """Returns the pictures that are scored, and those that everybody is enrolled by."""
        return len(task.examples) + len(cast(Pictures, task).enrolled)

    def num_generated(self, task: Task, settings: EvaluationSettings) -> int:  # noqa: ARG002
        """Returns 0: such a model writes nothing."""
        return 0

    def sheet_bytes(self, tasks: Sequence[Task]) -> int:
        """Returns about what the scores of tasks take."""
        return SCORE_BYTES * sum(len(task.examples) for task in tasks)


class Suite:
    """Encodes, scores and shows pictures of people.

    Of the columns, `cosine` is that to the picture's own person, `best_other` the largest to
    another one, `nll` in nats.
    """

    metric_suites = ("faces",)
    task_scores = TaskScores
    sizes = Sizes()
    has_twins = True
    columns = ("task", "role", "id", "person", "recognised", "cosine", "best_other", "nll")

    def cells(self, task: TaskScores, item: FaceScore) -> Sequence[Cell]:
        """Returns a picture's row of the table of items."""
        numbers = [_number(value) for value in (item.cosine, item.best_other, item.nll)]
        return [task.name, str(task.role), item.id, item.person, item.recognised, *numbers]

    def likelihoods(self, item: FaceScore) -> Sequence[float]:
        """Returns the nats of the picture's own person."""
        return [item.nll]

    def components(self, sheet: ScoreSheet) -> Mapping[str, float]:
        """Returns the accuracy of every task."""
        tasks = cast(tuple[TaskScores, ...], sheet.tasks)
        return {f"{task.name}_accuracy": accuracy(task) for task in tasks if task.items}

    def facts(self, sheet: ScoreSheet) -> Mapping[str, float]:
        """Returns how many pictures were scored."""
        return {"num_pictures": float(sum(len(task.items) for task in sheet.tasks))}

    def lacks_generations(self, task: TaskScores) -> bool:  # noqa: ARG002
        """Returns True: nothing is generated."""
        return True

    def flaw(self, task: Pictures) -> str:  # noqa: ARG002
        """Returns nothing: nothing is generated."""
        return ""

    def encoder(self, processor: "Processor", *, max_length: int, key: str) -> "Encoder":  # noqa: ARG002
        """Returns the encoder of a model's pictures, which have no length."""
        from evals.faces.encoding import Encoder

        return Encoder(processor)

    def floors(self, tasks: Sequence[Task]) -> Mapping[str, ScoreSheet]:
        """Returns the scores that raw pixels get."""
        from evals.faces.floors import raw_pixel_scores

        return {"Raw pixels": raw_pixel_scores(cast(Sequence[Pictures], tasks))}

    def shown(self, encoder: "Encoder", example: Face) -> str:  # noqa: ARG002  # pixels say nothing
        """Returns which picture it is, and of whom."""
        return f"{example.id}: a picture of {example.person}, who is number {example.label}\n"

    def evaluate(
        self,
        model: "torch.nn.Module",
        encoder: "Encoder",
        benchmark: Benchmark,
        *,
        settings: EvaluationSettings,
        shard: Shard,
        device: "torch.device",
    ) -> Iterator[TaskScores]:
        """Yields this shard's part of the score sheet, task by task."""
        tasks = selected_tasks(benchmark, settings)
        size = settings.batch_size
        return self.score(model, encoder, tasks, batch_size=size, shard=shard, device=device)

    def score(
        self,
        model: "torch.nn.Module",
        encoder: "Encoder",
        tasks: Sequence[Task],
        *,
        batch_size: int,
        shard: Shard,
        device: "torch.device",
    ) -> Iterator[TaskScores]:
        """Yields this shard's scores of `tasks`."""
        from evals.faces.scoring import Embedder, score_tasks

        embedder = Embedder(model, encoder, batch_size, device)
        yield from score_tasks(embedder, cast(Sequence[Pictures], tasks), shard=shard)


def _number(value: float) -> float | None:
    return value if abs(value) < float("inf") else None


SUITE = Suite()
