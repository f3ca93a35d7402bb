"""Results on disk: present means done, and nothing half written is ever read."""

import hashlib
import json
import math
import multiprocessing
import os
import socket
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from evals.benchmark import Role
from evals.choice import Choice
from evals.errors import ConfigError
from evals.evidence import Evidence
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores
from orchestrator.storage.records import Storage, version
from orchestrator.storage.result import Result, State
from orchestrator.storage.weights import adapter_bytes, remove_weights
from tests.fixtures.jobs import any_job
from tests.fixtures.paths import ROOT
from trainers.job import Job, Report
from trainers.settings import AdapterSettings


def make_job(seed: int = 0) -> Job:
    return any_job(
        adapter=AdapterSettings(),
        seed=seed,
        method=Choice(name="ga"),
        base="0" * 16,
        version=version(),
    )


def make_result(job: Job, *, state: State = State.DONE, retain: float = 0.5) -> Result:
    return Result(
        job=job,
        state=state,
        reason="" if state == State.DONE else "the loss became nan at step 3 of 9",
        metrics={"retain": retain, "log_forget_quality": -3.25},
        facts={"sparsity_a": 0.1, "moved": 1.0},
        wall_s=1.5,
        reports=(Report(2, 4, {"loss": 1.25}), Report(4, 4, {"loss": 0.1 + 0.2})),
        started_at=1.7e9,
    )


def make_sheet() -> ScoreSheet:
    item = ItemScore("p-1", "Rome", AnswerScore(1.5, 3), None, (), (-0.5, -0.5, -0.5), (True,) * 3)
    return ScoreSheet((TaskScores("forget", Role.FORGET, Probability.PLAIN, (item,)),))


def commit_one(storage: Storage, result: Result) -> Result:
    return storage.commit(result, storage.begin(result.job), make_sheet())


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "runs")


def test_what_was_committed_is_found_again_bit_by_bit(storage: Storage) -> None:
    result = make_result(make_job())
    commit_one(storage, result)
    assert storage.find(make_job()) == result
    assert storage.sheet(make_job().hash) == storage.known_sheet(make_job().hash) == make_sheet()
    assert storage.known_sheet(make_job(seed=1).hash) is storage.known_sheet(None) is None


def test_how_sure_the_metrics_are_is_kept_and_their_guides(storage: Storage) -> None:
    told = Evidence(
        {"retain": 0.01},
        {"log_forget_quality": 1.5},
        {"log_forget_quality": math.nan},
        {"retain": 1e-4},
    )
    commit_one(storage, replace(make_result(make_job()), evidence=told))
    found = storage.find(make_job())
    assert found is not None
    assert (found.evidence.errors, found.evidence.guides) == (told.errors, told.guides)
    assert math.isnan(found.evidence.guide_errors["log_forget_quality"])
    assert found.evidence.with_original == told.with_original


def test_a_result_of_before_there_was_evidence_is_read_as_it_was_written(storage: Storage) -> None:
    result = make_result(make_job())
    commit_one(storage, result)
    file = storage.job_folder(make_job().hash) / "result.json"
    older = json.loads(file.read_text())
    for name in ("errors", "guides", "guide_errors"):
        del older[name]
    # As it was written then: all fields of then in their order, and the checksum over these.
    bare = json.dumps({**older, "sha256": ""}, separators=(",", ":"))
    older["sha256"] = hashlib.sha256(bare.encode()).hexdigest()
    file.write_text(json.dumps(older, indent=2))
    assert storage.find(make_job()) == result


def test_nothing_is_found_before_the_commit(storage: Storage) -> None:
    job = make_job()
    assert storage.find(job) is None
    (storage.begin(job) / "result.json").write_text("{")
    assert storage.find(job) is None
    assert list(storage.jobs()) == []


def test_another_job_is_not_found(storage: Storage) -> None:
    commit_one(storage, make_result(make_job(seed=0)))
    assert storage.find(make_job(seed=1)) is None


def test_looking_makes_no_folder(storage: Storage) -> None:
    storage.find(make_job())
    list(storage.jobs())
    assert not storage.root.exists()


def test_nan_and_infinity_come_back_as_they_were_from_strict_json(storage: Storage) -> None:
    result = replace(make_result(make_job(), retain=math.nan), facts={"final_loss": -math.inf})
    commit_one(storage, result)
    found = storage.find(make_job())
    assert found is not None
    assert math.isnan(found.metrics["retain"])
    assert found.facts["final_loss"] == -math.inf
    text = (storage.job_folder(make_job().hash) / "result.json").read_text()
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


def test_a_failed_job_keeps_its_reason_and_has_no_sheet(storage: Storage) -> None:
    result = make_result(make_job(), state=State.FAILED)
    storage.commit(result, storage.begin(result.job), None)
    assert storage.find(make_job()) == result
    with pytest.raises(ConfigError, match=r"scores\.json must be a readable record"):
        storage.sheet(make_job().hash)


