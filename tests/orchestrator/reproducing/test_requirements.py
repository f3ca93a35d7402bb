"""What is needed to repeat a row is there, or it is said what is missing and what can be done."""

import shutil
from dataclasses import replace

import pytest

from evals.errors import ConfigError
from orchestrator.config.resume import write_config
from orchestrator.reproducing.find_row import find_row
from orchestrator.reproducing.requirements import (
    base_of,
    check_data,
    check_trainable,
    guard_of_row,
    saved_weights,
)
from orchestrator.results.measuring import reference_of


@pytest.fixture
def made(stored_sweep):
    return stored_sweep().fill()


@pytest.fixture
def row(made):
    return find_row(made.trial("ga", lr=1e-4).hash, made.storage)


def of_job(row, **changes):
    job = row.result.job.model_copy(update=changes)
    return replace(row, result=replace(row.result, job=job))


def test_other_data_than_the_jobs_are_refused(row) -> None:
    check_data(row)
    with pytest.raises(ConfigError, match=r"benchmark must have the content .*0{12}\) but got"):
        check_data(of_job(row, data="0" * 64))


def test_a_trial_wears_its_adapter_over_the_original(made, row) -> None:
    model = made.storage.model_folder(made.original)
    model.mkdir()
    (row.folder / "adapter").mkdir()
    assert saved_weights(row) == (model, row.folder / "adapter")
    assert saved_weights(find_row(made.original.hash, made.storage)) == (model, None)


def test_without_its_base_no_trial_is_said_to_be_trainable(row) -> None:
    for refuses in (saved_weights, check_trainable):
        with pytest.raises(ConfigError, match=r"hold the original model but it is not") as said:
            refuses(row)
        assert "--retrain" not in str(said.value)


def test_an_adapter_that_is_not_here_can_be_trained_again(made, row) -> None:
    made.storage.model_folder(made.original).mkdir()
    with pytest.raises(ConfigError, match=r"adapter but it is not here; .* with --retrain"):
        saved_weights(row)
    check_trainable(row)


def test_a_record_of_the_original_that_is_gone_is_named(made, row) -> None:
    shutil.rmtree(made.storage.job_folder(made.original.hash))
    with pytest.raises(ConfigError, match=r"the original model's record but it is not here"):
        base_of(row)


def test_a_baseline_can_be_trained_again_if_it_was_trained(made, tmp_path) -> None:
    row = find_row(made.gold.hash, made.storage)
    with pytest.raises(ConfigError, match=r"hold the model but it is not here; .* with --retrain"):
        saved_weights(row)
    check_trainable(row)
    given = of_job(row, checkpoint=str(tmp_path / "given"))
    with pytest.raises(ConfigError, match=r"given must hold the model but .*; put it back") as said:
        saved_weights(given)
    assert "--retrain" not in str(said.value)
    with pytest.raises(ConfigError, match=r"trained with --retrain .* measured the given model"):
        check_trainable(given)


def test_a_baseline_is_not_trained_from_other_weights(made) -> None:
    row = of_job(find_row(made.gold.hash, made.storage), weights="others")
    with pytest.raises(ConfigError, match=r"model\.path must have the weights .* \(others\) but"):
        check_trainable(row)


def test_a_given_original_is_looked_for_where_the_config_has_it(stored_sweep, tmp_path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    (old / "model.safetensors").write_bytes(b"weights")
    made = stored_sweep(f"baselines.original={old}").fill()
    job = made.trial("ga", lr=1e-4).hash
    assert base_of(find_row(job, made.storage)) == old
    old.rename(new)
    with pytest.raises(ConfigError, match=r"old must hold the original model .* with --sweep"):
        base_of(find_row(job, made.storage))
    baselines = made.config.baselines.model_copy(update={"original": str(new)})
    write_config(made.config.model_copy(update={"baselines": baselines}), made.folder)
    assert base_of(find_row(job, made.storage)) == new


def test_what_was_not_stopped_is_trained_again_without_a_guard(row) -> None:
    assert guard_of_row(row) is None


def stopped_under(row, guard: str):
    return replace(row, result=replace(row.result, stopped="at step 2", guard=guard))


def test_what_was_stopped_is_trained_again_under_the_guard_that_stopped_it(made, row) -> None:
    original, gold = (made.storage.recorded(job.hash) for job in (made.original, made.gold))
    guard = reference_of(
        original, gold, made.storage, config=made.config, benchmark=made.benchmark
    ).guard
    assert guard is not None
    assert guard_of_row(stopped_under(row, guard.hash)) == guard


def test_what_was_stopped_under_another_guard_is_not_trained_again(row) -> None:
    with pytest.raises(ConfigError, match=r"search\.stopping must be what stopped .*--sweep"):
        guard_of_row(stopped_under(row, "f" * 16))
