import math
from dataclasses import replace

import pytest
import torch

from evals.benchmark import Benchmark, Example, Probability, Role, Task
from evals.errors import ConfigError
from evals.measure import measure, merge
from evals.scores import AnswerScore, ItemScore, ScoreSheet, TaskScores
from evals.selection import selected_tasks
from evals.settings import EvaluationSettings
from evals.suites.text import evaluate
from evals.text.encoding import Encoder, Prompt
from evals.text.scoring import Shard

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
BENCHMARK = Benchmark("small", {}, TASKS, (), "0")
LIKELIHOOD = EvaluationSettings(metrics=("retain", "log_forget_quality"), max_new_tokens=3)
WITH_HOLDOUT = EvaluationSettings(metrics=("retain", "mia_loss"))


@pytest.fixture
def encoder(tokenizer):
    return Encoder(tokenizer, prompt=Prompt(), max_length=128)


def run(model, encoder, settings=LIKELIHOOD, shard=Shard()):  # noqa: B008
    return evaluate(model, encoder, BENCHMARK, settings=settings, shard=shard, device=CPU)


def sheet(*ids: str, role: Role = Role.FORGET) -> ScoreSheet:
    one = AnswerScore(1.0, 2)
    items = tuple(ItemScore(i, "", one, one, (one,), (-0.5, -0.5), (True, True)) for i in ids)
    return ScoreSheet((TaskScores("forget", role, Probability.PLAIN, items),))


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
        again = evaluate(
            build_model(), encoder, benchmark, settings=settings, shard=Shard(), device=CPU
        )
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


def test_merging_refuses_an_item_that_is_there_twice():
    with pytest.raises(ValueError, match="twice: b"):
        merge([sheet("a", "b"), sheet("b", "c")])


def test_merging_refuses_shards_that_lack_items():
    with pytest.raises(ValueError, match="missing"):
        merge([sheet("a", "b", "c"), sheet("d")])
    with pytest.raises(ValueError, match="missing"):
        merge([sheet("a"), sheet("b", "c")])


def test_merging_refuses_a_missing_id_that_was_expected():
    task = Task("forget", Role.FORGET, Probability.PLAIN, tuple(Example(i, "", "") for i in "abcd"))
    assert merge([sheet("a", "c"), sheet("b", "d")], expected=(task,))
    with pytest.raises(ValueError, match="forget: items are missing: d"):
        merge([sheet("a", "c"), sheet("b")], expected=(task,))
    with pytest.raises(ValueError, match="retain: items are missing"):
        merge([sheet("a")], expected=(replace(task, name="retain"),))


def test_merging_refuses_nothing_and_parts_of_different_tasks():
    with pytest.raises(ValueError, match="no part"):
        merge([])
    with pytest.raises(ValueError, match="different tasks"):
        merge([sheet("a"), ScoreSheet(())])


def test_measuring_gives_each_metric_by_name(build_model, encoder):
    found = run(build_model(), encoder)
    values = measure(found, found, LIKELIHOOD.metrics)
    assert set(values) == set(LIKELIHOOD.metrics)
    assert values["log_forget_quality"] == pytest.approx(math.log(1.0))
    assert 0 <= values["retain"] <= 1


def test_a_metric_that_needs_gold_is_refused_without_it(build_model, encoder):
    found = run(build_model(), encoder)
    assert "retain" in measure(found, None, ["retain"])
    with pytest.raises(ConfigError, match="log_forget_quality.*gold"):
        measure(found, None, ["log_forget_quality"])


def test_a_metric_that_needs_a_holdout_is_refused_without_one():
    with pytest.raises(ConfigError, match="mia_loss.*holdout"):
        measure(sheet("a"), None, ["mia_loss"])


def test_a_metric_that_needs_generations_is_refused_without_them():
    with pytest.raises(ConfigError, match="forget.*generat"):
        measure(sheet("a"), None, ["forget"])


def test_an_unknown_metric_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'retain'"):
        measure(sheet("a"), None, ["retian"])
