import importlib.metadata
import re
import subprocess
from dataclasses import replace

from orchestrator.reporting.page import environment
from orchestrator.reporting.page.environment import circumstances_of, commit
from orchestrator.reporting.sweep_record import Replicate
from orchestrator.storage.project_folder import PROJECT
from orchestrator.storage.records import version
from trainers.job import Phase


def by_name(record):
    return {fact.name: fact.value for fact in circumstances_of(record)}


def test_data_weights_jobs_and_libraries_are_named(fakes):
    record = fakes.record()
    facts = by_name(record)
    assert facts["Data (SHA-256)"] == "d" * 64
    assert facts["Original, job"] == record.reference.original.job.hash
    assert facts["Report: Lethe"] == version()
    assert f"ray {importlib.metadata.version('ray')}" in facts["Report: libraries"]
    assert facts["Jobs ran with"] == "Lethe 1"
    assert facts["Jobs ran"] == "2023-11-14 22:13:20 to 2023-11-14 22:13:24 (UTC)"


def test_the_finalists_runs_are_jobs_too(fakes):
    late = replace(fakes.result(Phase.TRIAL, method="npo"), started_at=1.7e9 + 3600)
    record = replace(fakes.record(), replicates=(Replicate("npo", 1, late),))
    assert by_name(record)["Jobs ran"] == "2023-11-14 22:13:20 to 2023-11-14 23:13:24 (UTC)"


def test_the_commit_is_that_of_the_checkout(monkeypatch, tmp_path):
    repository = tmp_path / "pyproject.toml"
    repository.write_text("", encoding="utf-8")
    monkeypatch.setattr(environment, "PROJECT", repository)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *arguments], check=True)
    first = commit()
    assert re.fullmatch("[0-9a-f]{40}", first)
    repository.write_text("changed = 1", encoding="utf-8")
    assert commit() == f"{first} with changes"


def test_outside_a_checkout_there_is_no_commit(monkeypatch, tmp_path, fakes):
    monkeypatch.setattr(environment, "PROJECT", tmp_path / "pyproject.toml")
    assert commit() is None
    assert by_name(fakes.record())["Report: git commit"] == "not made from a git checkout"
    assert tmp_path / "pyproject.toml" != PROJECT
