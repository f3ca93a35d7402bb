from dataclasses import replace

import pytest
import torch

from evals.benchmark import Benchmark, Role
from evals.measure import merge
from evals.scores import ScoreSheet
from evals.selection import selected_tasks
from evals.settings import EvaluationSettings
from evals.shard import Shard
from evals.suites.text import SUITE
from evals.text.encoding import Encoder, Prompt
from evals.text.example import Example, Probability, Task

CPU = torch.device("cpu")


def examples(prefix: str, count: int) -> tuple[Example, ...]:
    return tuple(
        Example(
            f"{prefix}{index}",
            f"Where does Hina live in year {index}?",
            f"In Karachi, number {index}.",
            paraphrase="Karachi.",
            perturbed=("In Paris.", "By the sea."),
        )
        for index in reversed(range(count))
    )


TASKS = (
    Task("forget", Role.FORGET, Probability.PLAIN, examples("f", 5)),
    Task("retain", Role.RETAIN, Probability.PLAIN, examples("r", 4)),
    Task("authors", Role.REAL, Probability.CHOICE, examples("a", 2)),
    Task("holdout", Role.HOLDOUT, Probability.PLAIN, examples("h", 2)),
)
BENCHMARK = Benchmark("small", {}, TASKS, ())
LIKELIHOOD = EvaluationSettings(metrics=("retain", "log_forget_quality"), max_new_tokens=3)
WITH_HOLDOUT = EvaluationSettings(metrics=("retain", "mia_loss"))


@pytest.fixture
def encoder(tokenizer):
    return Encoder(tokenizer, prompt=Prompt(), max_length=128)


def run(model, encoder, settings=LIKELIHOOD, shard=Shard()):  # noqa: B008
    return evaluate(model, encoder, BENCHMARK, settings, shard)


def evaluate(model, encoder, benchmark, settings, shard=Shard()):  # noqa: B008
    parts = SUITE.evaluate(model, encoder, benchmark, settings=settings, shard=shard, device=CPU)
    return ScoreSheet(tuple(part for part in parts if part is not None))


def test_a_sheet_has_every_task_with_its_items_sorted_by_id(build_model, encoder):
    found = run(build_model(), encoder, WITH_HOLDOUT)
    assert [(task.name, task.role, task.probability) for task in found.tasks] == [
        (task.name, task.role, task.probability) for task in TASKS
    ]
    assert [item.id for item in found.tasks[0].items] == ["f0", "f1", "f2", "f3", "f4"]
    assert [item.truth for item in found.tasks[0].items][:2] == [
        "In Karachi, number 0.",
        "In Karachi, number 1.",
    ]


def test_the_holdout_is_scored_only_for_a_metric_that_needs_it(build_model, encoder):
    assert [task.role for task in run(build_model(), encoder).tasks] == [
        Role.FORGET,
        Role.RETAIN,
        Role.REAL,
    ]


def test_only_the_first_items_of_each_task_are_scored(build_model, encoder):
    settings = WITH_HOLDOUT.model_copy(update={"max_items": 3})
    found = run(build_model(), encoder, settings)
    assert [len(task.items) for task in found.tasks] == [3, 3, 2, 2]
    assert [item.id for item in found.tasks[0].items] == ["f2", "f3", "f4"]
    assert [each.id for each in selected_tasks(BENCHMARK, settings)[0].examples] == [
        "f4",
        "f3",
        "f2",
    ]


@pytest.mark.parametrize(
    ("metrics", "roles"),
    [
        ((), set()),
        (("retain", "log_forget_quality"), set()),
        (("forget", "retain"), {Role.FORGET}),
        (("model_utility",), {Role.RETAIN, Role.REAL}),
        (("forget", "model_utility"), {Role.FORGET, Role.RETAIN, Role.REAL}),
    ],
)
def test_answers_are_generated_only_where_a_metric_reads_them(build_model, encoder, metrics, roles):
    settings = LIKELIHOOD.model_copy(update={"metrics": metrics})
    for task in run(build_model(), encoder, settings).tasks:
        generated = [item.generation is not None for item in task.items]
        assert set(generated) == {task.role in roles}


def test_a_generation_stands_beside_its_own_question(build_model, encoder):
    settings = LIKELIHOOD.model_copy(update={"metrics": ("forget",), "batch_size": 2})
    together = run(build_model(), encoder, settings).tasks[0].items
    for item in together:
        alone = replace(TASKS[0], examples=tuple(e for e in TASKS[0].examples if e.id == item.id))
        benchmark = replace(BENCHMARK, tasks=(alone,))
        again = evaluate(build_model(), encoder, benchmark, settings)
        assert again.tasks[0].items[0].generation == item.generation


def test_a_model_computes_where_it_is_told_to_wherever_its_parameters_are(build_model, encoder):
    settings = LIKELIHOOD.model_copy(update={"metrics": ("forget",)})
    model, aside = build_model(), torch.empty(1, device="meta")
    model.register_parameter("aside", torch.nn.Parameter(aside))
    assert next(model.parameters()).device.type == "meta"
    assert run(model, encoder, settings) == run(build_model(), encoder, settings)


@pytest.mark.parametrize("world", [2, 3])
def test_merged_shards_are_what_one_rank_finds(build_model, encoder, world):
    settings = LIKELIHOOD.model_copy(update={"metrics": ("forget",)})
    whole = run(build_model(), encoder, settings)
    parts = [run(build_model(), encoder, settings, Shard(rank, world)) for rank in range(world)]
    merged = merge(parts, expected=selected_tasks(BENCHMARK, settings))
    for one, other in zip(merged.tasks, whole.tasks, strict=True):
        assert [item.id for item in one.items] == [item.id for item in other.items]
        for a, b in zip(one.items, other.items, strict=True):
            assert a.answer.nll == pytest.approx(b.answer.nll, abs=1e-5)
            assert a.generation == b.generation
    assert merge([whole]) == whole


def test_a_row_is_shown_with_all_that_is_not_to_be_seen(encoder):
    shown = SUITE.shown(encoder, TASKS[0].examples[-1])
    bos, eos = encoder.tokenizer.bos_token or "", encoder.tokenizer.eos_token
    question = "Question: Where does Hina live in year 0?\\nAnswer:"
    assert shown == f"prompt: '{bos}{question}'\nanswer: ' In Karachi, number 0.{eos}'\n"
