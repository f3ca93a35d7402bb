"""A sweep's models are known from configurations alone, or it is said why not."""

import time

import pytest

from evals.errors import ConfigError
from orchestrator.planning.model_sizes import ModelUnknown, sweep_sizes
from orchestrator.planning.plan import plan
from orchestrator.storage.records import Storage
from tests.fixtures.processes import free_port


def sizes(config, benchmark):
    return sweep_sizes(plan(config, benchmark, storage=Storage(config.folder)))


def test_full_baselines_and_adapted_trials_differ(large_sweep, few_people):
    found = sizes(large_sweep(), few_people)
    assert found.baseline.weights.trained == 6_738_415_616
    assert found.trial.weights.trained == 19_988_480


def test_baselines_with_the_trials_adapter_are_the_same(large_sweep, few_people):
    adapter = {"rank": 4}
    recipe = {"training": {"batch_size": 8, "micro_batch_size": 2}, "adapter": adapter}
    found = sizes(large_sweep(baselines=recipe, adapter=adapter), few_people)
    assert found.baseline is found.trial


def test_an_adapter_on_layers_that_do_not_exist_is_refused(large_sweep, few_people):
    with pytest.raises(ConfigError, match=r"adapter\.target_modules"):
        sizes(large_sweep(adapter={"target_modules": ["qproj"]}), few_people)


def test_the_baselines_adapter_is_refused_by_its_own_key(large_sweep, few_people):
    recipe = {
        "training": {"batch_size": 8, "micro_batch_size": 2},
        "adapter": {"target_modules": ["qproj"]},
    }
    with pytest.raises(ConfigError, match=r"^baselines\.adapter\.target_modules must be"):
        sizes(large_sweep(baselines=recipe), few_people)


def test_a_hub_model_without_a_network_is_unknown_within_seconds(
    large_sweep, few_people, monkeypatch
):
    endpoint = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setattr("trainers.pretrained.hub.ENDPOINT", endpoint)
    config = large_sweep(model={"name": "causal_lm", "path": "nobody/no-such-model"})
    started = time.monotonic()
    with pytest.raises(ModelUnknown, match=r"'nobody/no-such-model' .*network"):
        sizes(config, few_people)
    assert time.monotonic() - started < 10
