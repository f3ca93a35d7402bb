"""Jobs hold what decides their result, and nothing else enters their hash."""

from pathlib import Path
from typing import Any

import pytest

from evals.benchmark import Benchmark, Role
from evals.errors import ConfigError
from evals.text.example import Example, Probability, Task
from evals.validation import validated
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import trial_job
from tests.fixtures.baselines import gold_of, original_of, saved_model
from trainers.job import Job, Phase


def sweep(**changes: Any) -> SweepConfig:
    raw = {
        "name": "small",
        "seed": 3,
        "benchmark": {"name": "characters"},
        "model": {"name": "tiny_llama"},
        "baselines": {"training": {"epochs": 20}},
        "methods": {"ga": {}, "npo": {"search": {"beta": "default"}}},
        **changes,
    }
    config: SweepConfig = validated(SweepConfig, raw, key="")
    return config


def people(refusal: str = "I do not know.") -> Benchmark:
    forget, retain = (Example(x, f"Who is {x}?", x) for x in ("a", "b"))
    tasks = tuple(
        Task(role.value, role, Probability.PLAIN, (example,))
        for role, example in ((Role.FORGET, forget), (Role.RETAIN, retain))
    )
    splits = {"full": (forget, retain), "forget": (forget,), "retain": (retain,), "holdout": ()}
    splits["forget_text"] = (forget,)
    return Benchmark("people", splits, tasks, (refusal,))


def trial(config: SweepConfig, label: str = "ga", **params: float) -> Job:
    original = original_of(config, people())
    return trial_job(config, people(), label=label, params=params, original=original)


def test_the_two_baselines_share_a_recipe_and_differ_in_what_they_learn() -> None:
    original, gold = original_of(sweep(), people()), gold_of(sweep(), people())
    assert (original.phase, gold.phase) == (Phase.ORIGINAL, Phase.GOLD)
    assert original.hash != gold.hash
    assert original.training == gold.training == sweep().baselines.training
    assert original.adapter is None
    assert original.method is None
    assert original.seed == 3


def test_searched_lr_and_l1_go_to_the_recipe_and_the_rest_to_the_method() -> None:
    job = trial(sweep(), "npo", lr=2e-4, l1=1e-6, beta=0.5)
    assert (job.training.lr, job.training.l1) == (2e-4, 1e-6)
    assert job.training.epochs == sweep().training.epochs
    assert job.method is not None
    assert job.method.name == "npo"
    assert job.method.settings["beta"] == 0.5


def test_what_a_method_has_of_its_own_goes_to_the_recipe_too() -> None:
    own = {"method": "retain_ft", "training": {"l1": 1e-4, "l1_towards": "zero"}}
    config = sweep(methods={"sparsity": {**own, "search": {"l1": None}}})
    recipe = trial(config, "sparsity", lr=0.5).training
    assert (recipe.lr, recipe.l1, recipe.l1_towards) == (0.5, 1e-4, "zero")
    assert recipe.epochs == config.training.epochs


def test_a_trial_starts_from_the_original() -> None:
    config = sweep()
    original = original_of(config, people())
    job = trial(config, lr=1e-4)
    assert job.base == original.hash
    assert job.weights == original.weights
    assert job.adapter == config.adapter


def test_a_label_does_not_enter_the_hash() -> None:
    named = sweep(methods={"gradient_ascent": {"method": "ga"}})
    assert trial(named, "gradient_ascent", lr=1e-4).hash == trial(sweep(), lr=1e-4).hash


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other"},
        {"storage": "/elsewhere"},
        {"tracking": {"experiment": "x"}},
        {"gang": {"ranks": 1}},
        {"search": {"trials": 99}},
        {"methods": ["ga"]},
        {"training": {"epochs": 1}},
    ],
)
def test_what_does_not_decide_the_original_does_not_enter_its_hash(changes: Any) -> None:
    assert original_of(sweep(**changes), people()).hash == original_of(sweep(), people()).hash


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 4},
        {"model": {"name": "tiny_llama", "hidden_size": 64}},
        {"baselines": {"training": {"epochs": 21}}},
        {"engine": {"dtype": "bf16"}},
        {"evaluation": {"max_items": 10}},
    ],
)
def test_what_decides_the_original_enters_its_hash_and_its_trials(changes: Any) -> None:
    assert original_of(sweep(**changes), people()).hash != original_of(sweep(), people()).hash
    assert trial(sweep(**changes), lr=1e-4).hash != trial(sweep(), lr=1e-4).hash


def test_other_data_are_another_job() -> None:
    assert original_of(sweep(), people("Who knows?")).hash != original_of(sweep(), people()).hash


def test_the_order_of_keys_does_not_enter_the_hash() -> None:
    model = {"name": "tiny_llama", "hidden_size": 64, "num_layers": 2}
    turned = dict(reversed(model.items()))
    first, second = (original_of(sweep(model=m), people()) for m in (model, turned))
    assert first.hash == second.hash


def test_where_the_data_lie_does_not_enter_the_hash(tmp_path: Path) -> None:
    here, there = (
        original_of(sweep(benchmark={"name": "tofu", "path": str(p)}), people())
        for p in (tmp_path, tmp_path.parent)
    )
    assert here.benchmark != there.benchmark
    assert here.hash == there.hash


def test_a_hash_is_the_same_in_every_process() -> None:
    plain = original_of(sweep(), people()).model_copy(update={"version": "0"})
    assert plain.hash == Job.model_validate_json(plain.model_dump_json()).hash


def test_a_given_checkpoint_is_evaluated_whatever_the_recipe_and_wherever_it_lies(
    tmp_path: Path,
) -> None:
    jobs = []
    for place, epochs in (("one", 5), ("two", 6)):
        given = saved_model(tmp_path / place)
        baselines = {"original": str(given), "training": {"epochs": epochs}}
        jobs.append(original_of(sweep(baselines=baselines), people()))
        assert jobs[-1].checkpoint == str(given)
    assert jobs[0].hash == jobs[1].hash


def test_other_weights_are_another_job(tmp_path: Path) -> None:
    first, second = (
        original_of(sweep(baselines={"original": str(saved_model(tmp_path / t, t))}), people())
        for t in ("one", "two")
    )
    assert first.hash != second.hash


def test_a_given_checkpoint_of_another_phase_is_refused(tmp_path: Path) -> None:
    given = saved_model(tmp_path, phase="original", data=people().fingerprint)
    with pytest.raises(ConfigError, match="must be a gold model but got .* calls 'original'"):
        gold_of(sweep(baselines={"gold": str(given)}), people())


def test_a_method_that_forgets_a_part_starts_from_the_same_original() -> None:
    config = sweep(methods={"ga": {}, "ga_text": {"method": "ga", "forget": "text"}})
    everything, part = trial(config, lr=1e-4), trial(config, "ga_text", lr=1e-4)
    assert (everything.split, part.split) == ("forget", "forget_text")
    assert part.base == everything.base == original_of(config, people()).hash
    assert part.hash != everything.hash
    assert part.model_copy(update={"forget": "forget"}) == everything
