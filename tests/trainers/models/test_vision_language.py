"""Methods on batches in which rows with and without a picture mix: none knows the difference."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from evals import plugins
from evals.choice import Choice, choose
from evals.settings import EvaluationSettings
from evals.suite import load_suite
from tests.fixtures.jobs import any_job, choose_method
from trainers import warm_state
from trainers.distributed import Place
from trainers.job import Job, Outcome, Phase
from trainers.method import PACKAGE, build_method
from trainers.models.vision_language import Config, Family
from trainers.rank_task import RankTask
from trainers.requirements import Source
from trainers.run import run
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings
from trainers.warm_state import WarmState

FAST = ("ga", "idk", "kl", "npo", "rmu")
METHODS = [
    pytest.param(name, marks=[] if name in FAST else pytest.mark.slow)
    for name in plugins.names(PACKAGE)
    if Source.TWIN not in build_method(choose_method(name)).requirements.drawn  # rows have none
]


@pytest.fixture(autouse=True)
def here(monkeypatch, pictured) -> None:
    """Has every benchmark be the people in pictures."""
    monkeypatch.setenv("LOCAL_RANK", "0")  # the engine sets it
    monkeypatch.setattr(warm_state, "build_benchmark", lambda choice: pictured)
    monkeypatch.setattr(warm_state, "suite_of", lambda name: load_suite("multimodal"))


def model(folder: Path, tmp_path: Path, **settings) -> Choice:
    given = {"name": "vision_language", "path": str(folder), "cache": str(tmp_path / "cache")}
    return choose("trainers.models", {**given, **settings}, key="model")


def job(chosen: Choice, method: str = "ga", **fields) -> Job:
    settings = {"layer": 1} if "layer" in config_fields(method) else {}
    made = {
        "model": chosen,
        "training": TrainingSettings(lr=1e-2, epochs=1, batch_size=4, micro_batch_size=2),
        "engine": EngineSettings(zero_stage=0),
        "evaluation": EvaluationSettings(metrics=("retain",), max_items=2, max_new_tokens=4),
        "adapter": AdapterSettings(rank=2),
        "method": choose_method(method, **settings),
        "base": "base",
    }
    return any_job(Phase.TRIAL, **{**made, **fields})


def config_fields(method: str) -> set[str]:
    return set(plugins.load(PACKAGE, method, key="name").Config.model_fields)


def outcome_of(state: WarmState, task: RankTask) -> Outcome:
    *_, outcome = run(task, state)
    assert isinstance(outcome, Outcome)
    return outcome


@pytest.fixture
def trial(folders, tmp_path) -> Callable[..., Outcome]:
    def make(architecture: str, method: str = "ga", *, parts=None, **fields) -> Outcome:
        chosen = model(folders[architecture], tmp_path, **(parts or {}))
        task = RankTask(job(chosen, method, **fields), tmp_path / "job", folders[architecture])
        return outcome_of(WarmState(Place()), task)

    return make


@pytest.mark.parametrize("method", METHODS)
def test_every_method_moves_an_adapter(trial, method):
    outcome = trial("llava", method)
    assert outcome.facts["moved"] == 1.0
    assert outcome.facts["update_norm"] > 0


@pytest.mark.parametrize("parts", [{}, {"projector": "trained", "tower": "trained"}])
@pytest.mark.parametrize("architecture", ["qwen2_vl", "llava"])
def test_all_weights_of_the_parts_that_train_are_moved_and_saved(
    trial, folders, pictured, tmp_path, architecture, parts
):
    outcome = trial(architecture, "gd", parts=parts, adapter=None)
    assert outcome.facts["moved"] == 1.0
    before, after = (
        Family(Config(path=str(path), cache=None))
        .load(benchmark=pictured, checkpoint=None, seed=0)
        .model
        for path in (folders[architecture], tmp_path / "job" / "model")
    )
    moved = {
        name
        for (name, old), new in zip(before.named_parameters(), after.parameters(), strict=True)
        if not torch.equal(old, new)
    }
    own = (before.parts.tower, before.parts.projector)
    seeing = {name for name in moved if any(f"model.{part}." in name for part in own)}
    assert bool(seeing) == bool(parts)
    assert moved - seeing


def test_kept_features_and_the_tower_itself_teach_the_same(trial, folders, tmp_path):
    kept = trial("qwen2_vl", "npo")
    chosen = model(folders["qwen2_vl"], tmp_path, cache=None)
    task = RankTask(job(chosen, "npo"), tmp_path / "other", folders["qwen2_vl"])
    plain = outcome_of(WarmState(Place()), task)
    assert kept.facts["final_loss"] == pytest.approx(plain.facts["final_loss"], abs=1e-5)
    for one, other in zip(kept.sheet.tasks, plain.sheet.tasks, strict=True):
        for own, its in zip(one.items, other.items, strict=True):
            assert own.answer.nll == pytest.approx(its.answer.nll, abs=1e-3)


def test_a_baseline_under_an_adapter_is_merged_and_answers_as_before(folders, tmp_path):
    chosen = model(folders["llava"], tmp_path, projector="trained")
    training = TrainingSettings(lr=1e-2, epochs=2, batch_size=4, micro_batch_size=4)
    task = job(chosen, training=training).model_copy(
        update={"phase": Phase.GOLD, "method": None, "base": None}
    )
    outcome = outcome_of(WarmState(Place()), RankTask(task, tmp_path / "job"))
    assert outcome.facts["steps"] > 0
    assert (tmp_path / "job" / "model" / "preprocessor_config.json").is_file()
    assert "<image> x 4" in outcome.first_row
