"""GPUs that torch cannot use are told from none."""

import pytest

from orchestrator.diagnosing import accelerators
from orchestrator.diagnosing.finding import Level

DRIVER = "NVIDIA H100, 550.54"


@pytest.mark.parametrize(
    ("driver", "built", "seen", "level", "said"),
    [
        (None, False, [], Level.WORKS, "none; jobs run on CPU"),
        (DRIVER, True, ["NVIDIA H100 (80 GiB)"], Level.WORKS, "NVIDIA H100 (80 GiB)"),
        (DRIVER, False, [], Level.DOUBTFUL, "a build for CPU"),
        (DRIVER, True, [], Level.DOUBTFUL, "torch sees none"),
    ],
)
def test_what_can_be_computed_on_is_said(driver, built, seen, level, said) -> None:
    found = accelerators.gpus(driver, built_for_cuda=built, seen=seen)
    assert found.level == level
    assert said in found.said
    assert bool(found.cure) == (level != Level.WORKS)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'NVIDIA A, 550'; echo 'NVIDIA B, 550'", "NVIDIA A, 550; NVIDIA B, 550"),
        ("exit 9", None),
        (":", None),
    ],
)
def test_the_driver_is_asked_and_may_be_broken(script, said, monkeypatch, tmp_path) -> None:
    asked = tmp_path / "nvidia-smi"
    asked.write_text(f"#!/bin/sh\n{script}\n")
    asked.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert accelerators._driver() == said


def test_without_a_driver_there_is_none(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert accelerators._driver() is None
