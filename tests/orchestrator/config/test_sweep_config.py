"""A sweep is validated whole: names, ranges, metrics and batch sizes."""

import subprocess
import sys
from typing import Any

import pytest

from evals.errors import ConfigError
from evals.validation import validated
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.searching.space import SearchRange


def sweep(**changes: Any) -> SweepConfig:
    raw = {
        "name": "small",
        "benchmark": {"name": "characters"},
        "model": {"name": "tiny_llama"},
        "methods": ["ga", "npo"],
        **changes,
    }
    config: SweepConfig = validated(SweepConfig, raw, key="")
    return config


def refusal(**changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        sweep(**changes)
    return str(caught.value)


def test_importing_the_configuration_does_not_import_torch() -> None:
    code = "import sys, orchestrator.config.loading; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_list_of_methods_takes_each_with_its_defaults() -> None:
    assert sweep().methods["npo"].settings["beta"] == 0.1


def test_a_label_may_stand_for_a_method_with_other_settings() -> None:
    config = sweep(methods={"npo_strong": {"method": "npo", "beta": 0.5}})
    assert config.methods["npo_strong"].choice({}).settings["beta"] == 0.5


def test_the_default_range_of_a_hyperparameter_is_the_plug_ins_own() -> None:
    found = sweep(methods={"npo": {"search": {"beta": "default"}}}).space("npo")["beta"]
    assert found == SearchRange(low=0.01, high=1.0, log=True)


def test_every_method_searches_lr_and_l1_and_may_have_its_own_range_of_them() -> None:
    own = {"low": 1e-6, "high": 1e-4}
    config = sweep(methods={"ga": {"search": {"lr": own}}, "npo": None})
    assert set(config.space("npo")) == {"lr", "l1"}
    assert config.space("ga")["lr"] == SearchRange(**own)
    assert config.space("npo")["lr"] == config.search.lr


def test_without_a_range_l1_is_not_searched() -> None:
    assert set(sweep(search={"l1": None}).space("ga")) == {"lr"}


def test_searched_values_take_the_place_of_the_methods_own() -> None:
    config = sweep(methods={"npo": {"search": {"beta": "default"}}})
    assert config.methods["npo"].choice({"beta": 0.7}).settings["beta"] == 0.7


def test_a_searched_value_beyond_the_plug_ins_rule_is_refused() -> None:
    with pytest.raises(ConfigError, match="npo.beta must be greater than 0 but got -1"):
        sweep().methods["npo"].choice({"beta": -1.0})


def test_the_objectives_direction_is_its_metrics() -> None:
    metrics = {"metrics": ["retain", "forget", "log_forget_quality"]}
    assert sweep(evaluation=metrics).search.direction == "maximize"
    lower = sweep(evaluation=metrics, search={"objective": "forget"})
    assert lower.search.direction == "minimize"


def test_an_unknown_method_suggests_the_nearest() -> None:
    said = refusal(methods=["nppo"])
    assert said.startswith("methods.nppo must be one of ")
    assert said.endswith("but got 'nppo'; did you mean 'npo'?")


def test_an_unknown_method_behind_a_label_is_named_by_its_key() -> None:
    said = refusal(methods={"mine": {"method": "nppo"}})
    assert said.startswith("methods.mine.method must be one of ")


def test_an_unknown_benchmark_or_model_suggests_the_nearest() -> None:
    assert refusal(benchmark="charcters").endswith("did you mean 'characters'?")
    assert refusal(model={"name": "tiny_lama"}).endswith("did you mean 'tiny_llama'?")


@pytest.mark.parametrize(
    ("benchmark", "model", "message"),
    [
        ("portraits", "tiny_llama", "is made of (faces) but got 'tiny_llama', which takes text"),
        ("characters", "face_recogniser", "(text) but got 'face_recogniser', which takes faces"),
    ],
)
def test_a_model_that_takes_other_rows_than_the_benchmarks_is_refused(
    benchmark, model, message
) -> None:
    said = refusal(benchmark=benchmark, model=model)
    assert message in said
    assert said.endswith(
        {"portraits": "choose face_recogniser", "characters": "choose causal_lm or tiny_llama"}[
            benchmark
        ]
    )


def test_an_unknown_hyperparameter_suggests_the_nearest() -> None:
    said = refusal(methods={"npo": {"betta": 1}})
    assert said == (
        "methods.npo.betta must be a known key but is not one; did you mean 'methods.npo.beta'?"
    )


def test_a_hyperparameter_out_of_its_rule_is_refused() -> None:
    said = refusal(methods={"npo": {"beta": 0}})
    assert said == "methods.npo.beta must be greater than 0 but got 0; give more than 0"


def test_no_methods_are_refused() -> None:
    assert refusal(methods=[]).startswith("methods must be")
    assert refusal(methods=7).startswith("methods must be a mapping")


def test_settings_of_a_method_that_are_no_mapping_are_refused() -> None:
    assert refusal(methods={"npo": 0.1}).startswith(
        "methods.npo must be a mapping of hyperparameters but got 0.1"
    )


def test_a_range_upside_down_is_refused() -> None:
    said = refusal(search={"lr": {"low": 1e-3, "high": 1e-5}})
    assert said == "search.lr.low must be below high (1e-05) but got 0.001; swap the two"


def test_a_range_of_one_point_is_refused() -> None:
    assert "search.lr.low must be below high" in refusal(search={"lr": {"low": 1, "high": 1}})


def test_a_log_range_from_zero_is_refused() -> None:
    said = refusal(search={"l1": {"low": 0, "high": 1e-3}})
    assert said == (
        "search.l1.low must be above 0 on a log scale but got 0; raise it or set log: false"
    )


def test_a_methods_range_upside_down_is_refused_by_its_full_key() -> None:
    said = refusal(methods={"npo": {"search": {"beta": {"low": 1, "high": 0.1}}}})
    assert said.startswith("methods.npo.search.beta.low must be below high (0.1) but got 1;")


def test_a_range_beyond_the_plug_ins_rule_is_refused() -> None:
    search = {"beta": {"low": -1, "high": 1, "log": False}}
    said = refusal(methods={"npo": {"search": search}})
    assert said.startswith("methods.npo.search.beta.low must be greater than 0 but got -1.0")


def test_a_whole_number_is_searched_in_whole_numbers_only() -> None:
    search = {"layer": {"low": 1, "high": 3, "log": False}}
    said = refusal(methods={"rmu": {"search": search}})
    assert said == (
        "methods.rmu.search.layer.integer must be true for a whole number but got False; set it"
    )
    search["layer"]["integer"] = True
    assert sweep(methods={"rmu": {"search": search}}).space("rmu")["layer"].integer


def test_an_unknown_searched_hyperparameter_suggests_the_nearest() -> None:
    said = refusal(methods={"npo": {"search": {"bta": "default"}}})
    assert said == (
        "methods.npo.search.bta must be a hyperparameter of the method but is not one; "
        "did you mean 'beta'?"
    )


def test_a_default_range_that_the_plug_in_does_not_declare_is_refused() -> None:
    said = refusal(methods={"npo": {"search": {"retain_term": "default"}}})
    assert said.startswith("methods.npo.search.retain_term must be {low: ..., high: ...}")


TERMS = {"choices": ["none", "nll", "kl"]}


def test_a_choice_may_be_searched_and_another_hyperparameter_under_a_condition_on_it() -> None:
    alpha = {"low": 0.5, "high": 5, "when": {"retain_term": ["nll", "kl"]}}
    config = sweep(methods={"npo": {"search": {"retain_term": TERMS, "alpha": alpha}}})
    space = config.space("npo")
    assert space["retain_term"].choices == ("none", "nll", "kl")
    assert space["alpha"].when == {"retain_term": ("nll", "kl")}
    assert config.methods["npo"].choice({"retain_term": "kl"}).settings["retain_term"] == "kl"
    assert validated(SweepConfig, config.model_dump(mode="json"), key="") == config


def test_a_condition_may_be_put_on_the_range_that_the_plug_in_declares() -> None:
    search = {"retain_term": TERMS, "alpha": {"when": {"retain_term": "kl"}}}
    alpha = sweep(methods={"npo": {"search": search}}).space("npo")["alpha"]
    assert (alpha.low, alpha.high, alpha.when) == (0.1, 10.0, {"retain_term": ("kl",)})


def test_a_condition_is_refused_by_its_full_key() -> None:
    search = {"retain_term": TERMS, "alpha": {"when": {"retain_term": "klx"}}}
    assert refusal(methods={"npo": {"search": search}}) == (
        "methods.npo.search.alpha.when.retain_term must be one of none, nll, kl but got 'klx'; "
        "correct it or add it there"
    )


def test_a_choice_that_the_plug_in_refuses_is_refused() -> None:
    search = {"retain_term": {"choices": ["none", "klx"]}}
    said = refusal(methods={"npo": {"search": search}})
    assert said.startswith(
        "methods.npo.search.retain_term.choices must be 'none', 'nll', 'kl' or 'kl_padded'"
    )
    assert said.endswith("but got 'klx'; did you mean 'kl'?")


@pytest.mark.parametrize(("name", "value"), [("lr", 0.0), ("l1", -0.5)])
def test_a_choice_that_training_would_refuse_is_refused_before(name, value) -> None:
    said = refusal(methods={"ga": {"search": {name: {"choices": [0.1, value]}}}})
    assert said.startswith(f"methods.ga.search.{name}.choices must be ")


def test_first_points_are_those_of_all_methods_and_then_the_methods_own() -> None:
    own = {"search": {"beta": "default"}, "first": [{"beta": 0.5}]}
    config = sweep(methods={"ga": {}, "npo": own}, search={"first": [{"lr": 1e-4}]})
    assert config.search_for("npo").first == ({"lr": 1e-4}, {"beta": 0.5})
    assert config.search_for("ga").first == ({"lr": 1e-4},)
    assert validated(SweepConfig, config.model_dump(mode="json"), key="") == config


def test_first_points_out_of_the_space_are_refused_by_their_full_key() -> None:
    said = refusal(search={"first": [{"lr": 1e-4}, {"lr": 1.0}]})
    assert said.startswith("search.first.1.lr must be a number from 1e-05 to 0.001, as methods.ga")
    said = refusal(methods={"npo": {"first": [{"beta": 0.5}]}})
    assert said.startswith("methods.npo.first.0.beta must be searched by methods.npo but is not")


def test_more_first_points_than_trials_are_refused() -> None:
    said = refusal(search={"trials": 1, "first": [{"lr": 1e-4}, {"lr": 2e-4}]})
    assert said == (
        "search.trials must be at least the number of first points (2 for methods.ga) but got 1; "
        "raise it or leave points out of first"
    )


def test_a_grid_must_fit_its_budget_whole() -> None:
    said = refusal(search={"sampler": "grid", "grid_points": 3, "trials": 8})
    assert said == (
        "search.trials must be at least the size of the grid, 9 for methods.ga with its first "
        "points, but got 8; raise it, or search less"
    )
    config = sweep(search={"sampler": "grid", "grid_points": 3, "trials": 9})
    assert config.num_trials("ga") == 9


def test_grid_points_without_a_grid_are_refused() -> None:
    assert refusal(search={"grid_points": 3}) == (
        "search.grid_points must be left out with the sampler gp but got 3; "
        "set sampler: grid to try one"
    )


def test_a_word_that_is_no_range_is_refused() -> None:
    said = refusal(methods={"npo": {"search": {"beta": "defualt"}}})
    assert "but got 'defualt'; give a range" in said


def test_a_hyperparameter_both_fixed_and_searched_is_refused() -> None:
    said = refusal(methods={"npo": {"beta": 0.1, "search": {"beta": "default"}}})
    assert said.startswith("methods.npo.beta must be either fixed or searched but got both 0.1")


def test_an_unknown_metric_suggests_the_nearest() -> None:
    said = refusal(evaluation={"metrics": ["retian"]})
    assert said.startswith("evaluation.metrics must be one of ")
    assert said.endswith("but got 'retian'; did you mean 'retain'?")


def test_an_unknown_objective_is_named_by_its_key() -> None:
    assert refusal(search={"objective": "forgett"}).startswith("search.objective must be one of")


def test_an_objective_that_is_not_measured_is_refused() -> None:
    said = refusal(search={"objective": "model_utility"})
    assert said == (
        "search.objective must be one of evaluation.metrics (real, retain, forget, "
        "log_forget_quality) but got 'model_utility'; add it there"
    )


def test_an_objective_without_a_best_direction_is_refused() -> None:
    metrics = ["retain", "forget_truth_ratio"]
    said = refusal(evaluation={"metrics": metrics}, search={"objective": "forget_truth_ratio"})
    assert said.startswith("search.objective must be a metric with a best direction")


def test_a_batch_that_the_ranks_cannot_share_is_refused_with_one_that_they_can() -> None:
    said = refusal(training={"batch_size": 12, "micro_batch_size": 4}, gang={"ranks": 2})
    assert said == (
        "training.batch_size must be a multiple of micro_batch_size x gang.ranks (4 x 2 = 8) "
        "but got 12; take 16 or a smaller micro_batch_size"
    )
    batch = {"batch_size": 3, "micro_batch_size": 1}
    assert refusal(baselines={"training": batch}).startswith("baselines.training.batch_size must")


def test_a_gang_that_is_still_to_be_chosen_is_held_against_nothing() -> None:
    odd = {"batch_size": 3, "micro_batch_size": 1}
    config = sweep(gang="auto", training=odd, budget={"gpu_hours": 1, "cpu_hours": 1})
    assert config.gang.auto
    assert not config.gang.holds_on
    said = refusal(gang="auto", training={"batch_size": 3, "micro_batch_size": 2})
    assert said.startswith("training.batch_size must be a multiple of micro_batch_size x gang")
    assert refusal(gang="automatic").startswith("gang must be")


@pytest.mark.parametrize("name", ["", "a/b", ".hidden", "two words"])
def test_a_name_that_cannot_be_a_folder_is_refused(name: str) -> None:
    assert refusal(name=name).startswith("name must")


@pytest.mark.parametrize("label", ["ga/strong", "ga\n", ".ga", ""])
def test_a_label_that_cannot_be_a_name_is_refused(label: str) -> None:
    said = refusal(methods={label: {"method": "ga"}})
    assert said.startswith(f"methods.{label} must be a label of letters")


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": -1},
        {"gang": {"ranks": 0}},
        {"gang": {"strategy": "TIGHT"}},
        {"search": {"trials": 0}},
    ],
)
def test_values_that_no_sweep_can_have_are_refused(changes: dict[str, Any]) -> None:
    assert " must be " in refusal(**changes)


