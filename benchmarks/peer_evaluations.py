"""Evaluations side by side with others': likelihoods, generation, and all text metrics.

Generation begins here where the model first misses a true answer, which scoring has told already;
that scoring is counted in whole evaluations, not beside generation alone.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import clear_scripts
import open_unlearning
import torch
from peer_bench import Bench, compared, peer_rows

from evals.benchmark import Task
from evals.evaluating import evaluating
from evals.scores import ScoreSheet
from evals.settings import EvaluationSettings
from evals.shard import Shard
from evals.suite import suite_of
from evals.text.example import Example
from evals.text.example import Task as Questions
from evals.text.generation import Generator
from evals.text.row_lengths import num_generated

AT_ONCE = 32
"""Answers or questions in a pass, on all sides."""
SETTINGS = EvaluationSettings(
    metrics=("retain_with_rouge", "real_with_rouge", "forget"),
    batch_size=AT_ONCE,
    max_length=128,
    max_new_tokens=48,
)
"""With ROUGE of every task."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What another side does with a task: questions padded on the left, and true answers."""

    prompts: tuple[open_unlearning.Inputs, ...]
    truths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """The two parts of another side's evaluation."""

    likelihoods: Callable[[int], None]
    answers: Callable[[int], None]


def evaluations(bench: Bench, pairs: int) -> Iterator[list[str]]:
    """Yields a row for each part of an evaluation, and for the whole beside each of the others."""
    tasks = _tasks(bench)
    batches = {task.name: list(_batches(bench, task)) for task in tasks}
    theirs, likelihoods = open_unlearnings_parts(bench), _our_likelihoods(bench)
    yield compared("likelihoods", likelihoods, theirs.likelihoods, pairs, bench.device)
    read = [task for task in tasks if num_generated(task, SETTINGS)]
    yield compared("generation", _our_generation(bench, read), theirs.answers, pairs, bench.device)

    def open_unlearnings_metrics(turn: int) -> None:
        theirs.likelihoods(turn)
        theirs.answers(turn)

    whole = _our_evaluation(bench)
    yield compared("all text metrics", whole, open_unlearnings_metrics, pairs, bench.device)
    scripts = _clears_evaluation(bench, tasks, batches)
    yield compared("all text metrics, CLEAR's scripts", whole, scripts, pairs, bench.device)


def open_unlearnings_parts(bench: Bench) -> Parts:
    """Returns what open-unlearning evaluates of a model, on rows that are ready."""
    model, tasks = bench.loaded.model, _tasks(bench)
    every = [rows for task in tasks for rows in _batches(bench, task)]
    asked = [_asked(bench, task) for task in tasks if num_generated(task, SETTINGS)]

    def likelihoods(_turn: int) -> None:
        open_unlearning.probabilities(model, every)

    return Parts(likelihoods, _their_generation(bench, asked))


def _tasks(bench: Bench) -> list[Questions]:
    return [cast(Questions, task) for task in bench.benchmark.tasks]


def _batches(bench: Bench, task: Questions) -> Iterator[open_unlearning.Inputs]:
    """Yields a task's answers kind by kind and in their order."""
    for place in range(max(len(each.answers) for each in task.examples)):
        alike = [each for each in task.examples if place < len(each.answers)]
        for start in range(0, len(alike), AT_ONCE):
            yield peer_rows(bench, alike[start : start + AT_ONCE], place)


def _our_likelihoods(bench: Bench) -> Callable[[int], None]:
    suite, tasks = suite_of("characters"), bench.benchmark.tasks
    device = torch.device(bench.device)

    def run(_turn: int) -> None:
        for _ in suite.score(
            bench.loaded.model,
            bench.encoder,
            tasks,
            batch_size=AT_ONCE,
            shard=Shard(),
            device=device,
        ):
            pass

    return run


def _our_evaluation(bench: Bench) -> Callable[[int], None]:
    """All tasks' scores, and the parts of every metric of them."""
    suite, device = suite_of("characters"), torch.device(bench.device)

    def run(_turn: int) -> None:
        scored = suite.evaluate(
            bench.loaded.model,
            bench.encoder,
            bench.benchmark,
            settings=SETTINGS,
            shard=Shard(),
            device=device,
        )
        sheet = ScoreSheet(tuple(each for each in scored if each is not None))
        assert all(map(math.isfinite, suite.components(sheet).values()))

    return run


def _our_generation(bench: Bench, tasks: Sequence[Questions]) -> Callable[[int], None]:
    suite, device = suite_of("characters"), torch.device(bench.device)
    model, shared = bench.loaded.model, cast(Sequence[Task], tasks)
    scored: list[Any] = list(
        suite.score(model, bench.encoder, shared, batch_size=AT_ONCE, shard=Shard(), device=device)
    )
    hits = {}
    for task, found in zip(tasks, scored, strict=True):
        by_id = {item.id: item.token_hits for item in found.items}
        hits[task.name] = [by_id[example.id] for example in task.examples]
    generator = Generator(model, bench.encoder, SETTINGS, Shard(), device)

    def run(_turn: int) -> None:
        for task in tasks:
            generator.answers(task, hits[task.name])

    return run


def _asked(bench: Bench, task: Questions) -> Asked:
    examples = task.examples
    prompts = [
        _prompts(bench, examples[start : start + AT_ONCE])
        for start in range(0, len(examples), AT_ONCE)
    ]
    return Asked(tuple(prompts), tuple(example.answer for example in examples))


def _prompts(bench: Bench, examples: Sequence[Example]) -> open_unlearning.Inputs:
    """Returns questions padded on the left, as the peers' collator has them for generation."""
    ids = [bench.encoder.prompt_ids(example) for example in examples]
    width = max(map(len, ids))
    input_ids_BT = torch.full((len(ids), width), bench.encoder.pad_id)
    mask_BT = torch.zeros_like(input_ids_BT)
    for row, tokens in enumerate(ids):
        input_ids_BT[row, width - len(tokens) :] = torch.tensor(tokens)
        mask_BT[row, width - len(tokens) :] = 1
    both = {"input_ids": input_ids_BT, "attention_mask": mask_BT}
    return {name: value.to(bench.device) for name, value in both.items()}


def _their_generation(bench: Bench, asked: Sequence[Asked]) -> Callable[[int], None]:
    model, tokenizer = bench.loaded.model, bench.encoder.tokenizer

    def run(_turn: int) -> None:
        with evaluating(model):
            for each in asked:
                open_unlearning.similarity(
                    model, tokenizer, each.prompts, each.truths, most=SETTINGS.max_new_tokens
                )

    return run


def _clears_evaluation(
    bench: Bench,
    tasks: Sequence[Questions],
    batches: dict[str, list[open_unlearning.Inputs]],
) -> Callable[[int], None]:
    """What CLEAR's script does with every task: it generates for each of them."""
    model, tokenizer = bench.loaded.model, bench.encoder.tokenizer
    asked = {task.name: _asked(bench, task) for task in tasks}
    wide = {
        name: [
            clear_scripts.widened(each, SETTINGS.max_length, bench.encoder.pad_id) for each in rows
        ]
        for name, rows in batches.items()
    }

    def run(_turn: int) -> None:
        with evaluating(model):
            for task in tasks:
                clear_scripts.evaluate(
                    model,
                    tokenizer,
                    wide[task.name],
                    asked[task.name].prompts,
                    asked[task.name].truths,
                    most=SETTINGS.max_new_tokens,
                )

    return run
