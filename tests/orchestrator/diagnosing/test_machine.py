"""What a machine lacks is found, with the cure."""

import resource
from importlib import metadata

import pytest

from orchestrator.diagnosing import machine
from orchestrator.diagnosing.finding import Level


def test_this_machine_which_runs_tests_works() -> None:
    found = {finding.what: finding for finding in machine.machine()}
    for what in ("Python", "packages", "C++ compiler"):
        assert found[what].level == Level.WORKS, found[what]


def test_an_old_python_fails() -> None:
    found = machine.python((3, 9, 1))
    assert (found.level, found.said) == (Level.FAILS, "3.9.1")
    assert "make PYTHON=" in found.cure


def test_packages_that_are_missing_or_of_another_version_are_named(monkeypatch) -> None:
    wanted = ["ray[default]>=2", "nowhere>=1", "numpy<1", 'pytest>=99; extra == "dev"']
    monkeypatch.setattr(metadata, "requires", lambda _name: wanted)
    found = machine.packages()
    assert found.level == Level.FAILS
    first, second = found.said.split("; ")
    assert first == "nowhere is missing"
    assert second == f"numpy is {metadata.version('numpy')}, not <1"


def test_a_checkout_that_is_not_installed_fails(monkeypatch) -> None:
    def lacks(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", lacks)
    assert machine.packages().cure == "make venv"


def test_a_compiler_is_looked_for_on_the_path_and_in_cxx(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert machine.compiler().level == Level.FAILS
    own = tmp_path / "mine++"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("CXX", "mine++")
    assert machine.compiler().said == str(own)


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (machine.memory(2 * machine.GIB, 2), Level.DOUBTFUL),
        (machine.memory(24 * machine.GIB, 2), Level.WORKS),
        (machine.shared_memory(None), Level.DOUBTFUL),
        (machine.shared_memory(64 << 20), Level.DOUBTFUL),
        (machine.shared_memory(8 * machine.GIB), Level.WORKS),
        (machine.open_files(1024), Level.DOUBTFUL),
        (machine.open_files(65536), Level.WORKS),
        (machine.open_files(resource.RLIM_INFINITY), Level.WORKS),
    ],
)
def test_what_is_scarce_is_doubtful_and_has_a_cure(found, level) -> None:
    assert found.level == level
    assert bool(found.cure) == (level != Level.WORKS)
