"""Questions answered in words: rows of tokens, scored by likelihood and by what is generated."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from evals.benchmark import Benchmark, Task
from evals.errors import shown
from evals.scores import ScoreSheet
from evals.selection import selected_tasks
from evals.settings import EvaluationSettings
from evals.shard import Shard
from evals.suite import Cell, Sizes
from evals.text import row_lengths
from evals.text.components import components
from evals.text.example import Example
from evals.text.example import Task as Questions
from evals.text.rouge import split
from evals.text.scores import ItemScore, TaskScores, num_truncated

if TYPE_CHECKING:  # plans and reports need no torch
    import torch

    from evals.text.encoding import Encoder, Processor


class Suite:
    """Encodes, scores and shows questions and answers.

    Of the columns, `probability` is exp(-nll); `nll` and the two like it are in nats a token,
    `wrong_nll` their mean over the wrong answers; `hits` is the share of the true answer's tokens
    that come first.
    """

    metric_suites = ("text",)
    task_scores = TaskScores
    sizes: Sizes = row_lengths
    has_twins = False
    columns = (
        "task",
        "role",
        "id",
        "truth",
        "generation",
        "probability",
        "nll",
        "tokens",
        "paraphrase_nll",
        "wrong_nll",
        "hits",
        "truncated",
    )

    def cells(self, task: TaskScores, item: ItemScore) -> Sequence[Cell]:
        """Returns an item's row of the table of items."""
        nll = item.answer.mean_nll
        return [
            task.name,
            str(task.role),
            item.id,
            item.truth,
            item.generation,
            _number(math.exp(-nll)),
            _number(nll),
            item.answer.num_tokens,
            _number(_mean([] if item.paraphrase is None else [item.paraphrase.mean_nll])),
            _number(_mean([answer.mean_nll for answer in item.perturbed])),
            _number(_mean(item.token_hits)),
            item.truncated,
        ]

    def likelihoods(self, item: ItemScore) -> Sequence[float]:
        """Returns the nats a token of every answer."""
        return [answer.mean_nll for answer in item.answers]

    def components(self, sheet: ScoreSheet) -> Mapping[str, float]:
        """Returns probability, truth ratio and ROUGE of every task that has data for them."""
        return components(sheet)

    def facts(self, sheet: ScoreSheet) -> Mapping[str, float]:
        """Returns num_truncated: the items with an answer that was cut at the longest row."""
        return {"num_truncated": float(num_truncated(sheet))}

    def lacks_generations(self, task: TaskScores) -> bool:
        """Returns whether a question was not answered by the model itself."""
        return any(item.generation is None for item in task.items)

    def flaw(self, task: Questions) -> str:
        """Returns why ROUGE cannot measure a task: a true answer without a word in it."""
        for example in task.examples:
            if not split(example.answer):
                return (
                    "which compares generated answers with the true ones by ROUGE, and that of "
                    f"{example.id}, {shown(example.answer)}, has no letter and no digit; correct "
                    "the answer"
                )
        return ""

    def encoder(self, processor: "Processor", *, max_length: int, key: str) -> "Encoder":
        """Returns the encoder of a tokenizer and the way its model wants to be asked."""
        from evals.text.encoding import Encoder

        return Encoder(processor.tokenizer, prompt=processor.prompt, max_length=max_length, key=key)

    def floors(self, tasks: Sequence[Task]) -> Mapping[str, ScoreSheet]:  # noqa: ARG002
        """Returns nothing: without a language model there are no likelihoods."""
        return {}

    def shown(self, encoder: "Encoder", example: Example) -> str:
        """Returns prompt and answer as their tokens spell them, with all that is not to be seen."""
        prompt, answer = encoder.spelled(example)
        return f"prompt: {prompt!r}\nanswer: {answer!r}\n"

    def evaluate(
        self,
        model: "torch.nn.Module",
        encoder: "Encoder",
        benchmark: Benchmark,
        *,
        settings: EvaluationSettings,
        shard: Shard,
        device: "torch.device",
    ) -> Iterator[TaskScores | None]:
        """Yields this shard's part of the score sheet, task by task, and None while it reads them.

        The model's parameters may be kept elsewhere than on `device` (ZeRO-3 offload). Answers are
        generated only for the roles that some metric of `settings.metrics` reads.
        """
        from evals.text.generation import Generator
        from evals.text.scoring import score_tasks

        generator = Generator(model, encoder, settings, shard, device)
        tasks = _questions(selected_tasks(benchmark, settings))
        size = settings.batch_size
        scored = score_tasks(model, encoder, tasks, batch_size=size, shard=shard, device=device)
        left = iter(tasks)
        for items in scored:
            if items is None:
                yield None
                continue
            task = next(left)
            if row_lengths.num_generated(task, settings):
                hits = [item.token_hits for item in items]
                texts = generator.answers(task, hits)
                items = _with_generations(items, texts)
            yield _task_scores(task, items)

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
        """Yields this shard's scores of `tasks`, by likelihood alone."""
        from evals.text.scoring import score_tasks

        asked = _questions(tasks)
        scored = score_tasks(
            model, encoder, asked, batch_size=batch_size, shard=shard, device=device
        )
        found = (items for items in scored if items is not None)
        yield from map(_task_scores, asked, found)


SUITE = Suite()


def _questions(tasks: Sequence[Task]) -> Sequence[Questions]:
    return cast(Sequence[Questions], tasks)


def _task_scores(task: Questions, items: Sequence[ItemScore]) -> TaskScores:
    ordered = tuple(sorted(items, key=lambda item: item.id))
    return TaskScores(task.name, task.role, task.probability, ordered)


def _with_generations(
    items: Sequence[ItemScore], generations: Sequence[str]
) -> tuple[ItemScore, ...]:
    return tuple(
        replace(item, generation=text) for item, text in zip(items, generations, strict=True)
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _number(value: float) -> Cell:
    return value if math.isfinite(value) else None
