"""Which code records: its commit, and the versions of what it is built on."""

import getpass
import importlib.metadata
import re
import subprocess
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DISTRIBUTION = "lethe"
GIT_TIMEOUT_S = 10.0
LIBRARIES = ("torch", "transformers", "peft", "deepspeed", "ray", "optuna")
"""What decides more than anything else what a job comes to; their versions are tags."""


@cache
def code_tags() -> dict[str, str]:
    """Returns the tags that say which code made a run; without git no commit is among them."""
    tags = {
        "mlflow.source.name": "orchestrator.sweep",
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": _git("rev-parse", "HEAD"),
        "mlflow.source.git.branch": _git("branch", "--show-current"),
        "mlflow.user": _user(),
    }
    if tags["mlflow.source.git.commit"]:
        tags["mlflow.source.git.dirty"] = str(bool(_git("status", "--porcelain"))).lower()
    tags |= {f"version.{name}": _version(name) for name in LIBRARIES}
    return {name: value for name, value in tags.items() if value}


@cache
def requirements_text() -> str:
    """Returns the exact versions of the distributions that Lethe asks for, as pip writes them."""
    try:
        asked = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        asked = []
    names = [re.split(r"[^A-Za-z0-9._-]", line)[0] for line in asked if "extra ==" not in line]
    versions = {name: _version(name) for name in names}
    return "".join(f"{name}=={found}\n" for name, found in versions.items() if found)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _git(*arguments: str) -> str:
    """Returns what git says of this project's checkout; nothing where it is none."""
    if not (PROJECT / ".git").exists():
        return ""
    try:
        said = subprocess.run(
            ["git", "-C", str(PROJECT), *arguments],
            capture_output=True,
            check=True,
            text=True,
            timeout=GIT_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return ""