@pytest.mark.parametrize(
    ("name", "low", "rule"), [("lr", 0.0, "above 0"), ("l1", -0.5, "at least 0")]
)
def test_a_range_that_training_would_refuse_is_refused_before(name, low, rule) -> None:
    interval = {"low": low, "high": 1.0, "log": False}
    said = f"{name}.low must be {rule} but got {low:g}"
    assert f"search.{said}" in refusal(search={name: interval})
    assert f"methods.ga.search.{said}" in refusal(methods={"ga": {"search": {name: interval}}})


def test_an_l1_penalty_on_a_whole_model_is_refused() -> None:
    said = refusal(baselines={"training": {"l1": 0.1}})
    assert said.startswith("baselines.training.l1 must be 0 without an adapter but got 0.1")


@pytest.mark.parametrize("npo", [{"alpha": 5.0}, {"search": {"alpha": "default"}}])
def test_a_weight_of_no_retain_term_is_neither_set_nor_searched(npo: dict[str, Any]) -> None:
    text = refusal(methods={"npo": npo})
    assert "alpha" in text
    assert "left out where retain_term is none" in text
    assert "set retain_term: nll, kl or kl_padded" in text
    assert sweep(methods={"npo": {**npo, "retain_term": "nll"}}).methods["npo"].method == "npo"


