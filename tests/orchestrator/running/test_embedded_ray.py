"""What an embedded Ray is given where the machine does not have what it wants."""

import os
import stat
from pathlib import Path

import pytest
import ray
from ray._private.node import Node

from evals.errors import ConfigError
from orchestrator.running import embedded_ray

LONG = "/tmp/" + "a" * 60


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, object]:
    """What Ray is told, in a home that can be written to."""
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE", "RAY_TMPDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", "/tmp")
    arguments: dict[str, object] = {}
    monkeypatch.setattr(ray, "init", lambda **given: arguments.update(given))
    return arguments


def test_ray_makes_no_token_that_others_can_read(told, tmp_path: Path) -> None:
    embedded_ray.start()
    token = tmp_path / ".ray" / "auth_token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert "RAY_AUTH_TOKEN" not in os.environ
    assert told["_temp_dir"] is None


def test_without_a_home_the_token_is_in_the_environment(told, monkeypatch, tmp_path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setenv("RAY_AUTH_TOKEN", "")  # so that it is put back afterwards
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    embedded_ray.start()
    assert len(os.environ["RAY_AUTH_TOKEN"]) >= 32
    assert told


def test_sockets_go_where_their_paths_are_short_enough(told, monkeypatch) -> None:
    monkeypatch.setenv("TMPDIR", LONG)
    embedded_ray.start()
    assert told["_temp_dir"] == embedded_ray.SHORT_FOLDER
    longest = "/" * (embedded_ray.LONGEST_SOCKET - embedded_ray.ENOUGH - len("/ray"))
    monkeypatch.setenv("TMPDIR", longest)
    embedded_ray.start()
    assert told["_temp_dir"] is None


def test_where_no_path_is_short_enough_that_is_said(told, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("TMPDIR", LONG)
    monkeypatch.setattr(embedded_ray, "SHORT_FOLDER", str(tmp_path / "nowhere" / "ray"))
    with pytest.raises(ConfigError, match=r"too long for Unix sockets.*; see that TMPDIR"):
        embedded_ray.start()
    assert not told


def test_no_workers_are_started_that_no_trainable_uses(told, monkeypatch) -> None:
    monkeypatch.setenv(embedded_ray.WORKERS_AHEAD, "")  # so that it is put back afterwards
    monkeypatch.delenv(embedded_ray.WORKERS_AHEAD)
    embedded_ray.start()
    assert os.environ[embedded_ray.WORKERS_AHEAD] == "0"


def test_nothing_is_started_that_no_sweep_asks(monkeypatch) -> None:
    others = [getattr(Node, name) for name in embedded_ray.UNUSED]
    started = []
    monkeypatch.setattr(ray, "init", lambda **_: started.append(Node.start_monitor(None)))
    embedded_ray.start()
    assert started == [None]
    assert [getattr(Node, name) for name in embedded_ray.UNUSED] == others


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Exception("The current node timed out during startup."), "timed out during startup"),
        (PermissionError(13, "Permission denied", "/tmp/ray"), "Permission denied"),
        (ValueError("a\n\n\nmore"), "ValueError: 'a'"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_a_ray_that_does_not_start_is_told_with_its_reason_and_the_cure(
    told, monkeypatch, error, said
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(ray, "init", fail)
    with pytest.raises(ConfigError) as refused:
        embedded_ray.start()
    text = str(refused.value)
    assert said in text
    assert "\n" not in text
    assert text.startswith("Ray must start on this machine but got ")
    assert "or name a running cluster in RAY_ADDRESS" in text


def test_of_a_session_that_is_over_nothing_is_left_and_others_stay(tmp_path: Path) -> None:
    mine, other = tmp_path / "session_1", tmp_path / "session_2"
    for each in (mine, other):
        (each / "logs").mkdir(parents=True)
    latest = tmp_path / "session_latest"
    latest.symlink_to(mine)
    embedded_ray.remove_session(mine)
    assert list(tmp_path.iterdir()) == [other]
    latest.symlink_to(other)
    embedded_ray.remove_session(mine)
    assert latest.readlink() == other
