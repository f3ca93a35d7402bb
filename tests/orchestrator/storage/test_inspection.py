"""What is not as it was written counts for nothing, wherever and however it has changed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evals.benchmark import Role
from evals.choice import Choice
from evals.errors import ConfigError
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores
from orchestrator.storage.inspection import (
    check_model,
    check_records,
    fingerprint_of_model,
    set_aside_damaged,
)
from orchestrator.storage.records import Storage, version
from orchestrator.storage.result import Result, State
from orchestrator.storage.result_file import Damaged
from orchestrator.storage.weights import remove_weights
from tests.fixtures.jobs import any_job
from trainers.job import Job, Phase, Report
from trainers.weight_files import fingerprint_of


def job(seed: int) -> Job:
    return any_job(method=Choice(name="ga"), base="0" * 16, seed=seed, version=version())


def finish(storage: Storage, seed: int, phase: Phase = Phase.TRIAL) -> Path:
    """Returns the folder of a finished job, which has left scores and weights."""
    made = job(seed) if phase == Phase.TRIAL else any_job(phase, seed=seed, version=version())
    kind = "adapter" if phase == Phase.TRIAL else "model"
    folder = storage.begin(made)
    (folder / kind).mkdir()
    (folder / kind / "weights.safetensors").write_bytes(b"weights %d" % seed)
    item = ItemScore("p-1", "Rome", AnswerScore(1.5 + seed, 3), None, (), (), ())
    sheet = ScoreSheet((TaskScores("forget", Role.FORGET, Probability.PLAIN, (item,)),))
    reports = (Report(2, 4, {"loss": 1.25}),)
    result = Result(made, State.DONE, "", {"retain": 0.5 + seed}, {}, 1.5, reports, 1.7e9)
    storage.commit(result, folder, sheet)
    return storage.job_folder(made.hash)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


def replaced(file: str, old: str, new: str) -> Callable[[Path, Path], None]:
    """Returns what changes a text in a file of the first of two jobs."""

    def change(first: Path, _second: Path) -> None:
        text = (first / file).read_text()
        assert old in text
        (first / file).write_text(text.replace(old, new))

    return change


def swap(first: Path, second: Path) -> None:
    aside = first.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def copy_over(first: Path, second: Path) -> None:
    shutil.rmtree(first)
    shutil.copytree(second, first)


def copied(file: str) -> Callable[[Path, Path], None]:
    return lambda first, second: shutil.copy(second / file, first / file)


CHANGES = {
    "a digit of a metric": (replaced("result.json", '"retain": 0.5', '"retain": 0.6'), "result"),
    "a state": (replaced("result.json", '"done"', '"failed"'), "result"),
    "a digit of a score": (replaced("scores.json", "1.5", "1.6"), "scores"),
    "a report": (replaced("reports.jsonl", "1.25", "1.26"), "reports"),
    "a learning rate": (replaced("job.json", '"lr": 0.0001', '"lr": 0.0002'), "job"),
    "two folders": (swap, "job"),
    "a folder copied over another": (copy_over, "job"),
    "another job's result": (copied("result.json"), "result"),
    "another job's scores": (copied("scores.json"), "scores"),
    "scores gone": (lambda first, _: (first / "scores.json").unlink(), "scores"),
    "reports gone": (lambda first, _: (first / "reports.jsonl").unlink(), "reports"),
    "a result cut short": (lambda first, _: (first / "result.json").write_text("{"), "result"),
    "a checksum taken out": (
        replaced("result.json", '"scores.json": "', '"other.json": "'),
        "result",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_refused_by_the_name_of_the_file(storage: Storage, name: str) -> None:
    change, file = CHANGES[name]
    first, second = finish(storage, 0), finish(storage, 1)
    check_records(storage, first.name)
    change(first, second)
    with pytest.raises(Damaged, match=rf"{first.name}/{file}\.jsonl? must be .*run the job again"):
        check_records(storage, first.name)
    for read in (storage.recorded, storage.sheet):
        if name in ("a digit of a score", "another job's scores", "scores gone"):
            read = storage.sheet
        if name in ("a report", "reports gone", "a learning rate"):
            read = storage.recorded
        with pytest.raises(ConfigError, match="run the job again"):
            read(first.name)


@pytest.mark.parametrize("name", CHANGES)
def test_a_sweep_puts_it_aside_and_runs_the_job_again(storage: Storage, name: str) -> None:
    change, file = CHANGES[name]
    first, second = finish(storage, 0), finish(storage, 1)
    change(first, second)
    said: list[str] = []
    set_aside_damaged(storage, say=said.append)
    assert storage.find(job(0)) is None
    assert (storage.find(job(1)) is None) == (name == "two folders")
    lines = [line for line in said if first.name in line.partition(";")[2]]
    assert len(lines) == 1
    assert f"{file}.json" in lines[0]
    assert list(first.parent.glob(f".{first.name}-damaged-*"))
    said.clear()
    set_aside_damaged(storage, say=said.append)
    assert said == []


def test_whole_results_and_those_of_other_versions_stay(storage: Storage) -> None:
    first = finish(storage, 0)
    remove_weights(first, "for want of room")
    old = first.with_name("f" * 16)
    shutil.copytree(first, old)
    described = json.loads((old / "job.json").read_text())
    (old / "job.json").write_text(json.dumps({**described, "version": "0.0.1"}))
    said: list[str] = []
    set_aside_damaged(storage, say=said.append)
    assert said == []
    assert old.is_dir()
    assert storage.find(job(0)) is not None


def test_weights_are_those_that_were_written(storage: Storage) -> None:
    folder = finish(storage, 0, Phase.ORIGINAL)
    check_model(storage, folder.name)
    weights = folder / "model" / "weights.safetensors"
    weights.write_bytes(b"weights 1")
    with pytest.raises(Damaged, match=r"weights\.safetensors must be .*other content"):
        check_model(storage, folder.name)
    weights.unlink()
    with pytest.raises(Damaged, match=rf"nothing: it is gone; delete the folder {folder} to run"):
        check_model(storage, folder.name)


def test_weights_that_are_made_again_are_those_that_count(storage: Storage) -> None:
    folder = finish(storage, 0)
    remove_weights(folder, "for want of room")
    again = storage.begin(job(0))
    (again / "adapter").mkdir()
    (again / "adapter" / "weights.safetensors").write_bytes(b"weights of another GPU")
    result = storage.find(job(0))
    assert result is not None
    assert result.weights_removed
    storage.commit(Result(job(0), State.DONE, "", {}, {}, 1.0, (), 0.0), again, None)
    check_records(storage, folder.name)
    check_model(storage, folder.name, kind="adapter")
    found = storage.find(job(0))
    assert found is not None
    assert found.metrics == {"retain": 0.5}


def test_the_fingerprint_of_a_model_is_known_without_reading_it(storage: Storage) -> None:
    folder = finish(storage, 0, Phase.ORIGINAL)
    made = any_job(Phase.ORIGINAL, seed=0, version=version())
    assert fingerprint_of_model(storage, made) == fingerprint_of(folder / "model")
    given = made.model_copy(update={"checkpoint": "/models/original"})
    assert fingerprint_of_model(storage, given) == given.weights
