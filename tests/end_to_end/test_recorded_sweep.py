"""A small sweep is what it was when it was recorded: jobs, suggestions, scores and metrics.

The recording is of every method with one trial, and of one finalist each. A change of the code that
is not meant to change numbers must leave it as it is; one that is writes it anew, with --golden.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator.storage.members import Member, read_members
from orchestrator.storage.records import Storage
from tests.fixtures.paths import ROOT, SWEEP

pytestmark = [pytest.mark.ray, pytest.mark.slow]

RECORDED = Path(__file__).parent / "recorded" / "sweep.json"
SETTINGS = (
    SWEEP,
    "name=recorded",
    "benchmark.num_people=8",
    "benchmark.forget_people=3",
    "benchmark.holdout_people=0",
    "model.hidden_size=64",
    "model.num_layers=3",
    "model.num_heads=2",
    "baselines.training.epochs=10",
    "baselines.training.lr=4e-3",
    "training.epochs=3",
    "search.trials=1",
    "search.startup_trials=1",
    "search.constraints.retain.at_least=0.5",
    "finalists={seeds: 1}",
)
OF_THE_MACHINE = ("_s", "_bytes")
"""Endings of facts that say how long or how much, and differ from run to run."""
TOLERANCE = 1e-3
"""Of another processor, whose matrix products round otherwise; the search's numbers are exact."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The sweep, run now, in the form of the recording."""
    storage = tmp_path_factory.mktemp("storage")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("RAY_ADDRESS", None)
    command = [sys.executable, "-m", "orchestrator.sweep", f"storage={storage}", *SETTINGS]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    kept = Storage(storage)
    members = read_members(storage / "sweeps" / "recorded")
    return {_place(member): _recorded(kept, member) for member in members}


@pytest.fixture(scope="module")
def recorded(run: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    """The recording; with --golden the one that is made of this run."""
    if request.config.getoption("--golden"):
        RECORDED.parent.mkdir(exist_ok=True)
        lines = [f"{json.dumps(place)}: {json.dumps(one)}" for place, one in run.items()]
        RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    found: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found


def _place(member: Member) -> str:
    parts = (member.role, member.label, member.number, member.seed)
    return " ".join(str(part) for part in parts if part is not None)


def _recorded(storage: Storage, member: Member) -> dict[str, Any]:
    """Returns what is held against the recording; likelihoods by task, in the order of the ids."""
    result = next(storage.find(job) for job in storage.jobs() if job.hash == member.job)
    assert result is not None
    sheet = storage.sheet(member.job)
    facts = {n: v for n, v in result.facts.items() if not n.endswith(OF_THE_MACHINE)}
    return {
        "job": member.job,
        "params": dict(member.params),
        "state": str(result.state),
        "metrics": dict(result.metrics),
        "facts": facts,
        "nll": {t.name: [round(i.answer.nll, 4) for i in t.items] for t in sheet.tasks},
    }


@pytest.mark.parametrize("part", ["job", "params", "state"])
def test_the_same_jobs_are_run_with_the_same_suggestions(run, recorded, part: str) -> None:
    assert list(run) == list(recorded)
    assert {p: one[part] for p, one in run.items()} == {p: one[part] for p, one in recorded.items()}


@pytest.mark.parametrize("part", ["metrics", "facts"])
def test_metrics_and_facts_are_the_recorded_ones(run, recorded, part: str) -> None:
    for place, one in recorded.items():
        assert run[place][part] == pytest.approx(one[part], rel=TOLERANCE, abs=TOLERANCE), place


def test_every_answer_is_as_likely_as_it_was(run, recorded) -> None:
    for place, one in recorded.items():
        assert list(run[place]["nll"]) == list(one["nll"])
        for task, values in one["nll"].items():
            assert run[place]["nll"][task] == pytest.approx(values, rel=TOLERANCE, abs=TOLERANCE)
