import re
import subprocess

from orchestrator.tracking import provenance


def git(folder, *arguments):
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], capture_output=True)
    return done.stdout.decode().strip()


def tags_in(folder, monkeypatch):
    monkeypatch.setattr(provenance, "PROJECT", folder)
    provenance.code_tags.cache_clear()
    try:
        return provenance.code_tags()
    finally:
        provenance.code_tags.cache_clear()


def test_a_checkout_says_its_commit_and_whether_anything_was_changed(tmp_path, monkeypatch):
    git(tmp_path, "init", "-b", "trunk")
    (tmp_path / "a").write_text("1", encoding="utf-8")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-m", "first")
    clean = tags_in(tmp_path, monkeypatch)
    assert clean["mlflow.source.git.commit"] == git(tmp_path, "rev-parse", "HEAD")
    assert clean["mlflow.source.git.branch"] == "trunk"
    assert clean["mlflow.source.git.dirty"] == "false"
    (tmp_path / "a").write_text("2", encoding="utf-8")
    assert tags_in(tmp_path, monkeypatch)["mlflow.source.git.dirty"] == "true"


def test_an_installed_package_says_no_commit(tmp_path, monkeypatch):
    tags = tags_in(tmp_path, monkeypatch)
    assert tags["mlflow.source.name"] == "orchestrator.sweep"
    assert tags["version.torch"]
    assert not [name for name in tags if "git" in name]


def test_the_requirements_are_exact_versions_of_what_lethe_is_built_on():
    lines = provenance.requirements_text().splitlines()
    assert all(re.fullmatch(r"[\w.-]+==\S+", line) for line in lines)
    names = {line.partition("==")[0] for line in lines}
    assert {"ray", "torch", "deepspeed", "optuna", "mlflow", "peft"} <= names
    assert "pytest" not in names
