"""Questions answered in words, some of them put to a picture: rows of tokens and pictures.

Likelihoods, generations and all that is made of them are as for text; `evals/multimodal/` has how
rows are encoded.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evals.benchmark import Benchmark, Task
from evals.scores import ScoreSheet
from evals.settings import EvaluationSettings
from evals.shard import Shard
from evals.suite import Cell, Sizes, load_suite
from evals.text import row_lengths
from evals.text.example import Task as Questions
from evals.text.scores import ItemScore, TaskScores

if TYPE_CHECKING:  # plans and reports need no torch
    import torch

    from evals.multimodal.encoding import Encoder, Processor
    from evals.multimodal.example import Example

_TEXT = load_suite("text")


class Suite:
    """Encodes questions with their pictures; the rest is that of texts.

    Sizes are those of the texts: how many tokens a picture has only a model knows, which adds them.
    """

    metric_suites = ("multimodal", "text")
    task_scores = TaskScores
    sizes: Sizes = row_lengths
    has_twins = False
    columns = _TEXT.columns

    def cells(self, task: TaskScores, item: ItemScore) -> Sequence[Cell]:
        """Returns an item's row of the table of items."""
        return _TEXT.cells(task, item)

    def likelihoods(self, item: ItemScore) -> Sequence[float]:
        """Returns the nats a token of every answer."""
        return _TEXT.likelihoods(item)

    def components(self, sheet: ScoreSheet) -> Mapping[str, float]:
        """Returns probability, truth ratio and ROUGE of every task that has data for them."""
        return _TEXT.components(sheet)

    def facts(self, sheet: ScoreSheet) -> Mapping[str, float]:  # noqa: ARG002
        """Returns nothing: no row is ever cut."""
        return {}

    def lacks_generations(self, task: TaskScores) -> bool:
        """Returns whether a question was not answered by the model itself."""
        return _TEXT.lacks_generations(task)

    def flaw(self, task: Questions) -> str:
        """Returns why ROUGE cannot measure a task: a true answer without a word in it."""
        return _TEXT.flaw(task)

    def encoder(self, processor: "Processor", *, max_length: int, key: str) -> "Encoder":
        """Returns the encoder of a model's tokenizer and pictures."""
        from evals.multimodal.encoding import Encoder

        return Encoder(processor, max_length=max_length, key=key)

    def floors(self, tasks: Sequence[Task]) -> Mapping[str, ScoreSheet]:  # noqa: ARG002
        """Returns nothing: without a language model there are no likelihoods."""
        return {}

    def shown(self, encoder: "Encoder", example: "Example") -> str:
        """Returns prompt and answer as their tokens spell them, and which picture there is."""
        picture = "none" if example.picture is None else example.picture.content()
        return f"{_TEXT.shown(encoder, example)}picture: {picture}\n"

    def evaluate(
        self,
        model: "torch.nn.Module",
        encoder: Any,
        benchmark: Benchmark,
        *,
        settings: EvaluationSettings,
        shard: Shard,
        device: "torch.device",
    ) -> Iterator[TaskScores | None]:
        """Yields this shard's part of the score sheet, task by task; pictures are before the model
        when it answers, too.
        """
        found: Iterator[Any] = _TEXT.evaluate(
            model, encoder, benchmark, settings=settings, shard=shard, device=device
        )
        return found

    def score(
        self,
        model: "torch.nn.Module",
        encoder: Any,
        tasks: Sequence[Task],
        *,
        batch_size: int,
        shard: Shard,
        device: "torch.device",
    ) -> Iterator[TaskScores]:
        """Yields this shard's scores of `tasks`, by likelihood alone."""
        found: Iterator[Any] = _TEXT.score(
            model, encoder, tasks, batch_size=batch_size, shard=shard, device=device
        )
        return found


SUITE = Suite()
