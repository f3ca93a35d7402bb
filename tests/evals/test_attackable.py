"""Attacks that a benchmark has not the splits or the scores for are refused, with the cure."""

from pathlib import Path
from typing import Any

import pytest

from evals.attackable import check_attackable
from evals.building import build_benchmark
from evals.choice import Choice, choose
from evals.errors import ConfigError
from evals.selection import selected_tasks
from evals.settings import EvaluationSettings

WITH_HOLDOUT = ("retain_accuracy", "holdout_accuracy")


def portraits(**settings: Any) -> Choice:
    people = dict.fromkeys(("forget_people", "holdout_people", "retain_people", "other_people"), 1)
    pictures = {"pictures_per_person": 2, "enrolled": 1, "size": 16, "num_splits": 40}
    return choose(
        "evals.benchmarks", {"name": "portraits", **people, **pictures, **settings}, key="benchmark"
    )


def check(
    targets: int,
    shadows: int,
    *,
    metrics: tuple[str, ...] = WITH_HOLDOUT,
    benchmark: Choice | None = None,
) -> str:
    """Returns what is said of few models; the scores are those of portraits."""
    settings = EvaluationSettings(metrics=metrics)
    tasks = selected_tasks(build_benchmark(portraits()), settings)
    num_models = {"targets": targets, "shadows": shadows}
    return check_attackable(benchmark or portraits(), settings, tasks, num_models=num_models)


@pytest.mark.parametrize(
    ("targets", "shadows", "said"),
    [
        (6, 8, "attacks.targets must be at least 8, 4 from either world, but got 6"),
        (8, 2, "attacks.shadows must be at least 8"),
        (20, 20, "must together be at most 38, .* 20 and 20; lower"),
    ],
)
def test_too_few_and_too_many_models_are_refused(targets, shadows, said) -> None:
    with pytest.raises(ConfigError, match=said):
        check(targets, shadows)


def test_scores_without_a_holdout_are_refused() -> None:
    said = "evaluation.metrics must have one that needs a holdout .* but got retain_accuracy"
    with pytest.raises(ConfigError, match=said):
        check(8, 8, metrics=("retain_accuracy", "forget_accuracy"))


def test_rows_without_attacks_are_refused() -> None:
    said = r"attacks must be left out .* made of \(text\) but got 8 targets, 8 shadows; leave"
    with pytest.raises(ConfigError, match=said):
        check(8, 8, benchmark=choose("evals.benchmarks", {"name": "characters"}, key="benchmark"))


def test_a_benchmark_without_splits_is_refused(tmp_path: Path) -> None:
    for person in "abc":
        (tmp_path / person).mkdir()
    raw = {"name": "folder", "path": str(tmp_path), "holdout_share": 0}
    with pytest.raises(ConfigError, match="benchmark folder has no splits with these settings"):
        check(8, 8, benchmark=choose("evals.benchmarks", raw, key="benchmark"))


def test_few_models_are_said_to_be_few() -> None:
    assert check(8, 16) == "attacks.targets 8: 16 and more tell steadier"
    assert check(16, 16) == ""
