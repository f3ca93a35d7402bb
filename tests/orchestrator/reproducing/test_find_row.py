"""A row is found in the sweep that ran it, or in the one that was named."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from evals.choice import choose
from evals.errors import ConfigError
from orchestrator.config.resume import write_config
from orchestrator.jobs.checkpoints import given_weights
from orchestrator.reproducing.find_row import find_row, relocated
from orchestrator.storage.files import LEDGER_FILE, MEMBERS_FILE
from orchestrator.storage.members import Member, MemberRole, Members, read_members
from orchestrator.storage.result import Result, State
from trainers.job import Phase


@pytest.fixture
def made(stored_sweep):
    return stored_sweep().fill()


@pytest.fixture
def twin(made):
    """A sweep of the same storage that found the first one's jobs, with another gold model."""
    folder = made.storage.sweep_folder("atwin")
    write_config(made.config.model_copy(update={"name": "atwin"}), folder)
    gold = made.gold.model_copy(update={"weights": "another"})
    made.storage.commit(
        Result(gold, State.DONE, "", {}, {}, 1.0, (), 0.0), made.storage.begin(gold), made.sheet()
    )
    members = Members(folder)
    for role, job in (
        (MemberRole.ORIGINAL, made.original),
        (MemberRole.GOLD, gold),
        (MemberRole.TRIAL, made.trial("ga", lr=1e-4)),
    ):
        members.enter(Member(role=role, job=job.hash, label="x"))
    return gold


def test_a_row_knows_its_sweep_its_role_and_the_baselines(made) -> None:
    row = find_row(made.trial("ga", lr=1e-4).hash, made.storage)
    assert (row.original, row.gold) == (made.original.hash, made.gold.hash)
    assert row.config.name == made.config.name
    assert row.member.role == MemberRole.TRIAL
    assert row.others == ()


def test_the_original_is_the_one_that_the_trial_started_from(made) -> None:
    later = made.original.model_copy(update={"weights": "another"})
    made.write(later, MemberRole.ORIGINAL, "original", retain=0.8)
    row = find_row(made.trial("ga", lr=1e-4).hash, made.storage)
    assert row.original == made.original.hash != later.hash


def test_the_sweep_that_ran_a_job_comes_before_one_that_found_it(made, twin) -> None:
    row = find_row(made.trial("ga", lr=1e-4).hash, made.storage)
    assert (row.config.name, row.gold) == (made.config.name, made.gold.hash)
    assert row.others == ("atwin",)


def test_without_ledgers_the_first_sweep_is_taken(made, twin) -> None:
    (made.folder / LEDGER_FILE).unlink()
    row = find_row(made.trial("ga", lr=1e-4).hash, made.storage)
    assert (row.config.name, row.gold) == ("atwin", twin.hash)


def test_a_sweep_can_be_named(made, twin) -> None:
    row = find_row(made.trial("ga", lr=1e-4).hash, made.storage, sweep="atwin")
    assert (row.config.name, row.gold) == ("atwin", twin.hash)


def test_a_sweep_that_is_none_or_has_not_the_job_is_refused(made, twin) -> None:
    with pytest.raises(ConfigError, match=r"--sweep must be the folder of a sweep.*does not exist"):
        find_row(made.gold.hash, made.storage, sweep="nothing")
    with pytest.raises(ConfigError, match=r"--sweep must be a sweep with the job .* got 'atwin'"):
        find_row(made.gold.hash, made.storage, sweep="atwin")


@pytest.mark.parametrize("file", [MEMBERS_FILE, "config.json"])
def test_a_damaged_sweep_is_passed_over_unless_it_was_named(made, twin, file) -> None:
    (made.storage.root / "sweeps" / "atwin" / file).write_text("{\n", encoding="utf-8")
    job = made.trial("ga", lr=1e-4).hash
    assert find_row(job, made.storage).config.name == made.config.name
    with pytest.raises(ConfigError, match=file):
        find_row(job, made.storage, sweep="atwin")
    shutil.rmtree(made.folder)
    with pytest.raises(ConfigError, match=r"no members\.jsonl there .*atwin could not be read"):
        find_row(job, made.storage)


def test_a_job_that_failed_or_belongs_to_no_sweep_is_refused(made) -> None:
    job = made.trial("ga", lr=4e-3)
    failed = Result(job, State.FAILED, "the loss is nan", {}, {}, 1.0, (), 0.0)
    made.storage.commit(failed, made.storage.begin(job), None)
    with pytest.raises(ConfigError, match=r"which failed \(the loss is nan\)"):
        find_row(job.hash, made.storage)
    with pytest.raises(ConfigError, match=r"which is not there"):
        find_row("f" * 16, made.storage)
    (made.folder / MEMBERS_FILE).unlink()
    with pytest.raises(ConfigError, match=r"no members\.jsonl there names"):
        find_row(made.gold.hash, made.storage)


def test_a_sweep_without_both_baselines_says_so(made) -> None:
    found = read_members(made.folder)
    (made.folder / MEMBERS_FILE).unlink()
    members = Members(made.folder)
    for member in found:
        if member.role != MemberRole.GOLD:
            members.enter(member)
    with pytest.raises(ConfigError, match=r"must name both baselines"):
        find_row(made.original.hash, made.storage)


def test_a_row_has_the_places_that_the_config_has_now(made) -> None:
    job = made.trial("ga", lr=1e-4)
    moved = made.config.benchmark.model_copy(
        update={"settings": {**made.config.benchmark.settings, "seed": 7}}
    )
    write_config(made.config.model_copy(update={"benchmark": moved}), made.folder)
    row = find_row(job.hash, made.storage)
    assert row.result.job.benchmark == moved
    assert row.result.job.hash == job.hash
    assert row.result == replace(made.storage.recorded(job.hash), job=row.result.job)


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
