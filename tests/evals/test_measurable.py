"""A metric is measured on data that a benchmark has, and a share of items leaves two to report."""

import pytest

from evals.benchmark import Benchmark, Role
from evals.errors import ConfigError
from evals.measurable import check_held_out, check_measurable
from evals.settings import EvaluationSettings
from evals.suite import suite_of
from evals.text.example import Example, Probability, Task

TEXT = suite_of("characters")


def benchmark_of(*answers: str) -> Benchmark:
    rows = tuple(Example(f"r{i}", f"Who is {i}?", answer) for i, answer in enumerate(answers))
    task = Task("forget", Role.FORGET, Probability.PLAIN, rows)
    return Benchmark("people", {"full": rows}, (task,), ())


def test_a_metric_of_generated_answers_is_refused_where_an_answer_has_no_words() -> None:
    settings = EvaluationSettings(metrics=("forget_rouge",))
    check_measurable(benchmark_of("Anna", "Ben"), settings, TEXT)
    with pytest.raises(ConfigError, match="people but got 'forget_rouge'.* or leave the metric"):
        check_measurable(benchmark_of("Anna", "?!"), settings, TEXT)


@pytest.mark.parametrize(("held_out", "fits"), [(0.0, True), (0.1, False), (0.2, True)])
def test_a_share_of_ten_items_leaves_two_or_none(held_out: float, fits: bool) -> None:
    benchmark, settings = benchmark_of(*"abcdefghij"), EvaluationSettings(metrics=("forget_rouge",))
    if fits:
        check_held_out(benchmark, settings, held_out, key="share")
    else:
        with pytest.raises(ConfigError, match=r"share must leave at least 2 .* 0\.1 of the 10 of"):
            check_held_out(benchmark, settings, held_out, key="share")


def test_items_that_are_not_scored_cannot_be_held_out() -> None:
    few = EvaluationSettings(metrics=("forget_rouge",), max_items=5)
    with pytest.raises(ConfigError, match=r"share must leave .* 0\.2 of the 5 of forget"):
        check_held_out(benchmark_of(*"abcdefghij"), few, 0.2, key="share")


@pytest.mark.parametrize(
    ("metric", "what"), [("real", "questions of general knowledge"), ("mia_loss", "a holdout")]
)
def test_a_metric_of_rows_that_are_not_there_is_refused(metric: str, what: str) -> None:
    settings = EvaluationSettings(metrics=(metric,))
    with pytest.raises(ConfigError, match=f"people but got '{metric}', which needs {what}; give"):
        check_measurable(benchmark_of("Anna", "Ben"), settings, TEXT)