def test_files_that_the_job_left_are_kept(storage: Storage) -> None:
    job = make_job()
    folder = storage.begin(job)
    (folder / "adapter").mkdir()
    (folder / "adapter" / "weights").write_text("w")
    storage.commit(make_result(job), folder, make_sheet())
    assert (storage.job_folder(job.hash) / "adapter" / "weights").read_text() == "w"
    assert not folder.exists()


def test_the_job_is_written_beside_its_result_with_its_hash(storage: Storage) -> None:
    job = make_job()
    commit_one(storage, make_result(job))
    written = json.loads((storage.job_folder(job.hash) / "job.json").read_text())
    assert written["hash"] == job.hash
    assert list(storage.jobs()) == [job]


def test_the_second_of_two_commits_keeps_the_first_and_cleans_up(storage: Storage) -> None:
    job = make_job()
    late = storage.begin(job)
    commit_one(storage, make_result(job, retain=0.5))
    kept = storage.commit(make_result(job, retain=0.7), late, make_sheet())
    assert kept.metrics["retain"] == 0.5
    found = storage.find(job)
    assert found is not None
    assert found.metrics["retain"] == 0.5
    assert [folder.name for folder in late.parent.iterdir()] == [job.hash]


def test_a_finished_job_replaces_a_failed_one_but_never_the_other_way_round(
    storage: Storage,
) -> None:
    job = make_job()
    commit_one(storage, make_result(job, state=State.FAILED))
    assert commit_one(storage, make_result(job)).state == State.DONE
    assert commit_one(storage, make_result(job, state=State.FAILED)).state == State.DONE
    found = storage.find(job)
    assert found is not None
    assert found.state == State.DONE
    assert [folder.name for folder in (storage.root / "jobs").iterdir()] == [job.hash]


@pytest.mark.parametrize(
    ("by_chance", "by_chance_again", "kept"),
    [
        (True, False, "again"),
        (True, True, "again"),
        (False, False, "again"),
        (False, True, "at first"),  # that is no news of the job itself
    ],
)
def test_of_a_job_that_fails_again_the_reason_is_the_last_one_that_is_its_own(
    storage: Storage, by_chance: bool, by_chance_again: bool, kept: str
) -> None:
    failed = make_result(make_job(), state=State.FAILED)
    commit_one(storage, replace(failed, by_chance=by_chance, reason="at first"))
    found = commit_one(storage, replace(failed, by_chance=by_chance_again, reason="again"))
    assert found.reason == kept
    assert storage.find(failed.job) == found
    assert [folder.name for folder in (storage.root / "jobs").iterdir()] == [failed.job.hash]


def test_a_whole_training_replaces_one_that_was_stopped_but_never_the_other_way_round(
    storage: Storage,
) -> None:
    whole = make_result(make_job(), retain=0.9)
    stopped = replace(make_result(make_job()), stopped="stopped at step 5 of 9", guard="one")
    later = replace(make_result(make_job()), stopped="stopped at step 7 of 9", guard="another")
    assert commit_one(storage, stopped) == stopped
    assert storage.find(make_job()) == stopped
    assert commit_one(storage, replace(stopped, wall_s=9.0)) == stopped
    assert commit_one(storage, later) == later
    assert commit_one(storage, whole) == whole
    assert commit_one(storage, stopped) == whole


@pytest.mark.parametrize(("state", "given_back"), [(State.DONE, 9), (State.FAILED, 0)])
def test_an_adapter_that_was_removed_comes_back_from_a_finished_attempt_only(
    storage: Storage, state: State, given_back: int
) -> None:
    first = make_result(make_job())
    commit_one(storage, first)
    home = storage.job_folder(first.job.hash)
    (home / "adapter").mkdir()
    remove_weights(home, "disk.quota")
    folder = storage.begin(first.job)
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"w" * 9)
    found = storage.commit(make_result(first.job, state=state), folder, None)
    assert (found.state, found.weights_removed) == (State.DONE, not given_back)
    assert adapter_bytes(home) == given_back


def _commit_in_a_process(root: str, retain: float) -> None:
    commit_one(Storage(Path(root)), make_result(make_job(), retain=retain))


