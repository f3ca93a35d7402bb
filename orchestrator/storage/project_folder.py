"""The checkout whose code runs, if it is one, and where storage lies that nobody has named.

Code that was installed from a wheel has no checkout around it.
"""

import tomllib
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
NAME = "lethe"
STORAGE, CACHE = Path("runs"), Path("runs/cache")
"""Where a sweep is kept, and worked on, unless somebody says so: in `project_folder`."""


@cache
def checkout_version(project: Path = PROJECT) -> str | None:
    """Returns what the checkout says that its version is; None if the code is in none.

    Some packages leave a `pyproject.toml` of their own beside all that is installed.
    """
    try:
        table = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return None
    return str(table["version"]) if table.get("name") == NAME else None


def project_folder() -> Path:
    """Returns the checkout, wherever a person stands, or else the current folder."""
    return Path.cwd() if checkout_version() is None else PROJECT.parent


def in_project(path: Path) -> Path:
    """Returns where a default path leads: one that a person gives is taken from where that is."""
    return (project_folder() / path.expanduser()).resolve()
