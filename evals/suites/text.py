"""The text suite: scores a language model on a benchmark's tasks and measures it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import nn

from evals.benchmark import Benchmark, Role, Task
from evals.metric import load_metric
from evals.scores import ItemScore, ScoreSheet, TaskScores
from evals.selection import selected_tasks
from evals.settings import EvaluationSettings
from evals.text.encoding import Encoder
from evals.text.generation import generate_task
from evals.text.scoring import Shard, score_task


def evaluate(
    model: nn.Module,
    encoder: Encoder,
    benchmark: Benchmark,
    *,
    settings: EvaluationSettings,
    shard: Shard,
    device: torch.device,
) -> ScoreSheet:
    """Returns this shard's part of the score sheet; see `evaluate_tasks`."""
    return ScoreSheet(
        tuple(
            evaluate_tasks(model, encoder, benchmark, settings=settings, shard=shard, device=device)
        )
    )


def evaluate_tasks(
    model: nn.Module,
    encoder: Encoder,
    benchmark: Benchmark,
    *,
    settings: EvaluationSettings,
    shard: Shard,
    device: torch.device,
) -> Iterator[TaskScores]:
    """Yields this shard's part of the score sheet, task by task.

    `device` is where the model computes; its parameters may be kept elsewhere (ZeRO-3 offload).
    Answers are generated only for the roles that some metric of `settings.metrics` reads.
    """
    roles = frozenset[Role]().union(
        *(load_metric(name).generation_roles for name in settings.metrics)
    )
    for task in selected_tasks(benchmark, settings):
        items = score_task(
            model, encoder, task, batch_size=settings.batch_size, shard=shard, device=device
        )
        if task.role in roles:
            texts = generate_task(
                model, encoder, task, settings=settings, shard=shard, device=device
            )
            items = _with_generations(items, texts)
        yield _task_scores(task, items)


def score_tasks(
    model: nn.Module,
    encoder: Encoder,
    tasks: Sequence[Task],
    *,
    batch_size: int,
    shard: Shard,
    device: torch.device,
) -> Iterator[TaskScores]:
    """Yields this shard's scores of `tasks`, by likelihood alone; see `evaluate_tasks`."""
    for task in tasks:
        items = score_task(model, encoder, task, batch_size=batch_size, shard=shard, device=device)
        yield _task_scores(task, items)


def _task_scores(task: Task, items: Sequence[ItemScore]) -> TaskScores:
    ordered = tuple(sorted(items, key=lambda item: item.id))
    return TaskScores(task.name, task.role, task.probability, ordered)


def _with_generations(
    items: Sequence[ItemScore], generations: Sequence[str]
) -> tuple[ItemScore, ...]:
    return tuple(
        replace(item, generation=text) for item, text in zip(items, generations, strict=True)
    )
