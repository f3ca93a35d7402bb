"""Limits of what a sweep may use: when they are reached, and which make no sense."""

import pytest

from evals.errors import ConfigError
from orchestrator.config.budget import BudgetSettings, Use, method_limit, sweep_limit
from orchestrator.config.loading import load_config

ON_GPUS = "gang.gpus_per_rank=1"


def test_without_limits_nothing_is_ever_used_up() -> None:
    much = Use(gang_s=1e9, cpu_s=1e9, gpu_s=1e9)
    assert sweep_limit(BudgetSettings(), much, wall_s=1e9) is None
    assert method_limit(BudgetSettings(), much) is None


@pytest.mark.parametrize(
    ("limits", "limit"),
    [
        ({"hours": 2}, "budget.hours (2)"),
        ({"gpu_hours": 4}, "budget.gpu_hours (4)"),
        ({"cpu_hours": 0.5}, "budget.cpu_hours (0.5)"),
    ],
)
def test_a_limit_of_the_sweep_is_reached_when_that_much_is_used(limits, limit) -> None:
    budget = BudgetSettings(**limits)
    used = Use(gang_s=3600, cpu_s=1800, gpu_s=4 * 3600)
    assert sweep_limit(budget, used, wall_s=7200) == limit
    less = Use(gang_s=3600, cpu_s=1799, gpu_s=4 * 3600 - 1)
    assert sweep_limit(budget, less, wall_s=7199) is None


def test_a_limit_of_a_method_is_reached_by_what_the_method_used() -> None:
    budget = BudgetSettings(method_gpu_hours=1, method_cpu_hours=8)
    assert method_limit(budget, Use(gpu_s=3599, cpu_s=8 * 3600 - 1)) is None
    assert method_limit(budget, Use(gpu_s=3600)) == "budget.method_gpu_hours (1)"
    assert method_limit(budget, Use(cpu_s=8 * 3600)) == "budget.method_cpu_hours (8)"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["budget.hours=-1"], r"budget\.hours must be greater than 0 but got -1; give more than 0"),
        (["budget.cpu_hours=0"], r"budget\.cpu_hours must be greater than 0 but got 0"),
        (["budget.hours=soon"], r"budget\.hours must be .*number.* but got 'soon'"),
        (["budget.hour=1"], r"budget\.hour must be a known key .*budget\.hours"),
        (
            ["budget.gpu_hours=4"],
            r"budget\.gpu_hours must be left out with gang\.gpus_per_rank 0 but got 4; "
            r"set budget\.cpu_hours or budget\.hours",
        ),
        (
            ["budget.method_gpu_hours=4"],
            r"budget\.method_gpu_hours .* set budget\.method_cpu_hours",
        ),
        (
            ["gang.cpus_per_rank=0", ON_GPUS, "budget.cpu_hours=4"],
            r"budget\.cpu_hours must be left out with gang\.cpus_per_rank 0",
        ),
        (
            ["budget.cpu_hours=4", "budget.method_cpu_hours=5"],
            r"budget\.method_cpu_hours must be at most budget\.cpu_hours \(4\).* got 5; lower it",
        ),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused_with_the_cure(overrides, message) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(None, overrides)


def test_gpu_hours_may_be_limited_where_ranks_have_gpus() -> None:
    config = load_config(None, [ON_GPUS, "budget.gpu_hours=4", "budget.method_gpu_hours=4"])
    assert config.budget.gpu_hours == 4
