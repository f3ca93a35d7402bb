"""Every script finds what it imports, of libraries without types, too, and says what it takes."""

from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
NAMES = sorted(file.stem for file in FOLDER.glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_script_finds_what_it_imports_and_says_what_it_takes(name) -> None:
    script = import_module(name)
    if hasattr(script, "main"):
        assert "--help" in script._parser().format_help()