def test_a_method_may_leave_l1_at_the_recipes_value() -> None:
    methods = {"npo": {}, "npo_no_l1": {"method": "npo", "search": {"l1": None}}}
    config = sweep(methods=methods)
    assert set(config.space("npo")) == {"lr", "l1"}
    assert set(config.space("npo_no_l1")) == {"lr"}
    again = SweepConfig.model_validate(config.model_dump(mode="json"))
    assert again.space("npo_no_l1") == config.space("npo_no_l1")
    assert again == config


def test_only_what_every_method_searches_can_be_left_out() -> None:
    assert "methods.npo.search.beta must be {low" in refusal(
        methods={"npo": {"search": {"beta": None}}}
    )


def test_two_or_three_objectives_may_be_named_and_the_first_is_the_primary_one() -> None:
    search = sweep(search={"objective": ["log_forget_quality", "retain", "forget"]}).search
    assert search.objectives == ("log_forget_quality", "retain", "forget")
    assert (search.primary, search.horizontal) == ("log_forget_quality", "retain")
    assert search.said == "log_forget_quality, retain and forget"
    assert search.directions == ("maximize", "maximize", "minimize")
    alone = sweep(search={"objective": ["retain"]}).search
    assert (alone.objective, alone.objectives) == ("retain", ("retain",))


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        (["retain", "retain"], "search.objective must be different metrics but got 'retain' twice"),
        ([], "search.objective must be one metric, or up to 3, but got 0; name one"),
        (["real", "retain", "forget", "log_forget_quality"], "search.objective must be one metric"),
        (["log_forget_quality", "retan"], "search.objective must be one of"),
        (["log_forget_quality", "model_utility"], "search.objective must be one of evaluation."),
    ],
)
def test_objectives_that_make_no_front_are_refused(objective: list[str], said: str) -> None:
    assert refusal(search={"objective": objective}).startswith(said)


def test_points_of_a_front_are_asked_for_with_several_objectives_alone() -> None:
    both = {"objective": ["log_forget_quality", "retain"]}
    assert sweep(search=both, finalists={"points": 4}).num_points == 4
    assert (sweep(search=both).num_points, sweep().num_points) == (3, 1)
    said = refusal(finalists={"points": 2})
    assert said.startswith("finalists.points must be left out with one search.objective but got 2")
