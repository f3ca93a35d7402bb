"""What a sweep may ask of its search, and what it is refused."""

from typing import Any

import pytest

from evals.errors import ConfigError
from evals.validation import validated
from orchestrator.config.loading import load_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.searching.constraints import Constraint
from orchestrator.searching.settings import SearchSettings


def sweep(search: dict[str, Any], **changes: Any) -> SweepConfig:
    raw = {
        "name": "small",
        "benchmark": {"name": "characters"},
        "model": {"name": "tiny_llama"},
        "methods": ["ga", "npo"],
        "search": search,
        **changes,
    }
    config: SweepConfig = validated(SweepConfig, raw, key="")
    return config


def refusal(constraints: Any, **changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        sweep({"constraints": constraints}, **changes)
    return str(caught.value)


def test_the_default_is_nine_tenths_of_what_the_original_retains() -> None:
    assert sweep({}).search.constraints == {
        "retain": Constraint(at_least=0.9, relative_to="original")
    }


def test_any_metric_may_have_a_floor_a_ceiling_or_both() -> None:
    constraints = {
        "retain": {"at_least": 0.8},
        "real": {"at_least": 0.3, "at_most": 0.6, "relative_to": "absolute"},
        "forget": {"at_most": 1.5, "relative_to": "gold"},
        "log_forget_quality": {"at_least": -5, "relative_to": "absolute"},
    }
    assert list(sweep({"constraints": constraints}).search.constraints) == list(constraints)


def test_a_bound_is_relative_to_the_original_unless_it_says_otherwise() -> None:
    assert Constraint(at_least=0.9).relative_to == "original"


def test_an_override_changes_one_bound_and_leaves_the_rest() -> None:
    config = load_config(None, ["search.constraints.retain.at_least=0.8"])
    assert config.search.constraints["retain"] == Constraint(at_least=0.8)
    more = load_config(None, ["search.constraints.forget.at_most=0.5"])
    assert list(more.search.constraints) == ["retain", "forget"]


def test_an_override_merges_with_constraints_that_the_file_leaves_to_the_default(tmp_path) -> None:
    file = tmp_path / "plain.yaml"
    file.write_text("{name: plain, benchmark: characters, model: tiny_llama, methods: [ga]}")
    config = load_config(str(file), ["search.constraints.forget.at_most=0.5"])
    assert config.search.constraints == {
        "retain": Constraint(at_least=0.9),
        "forget": Constraint(at_most=0.5),
    }
    assert load_config(str(file), []).search == SearchSettings()


def test_what_a_file_constrains_takes_the_defaults_place() -> None:
    config = sweep({"constraints": {"forget": {"at_most": 0.5}}})
    assert list(config.search.constraints) == ["forget"]


def test_null_takes_a_constraint_away_and_an_empty_mapping_all_of_them() -> None:
    assert load_config(None, ["search.constraints.retain=null"]).search.constraints == {}
    assert sweep({"constraints": {}}).search.constraints == {}


def test_no_mapping_is_no_way_to_say_that_nothing_is_constrained() -> None:
    assert refusal(None).startswith("search.constraints must be a mapping of keys to values")


def test_the_first_constraint_that_is_not_the_objective_is_the_horizontal_axis() -> None:
    objective = {"log_forget_quality": {"at_least": -9, "relative_to": "absolute"}}
    forget = {"forget": {"at_most": 0.5}}
    search = sweep({"constraints": {**objective, **forget, "retain": {"at_least": 0.9}}}).search
    assert (search.horizontal, search.horizontal_sign) == ("forget", -1)
    assert sweep({"constraints": {}}).search.horizontal == "retain"


def test_a_metric_that_is_best_near_gold_is_better_where_its_constraint_says() -> None:
    ceiling = SearchSettings(constraints={"forget_truth_ratio": Constraint(at_most=1.1)})
    floor = SearchSettings(constraints={"forget_truth_ratio": Constraint(at_least=0.9)})
    assert (ceiling.horizontal_sign, floor.horizontal_sign) == (-1, 1)


def test_nothing_to_show_the_objective_against_is_refused() -> None:
    said = refusal({}, evaluation={"metrics": ["real", "log_forget_quality"]})
    assert said == (
        "search.constraints must name a metric to show the objective against but got []; "
        "constrain one, or add 'retain' to evaluation.metrics"
    )


def test_a_constraint_without_a_bound_is_refused() -> None:
    assert refusal({"retain": {}}) == (
        "search.constraints.retain.at_least must be given but is missing, as is at_most; give one"
    )


def test_a_band_upside_down_is_refused() -> None:
    said = refusal({"retain": {"at_least": 0.9, "at_most": 0.5}})
    assert said == (
        "search.constraints.retain.at_least must be at most at_most (0.5) but got 0.9; swap the two"
    )


@pytest.mark.parametrize(("side", "value"), [("at_least", 1.5), ("at_most", -0.1)])
def test_an_absolute_bound_that_the_metric_cannot_have_is_refused(side, value) -> None:
    said = refusal({"retain": {side: value, "relative_to": "absolute"}})
    assert said == (
        f"search.constraints.retain.{side} must be a value that the metric can have, 0 to 1, "
        f"but got {value:g}; choose one in between, or say relative_to: original"
    )


@pytest.mark.parametrize("value", [1.5, -0.1])
def test_a_relative_floor_outside_0_and_1_is_refused(value) -> None:
    assert refusal({"retain": {"at_least": value}}) == (
        "search.constraints.retain.at_least must be a share of the original's, 0 to 1, but got "
        f"{value:g}; choose one in between, or say relative_to: absolute"
    )


def test_a_relative_ceiling_below_0_is_refused() -> None:
    assert refusal({"forget": {"at_most": -1, "relative_to": "gold"}}) == (
        "search.constraints.forget.at_most must be a multiple of the gold's, 0 or more, but got "
        "-1; choose a larger one, or say relative_to: absolute"
    )


def test_a_relative_bound_on_a_metric_that_can_be_negative_is_refused() -> None:
    said = refusal({"log_forget_quality": {"at_least": 0.9}})
    assert said.startswith(
        "search.constraints.log_forget_quality.at_least must be absolute for a metric that can "
        "be negative but got 0.9 x the original's"
    )
    assert said.endswith("; say relative_to: absolute")


def test_an_unknown_metric_suggests_the_nearest() -> None:
    said = refusal({"retian": {"at_least": 0.9}})
    assert said.startswith("search.constraints.retian must be one of ")
    assert said.endswith("but got 'retian'; did you mean 'retain'?")


def test_a_metric_that_is_not_measured_is_refused() -> None:
    assert refusal({"model_utility": {"at_least": 0.9}}) == (
        "search.constraints.model_utility must be one of evaluation.metrics (real, retain, "
        "forget, log_forget_quality) but got 'model_utility'; add it there"
    )


def test_an_unknown_side_or_baseline_is_refused_by_its_full_key() -> None:
    assert refusal({"retain": {"atleast": 0.9}}) == (
        "search.constraints.retain.atleast must be a known key but is not one; "
        "did you mean 'search.constraints.retain.at_least'?"
    )
    said = refusal({"retain": {"at_least": 0.9, "relative_to": "orignal"}})
    assert said.startswith("search.constraints.retain.relative_to must be ")
    assert said.endswith("did you mean 'original'?")


def test_a_bound_that_is_not_a_number_is_refused() -> None:
    assert refusal({"retain": {"at_least": float("nan")}}) == (
        "search.constraints.retain.at_least must be a finite number but got nan; "
        "give a finite number"
    )


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({}, "but got 'retain'; choose one of these"),  # the default, which is for texts
        ({"constraints": {}}, "but got []; constrain one, however loosely"),
    ],
)
def test_where_no_text_is_measured_nobody_is_told_to_measure_retain(search, message) -> None:
    metrics = ("retain_accuracy", "forget_accuracy")
    with pytest.raises(ConfigError) as refused:
        validated(
            SweepConfig,
            {
                "name": "small",
                "benchmark": {"name": "portraits"},
                "model": {"name": "face_recogniser"},
                "methods": ["ga"],
                "evaluation": {"metrics": metrics},
                "search": {"objective": "forget_accuracy", **search},
            },
            key="",
        )
    assert str(refused.value).endswith(message)


def test_a_warm_start_that_is_no_path_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^search\.warm_start must be a path whose ~ is"):
        sweep({"warm_start": "~nobody-here/sweeps/old"})
