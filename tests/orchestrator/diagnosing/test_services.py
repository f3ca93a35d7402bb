"""What does not answer is said with the cure, and what is there says so."""

from contextlib import nullcontext
from urllib.error import URLError

import pytest

from cluster import nodes
from cluster.nodes import Node
from evals.errors import ConfigError
from orchestrator.diagnosing import services
from orchestrator.diagnosing.finding import Level
from orchestrator.running import ray_connection


@pytest.fixture(autouse=True)
def online(monkeypatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")


def test_a_hub_that_answers_works(monkeypatch) -> None:
    monkeypatch.setattr(services, "urlopen", lambda address, timeout: nullcontext(address))
    assert services.hub().said == "http://127.0.0.1:9 answers"


def test_a_hub_that_does_not_answer_is_doubtful(monkeypatch) -> None:
    def fail(address, timeout):
        raise URLError("no route")

    monkeypatch.setattr(services, "urlopen", fail)
    assert services.hub().level == Level.DOUBTFUL


def test_a_hub_that_nobody_wants_is_not_asked(monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(services, "urlopen", None)
    assert services.hub().level == Level.WORKS


@pytest.mark.slow
def test_mlflow_makes_a_store() -> None:
    assert services.mlflow().level == Level.WORKS


def test_a_store_that_cannot_be_made_fails(monkeypatch) -> None:
    def refuse(*_) -> None:
        raise ConfigError("tracking.uri must be a store")

    monkeypatch.setattr(services, "begin_session", refuse)
    found = services.mlflow()
    assert (found.level, found.said) == (Level.FAILS, "tracking.uri must be a store")


@pytest.fixture
def left(monkeypatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(ray_connection, "leave", lambda: said.append("left"))
    return said


def test_a_cluster_is_joined_counted_and_left(monkeypatch, left) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    monkeypatch.setattr(ray_connection, "join", lambda: None)
    monkeypatch.setattr(nodes, "connected_nodes", lambda: (Node(8, 0), Node(32, 4, "H100")))
    found = services.ray()
    assert found.said.startswith("the cluster at 10.0.0.1:6379: 8 CPU, 32 CPU and 4 H100 (in ")
    assert left == ["left"]


def test_a_cluster_that_does_not_answer_fails_and_is_left(monkeypatch, left) -> None:
    def refuse() -> None:
        raise ConfigError("RAY_ADDRESS must be the address of a running cluster")

    monkeypatch.setattr(ray_connection, "join", refuse)
    assert services.ray().level == Level.FAILS
    assert left == ["left"]