def test_processes_that_commit_the_same_job_together_leave_one_whole_result(
    storage: Storage,
) -> None:
    context = multiprocessing.get_context("fork")
    values = [0.1, 0.2, 0.3, 0.4]
    processes = [
        context.Process(target=_commit_in_a_process, args=(str(storage.root), value))
        for value in values
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    found = storage.find(make_job())
    assert found is not None
    assert found.metrics["retain"] in values
    assert [folder.name for folder in (storage.root / "jobs").iterdir()] == [make_job().hash]


def test_what_a_dead_process_left_is_removed_and_what_a_living_one_writes_is_not(
    storage: Storage,
) -> None:
    job = make_job()
    living = storage.begin(job)
    process = multiprocessing.get_context("fork").Process(target=int)
    process.start()
    process.join()
    dead = living.with_name(f".{job.hash}-{socket.gethostname()}-{process.pid}-00000000")
    dead.mkdir()
    foreign = living.with_name(f".{job.hash}-another-host-{os.getpid()}-00000000")
    foreign.mkdir()
    second = storage.begin(job)
    assert not dead.exists()
    assert living.is_dir()
    assert foreign.is_dir()
    assert second != living


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "EOF while parsing"),
        ("{}", "state: Field required"),
        ('{"state": "maybe"}', "state: Input should be 'done' or 'failed'"),
    ],
)
def test_a_damaged_result_names_the_file_and_the_cure(
    storage: Storage, text: str, what: str
) -> None:
    job = make_job()
    commit_one(storage, make_result(job))
    file = storage.job_folder(job.hash) / "result.json"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        storage.find(job)
    said = str(caught.value)
    assert said.startswith(f"{file} must be a readable record of a finished job but got")
    assert what in said
    assert said.endswith(f"delete the folder {file.parent} to run the job again")


def test_a_result_whose_file_is_gone_is_damaged_too(storage: Storage) -> None:
    job = make_job()
    commit_one(storage, make_result(job))
    (storage.job_folder(job.hash) / "reports.jsonl").unlink()
    with pytest.raises(ConfigError, match=r"reports\.jsonl must be a readable record"):
        storage.find(job)


def test_a_damaged_sheet_names_the_file_and_the_cure(storage: Storage) -> None:
    commit_one(storage, make_result(make_job()))
    file = storage.job_folder(make_job().hash) / "scores.json"
    file.write_text("{")
    with pytest.raises(ConfigError) as caught:
        storage.sheet(make_job().hash)
    assert str(caught.value) == (
        f"{file} must be a readable record of a finished job but got other content than was "
        f"written (SHA-256 in result.json); delete the folder {file.parent} to run the job again"
    )


def test_a_damaged_job_names_the_file_and_the_cure(storage: Storage) -> None:
    commit_one(storage, make_result(make_job()))
    (storage.job_folder(make_job().hash) / "job.json").write_text("{")
    with pytest.raises(ConfigError, match=r"job\.json must be .* to run the job again$"):
        list(storage.jobs())


def test_jobs_of_another_version_are_left_out(storage: Storage) -> None:
    commit_one(storage, make_result(make_job()))
    old = storage.job_folder("f" * 16)
    old.mkdir()
    (old / "job.json").write_text('{"hash": "ffffffffffffffff", "shape": "of long ago"}')
    assert list(storage.jobs()) == [make_job()]


def test_a_storage_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="storage must be a folder that can be written to"):
        Storage(tmp_path / "file").begin(make_job())


def test_a_sweep_has_a_folder_of_its_own(storage: Storage) -> None:
    assert storage.sweep_folder("demo") == storage.root / "sweeps" / "demo"
    assert storage.sweep_folder("demo").is_dir()


def test_a_given_checkpoint_is_the_baselines_model(storage: Storage) -> None:
    made = make_job()
    assert storage.model_folder(made) == storage.job_folder(made.hash) / "model"
    given = made.model_copy(update={"checkpoint": "/models/original"})
    assert storage.model_folder(given) == Path("/models/original")


def test_a_storage_that_is_or_holds_a_file_where_folders_belong_is_refused(tmp_path):
    (tmp_path / "jobs").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="storage must be .*jobs' \\(it is a file\\)"):
        Storage(tmp_path).check_writable("demo")


def test_a_storage_that_goes_with_a_jobs_code_is_refused(tmp_path):
    unpacked = tmp_path / "runtime_resources" / "working_dir_files" / "_ray_pkg_1"
    with pytest.raises(ConfigError, match="storage must be a folder that outlives the job but got"):
        Storage(unpacked / "runs").check_writable("demo")


def test_the_version_is_that_of_the_code_which_runs():
    project = ROOT / "pyproject.toml"
    assert version() == tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]


def test_a_storage_that_may_only_be_read_is_refused_and_nothing_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write wherever it likes
    with pytest.raises(ConfigError, match="storage must be .*may only be read"):
        Storage(tmp_path / "new").check_writable("demo")
    assert not list(tmp_path.iterdir())


def test_a_failure_by_chance_is_remembered_as_one(tmp_path):
    storage = Storage(tmp_path)
    failed = replace(make_result(make_job(), state=State.FAILED), by_chance=True)
    storage.commit(failed, storage.begin(failed.job), None)
    assert storage.find(failed.job).by_chance
