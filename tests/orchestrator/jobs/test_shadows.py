"""Attacks that cannot be made are refused before anything starts, with the key and the cure."""

from pathlib import Path

import pytest

from evals.benchmark import Benchmark
from evals.building import build_benchmark
from evals.errors import ConfigError
from evals.selection import selected_tasks
from evals.splits import splits_of
from orchestrator.config.loading import load_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.shadows import check_attacks, num_shadows

CONFIGS = Path(__file__).parents[3] / "configs"
SMALL = (
    "benchmark={name: portraits, forget_people: 1, holdout_people: 1, retain_people: 1, "
    "other_people: 1, pictures_per_person: 2, enrolled: 1, size: 16, num_splits: 40}"
)


def check(*words: str, config: str = "vision_tiny.yaml") -> str:
    """Returns what is said of few models."""
    made = load_config(str(CONFIGS / config), [SMALL, *words] if "vision" in config else words)
    return checked(made, build_benchmark(made.benchmark))


def checked(config: SweepConfig, benchmark: Benchmark) -> str:
    tasks = selected_tasks(benchmark, config.evaluation)
    return check_attacks(config, tasks, splits_of(config.benchmark))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["attacks.targets=6"], "attacks.targets must be at least 8, 4 from either world, but got"),
        (["attacks.shadows=2"], "attacks.shadows must be at least 8"),
        (["attacks.targets=9"], "attacks.targets must be even, .* but got 9; take 10"),
        (
            ["attacks={targets: 20, shadows: 20}"],
            "must together be at most 38, .* 20 and 20; lower",
        ),
        (["attacks={}", "baselines.gold=here"], "baselines.gold must be left out with attacks"),
        (
            [
                "attacks={}",
                "evaluation.metrics=[retain_accuracy,forget_accuracy]",
                "search.objective=forget_accuracy",
            ],
            "evaluation.metrics must have one that needs a holdout .* but got retain_accuracy",
        ),
    ],
)
def test_too_few_models_or_scores_are_refused(words, said) -> None:
    with pytest.raises(ConfigError, match=said):
        check(*words)


def test_what_has_no_attacks_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"attacks must be left out .* made of \(text\) but got"):
        check("attacks={}", config="demo.yaml")


def test_a_benchmark_without_splits_is_refused(tmp_path) -> None:
    for person in "abc":
        (tmp_path / person).mkdir()
    words = [f"benchmark={{name: folder, path: {tmp_path}, holdout_share: 0}}", "attacks={}"]
    made = load_config(str(CONFIGS / "vision_tiny.yaml"), words)
    benchmark = build_benchmark(load_config(str(CONFIGS / "vision_tiny.yaml"), [SMALL]).benchmark)
    with pytest.raises(ConfigError, match="benchmark folder has no splits with these settings"):
        checked(made, benchmark)


def test_few_models_are_said_to_be_few() -> None:
    assert check("attacks={targets: 8, shadows: 16}") == (
        "attacks.targets 8: 16 and more tell steadier"
    )
    assert check("attacks={targets: 16, shadows: 16}") == ""


def test_without_attacks_there_are_no_models() -> None:
    made = load_config(str(CONFIGS / "demo.yaml"), [])
    assert checked(made, build_benchmark(made.benchmark)) == ""
    assert num_shadows(made) == 0
