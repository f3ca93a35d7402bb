"""A job keeps its identity and takes the config's paths, if these stand for the same things."""

import shutil
from pathlib import Path

import pytest

from evals.choice import choose
from orchestrator.baselines import given_weights
from orchestrator.relocation import relocated
from trainers.job import Phase


def saved(folder: Path, content: bytes = b"weights") -> Path:
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(content)
    return folder


@pytest.fixture
def given(stored_sweep, tmp_path):
    """A sweep whose original was given, and the original's job."""
    folder = saved(tmp_path / "old")
    made = stored_sweep(f"baselines.original={folder}")
    assert made.original.weights == given_weights(str(folder), phase=Phase.ORIGINAL)
    return made.config, made.original


def now(config, folder: Path):
    baselines = config.baselines.model_copy(update={"original": str(folder)})
    return config.model_copy(update={"baselines": baselines})


def test_a_checkpoint_that_moved_is_followed(given, tmp_path) -> None:
    config, job = given
    shutil.move(tmp_path / "old", tmp_path / "new")
    moved = relocated(job, now(config, tmp_path / "new"))
    assert moved.checkpoint == str(tmp_path / "new")
    assert moved.hash == job.hash


def test_other_weights_are_not_the_jobs(given, tmp_path) -> None:
    config, job = given
    other = saved(tmp_path / "other", b"other weights")
    assert relocated(job, now(config, other)).checkpoint == str(tmp_path / "old")
    assert relocated(job, now(config, tmp_path / "missing")).checkpoint == str(tmp_path / "old")


def test_the_original_is_never_taken_for_the_gold_model(given, tmp_path) -> None:
    config, job = given
    gold = job.model_copy(update={"phase": Phase.GOLD})
    same = saved(tmp_path / "new")
    assert relocated(gold, now(config, same)).checkpoint == job.checkpoint


def test_a_models_folder_is_followed_but_no_other_setting(given) -> None:
    config, job = given
    old = {"name": "causal_lm", "path": "/old/model"}
    job = job.model_copy(update={"model": choose("trainers.models", old, key="model")})
    for change, followed in (({}, True), ({"attn_implementation": "eager"}, False)):
        raw = {"name": "causal_lm", "path": "/new/model", **change}
        model = choose("trainers.models", raw, key="model")
        moved = relocated(job, config.model_copy(update={"model": model}))
        assert (moved.model == model) is followed
        assert moved.hash == job.hash
