"""Lengths of rows are told from their texts, and a real tokenizer's rows are not longer."""

import pytest

from evals.benchmark import Benchmark, Role
from evals.building import build_benchmark
from evals.choice import choose
from evals.selection import selected_tasks
from evals.settings import EvaluationSettings
from evals.text.encoding import Encoder
from evals.text.example import Example, Probability, Task
from evals.text.row_lengths import (
    END_TOKENS,
    FRAME_TOKENS,
    mean_positions,
    most_labels,
    most_positions,
    most_scored_labels,
    most_scored_positions,
    num_generated,
    num_scored,
    sheet_bytes,
)
from trainers.family import build_family

LONG = Example("a", "q" * 40, "a" * 80, paraphrase="p", perturbed=("w" * 140, "v"))
SHORT = Example("b", "q" * 8, "a" * 8)
SPLITS = {"full": (LONG, SHORT), "forget": (LONG,), "retain": (SHORT,)}
BENCHMARK = Benchmark("texts", SPLITS, (), ("r" * 110,))


def test_a_mean_row_has_a_token_for_every_four_bytes():
    assert mean_positions((LONG, SHORT), max_length=500) == FRAME_TOKENS + (120 + 16) / 4 / 2
    assert mean_positions((), max_length=500) == 0.0


def test_the_longest_row_joins_the_longest_question_and_any_answer_or_refusal():
    assert most_positions(BENCHMARK, max_length=500) == FRAME_TOKENS + 50
    assert most_positions(BENCHMARK, max_length=32) == 32


def test_the_longest_answer_may_be_a_refusal_or_a_wrong_one():
    assert most_labels(BENCHMARK, max_length=500) == END_TOKENS + 37
    assert most_labels(BENCHMARK, max_length=20) == 20
    task = Task("t", Role.FORGET, Probability.PLAIN, (LONG, SHORT))
    assert most_scored_labels([task], max_length=500) == END_TOKENS + 47


def test_a_sheet_has_every_truth_twice_and_a_number_for_each_of_its_tokens():
    task = Task("t", Role.FORGET, Probability.PLAIN, (LONG, SHORT))
    assert num_scored(task) == 5
    # 88 bytes of truth in 22 tokens, five answers, two items.
    assert sheet_bytes([task]) == 2 * 88 + 28 * 22 + 46 * 5 + 150 * 2


def test_what_is_scored_has_wrong_answers_too():
    task = Task("t", Role.FORGET, Probability.PLAIN, (LONG, SHORT))
    assert LONG.answers == ("a" * 80, "p", "w" * 140, "v")
    assert most_scored_positions([task], max_length=500) == FRAME_TOKENS + 60


def test_letters_of_two_bytes_count_twice():
    assert mean_positions((Example("a", "", "é" * 40),), max_length=500) == FRAME_TOKENS + 20


def test_no_row_of_the_demo_is_longer_than_said():
    benchmark = build_benchmark(choose("evals.benchmarks", {"name": "characters"}, key="benchmark"))
    model = choose("trainers.models", {"name": "tiny_llama"}, key="model")
    loaded = build_family(model).load(benchmark=benchmark, checkpoint=None, seed=0)
    encoder = Encoder(loaded.processor.tokenizer, prompt=loaded.processor.prompt, max_length=1000)
    tasks = selected_tasks(benchmark, EvaluationSettings())
    examples = [example for task in tasks for example in task.examples]
    rows = [encoder.encode(e.question, answer) for e in examples for answer in e.answers]
    longest = max(len(row.input_ids) for row in rows)
    assert longest <= most_scored_positions(tasks, max_length=1000) < 2 * longest
    answered = max(row.num_labels for row in rows)
    assert answered <= most_scored_labels(tasks, max_length=1000) < 2 * answered
    trained = [encoder.encode(e.question, e.answer) for e in benchmark.splits["full"]]
    mean = sum(len(row.input_ids) for row in trained) / len(trained)
    said = mean_positions(benchmark.splits["full"], max_length=1000)
    assert said == pytest.approx(mean, rel=0.6)


@pytest.mark.parametrize(
    ("metrics", "role", "num"),
    [
        (("retain", "log_forget_quality"), Role.FORGET, 0),
        (("retain", "forget_rouge"), Role.FORGET, 7),
        (("retain", "forget_rouge"), Role.RETAIN, 0),
        (("retain_rouge", "forget_rouge"), Role.RETAIN, 7),
    ],
)
def test_tokens_are_generated_where_a_metric_reads_them(metrics, role, num):
    settings = EvaluationSettings(metrics=metrics, max_new_tokens=7)
    task = Task("any", role, Probability.PLAIN, (Example("1", "Who?", "She."),))
    assert num_generated(task, settings) == num
