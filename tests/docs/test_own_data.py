"""What docs/own_data.md shows is a sweep that can be planned."""

import re

import pytest

from evals.building import build_benchmark
from orchestrator.config.loading import load_config
from orchestrator.planning.plan import plan
from orchestrator.planning.plan_text import render
from orchestrator.storage.records import Storage
from tests.fixtures.paths import ROOT

PAGE = (ROOT / "docs" / "own_data.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def files(tmp_path, monkeypatch):
    (tmp_path / "people.csv").write_text(block("csv"))
    (tmp_path / "people.yaml").write_text(block("yaml"))
    monkeypatch.chdir(tmp_path)


def test_the_sweep_that_is_shown_is_planned(files) -> None:
    config = load_config("people.yaml", ["model=tiny_llama", "gang.gpus_per_rank=0"])
    said = render(plan(config, build_benchmark(config.benchmark), storage=Storage(config.folder)))
    assert "full 12, forget 4, retain 8, holdout 0 rows; scored on forget 4, retain 8" in said
    assert len(block("yaml").splitlines()) <= 10
    assert "real" not in config.evaluation.metrics
