"""Jobs hold what decides their result, and nothing else enters their hash."""

import json
from pathlib import Path
from typing import Any

import pytest

from evals.benchmark import Benchmark, Role
from evals.choice import validated
from evals.errors import ConfigError
from evals.text.example import Example, Probability, Task
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import gold_job, original_job, trial_job
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
    return Benchmark("people", splits, tasks, (refusal,))


def trial(config: SweepConfig, label: str = "ga", **params: float) -> Job:
    original = original_job(config, people())
    return trial_job(config, people(), label=label, params=params, original=original)


def saved_model(folder: Path, text: str = "weights", **record: str) -> Path:
    model = folder / "model"
    model.mkdir(parents=True)
    (model / "model.safetensors").write_text(text)
    (model / "config.json").write_text("{}")
    if record:
        (folder / "job.json").write_text(json.dumps(record))
    return model


def test_the_two_baselines_share_a_recipe_and_differ_in_what_they_learn() -> None:
    original, gold = original_job(sweep(), people()), gold_job(sweep(), people())
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
    original = original_job(config, people())
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
    assert original_job(sweep(**changes), people()).hash == original_job(sweep(), people()).hash


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
    assert original_job(sweep(**changes), people()).hash != original_job(sweep(), people()).hash
    assert trial(sweep(**changes), lr=1e-4).hash != trial(sweep(), lr=1e-4).hash


def test_other_data_are_another_job() -> None:
    assert original_job(sweep(), people("Who knows?")).hash != original_job(sweep(), people()).hash


def test_the_order_of_keys_does_not_enter_the_hash() -> None:
    model = {"name": "tiny_llama", "hidden_size": 64, "num_layers": 2}
    turned = dict(reversed(model.items()))
    first, second = (original_job(sweep(model=m), people()) for m in (model, turned))
    assert first.hash == second.hash


def test_where_the_data_lie_does_not_enter_the_hash(tmp_path: Path) -> None:
    here, there = (
        original_job(sweep(benchmark={"name": "tofu", "path": str(p)}), people())
        for p in (tmp_path, tmp_path.parent)
    )
    assert here.benchmark != there.benchmark
    assert here.hash == there.hash


def test_a_hash_is_the_same_in_every_process() -> None:
    plain = original_job(sweep(), people()).model_copy(update={"version": "0"})
    assert plain.hash == Job.model_validate_json(plain.model_dump_json()).hash


def test_a_given_checkpoint_is_evaluated_whatever_the_recipe_and_wherever_it_lies(
    tmp_path: Path,
) -> None:
    jobs = []
    for place, epochs in (("one", 5), ("two", 6)):
        given = saved_model(tmp_path / place)
        baselines = {"original": str(given), "training": {"epochs": epochs}}
        jobs.append(original_job(sweep(baselines=baselines), people()))
        assert jobs[-1].checkpoint == str(given)
    assert jobs[0].hash == jobs[1].hash


def test_other_weights_are_another_job(tmp_path: Path) -> None:
    first, second = (
        original_job(sweep(baselines={"original": str(saved_model(tmp_path / t, t))}), people())
        for t in ("one", "two")
    )
    assert first.hash != second.hash


@pytest.mark.parametrize("place", ["absent", "empty"])
def test_a_checkpoint_without_weights_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    config = sweep(baselines={"gold": str(tmp_path / place)})
    with pytest.raises(ConfigError) as caught:
        gold_job(config, people())
    said = str(caught.value)
    assert said.startswith("baselines.gold must be a folder with a saved model (*.safetensors) but")
    assert place in said
    assert "correct the path" in said


def test_a_gold_model_of_other_splits_is_refused(tmp_path: Path) -> None:
    given = saved_model(tmp_path, phase="gold", data="0" * 64)
    with pytest.raises(ConfigError) as caught:
        gold_job(sweep(baselines={"gold": str(given)}), people())
    said = str(caught.value)
    assert said.startswith("baselines.gold must be trained on the splits of this benchmark but got")
    assert f"data 000000000000, here {people().fingerprint[:12]}" in said
    assert "same forget and retain splits" in said


def test_a_gold_model_of_the_same_splits_is_taken(tmp_path: Path) -> None:
    given = saved_model(tmp_path, phase="gold", data=people().fingerprint)
    assert gold_job(sweep(baselines={"gold": str(given)}), people()).checkpoint == str(given)


def test_an_original_given_as_gold_is_refused(tmp_path: Path) -> None:
    given = saved_model(tmp_path, phase="original", data=people().fingerprint)
    with pytest.raises(ConfigError, match="must be a gold model but got .* calls 'original'"):
        gold_job(sweep(baselines={"gold": str(given)}), people())


@pytest.mark.parametrize("text", ["{", "[]", '{"id": 7}'])
def test_a_record_that_is_not_ours_says_nothing(tmp_path: Path, text: str) -> None:
    given = saved_model(tmp_path)
    (tmp_path / "job.json").write_text(text)
    assert gold_job(sweep(baselines={"gold": str(given)}), people()).checkpoint == str(given)
