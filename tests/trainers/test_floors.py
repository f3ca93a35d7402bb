"""What is told without being taught is measured beside the original, on either part of items."""

from pathlib import Path

import pytest

from evals.choice import Choice
from evals.settings import EvaluationSettings
from tests.fixtures.jobs import few_people, real_job, tiny_llama
from trainers.distributed import Place
from trainers.floors import floors_in
from trainers.job import Job, Outcome, Phase
from trainers.rank_task import RankTask
from trainers.run import run
from trainers.settings import EngineSettings, TrainingSettings
from trainers.warm_state import WarmState
from trainers.weight_files import fingerprint_of

METRICS = ("retain_accuracy", "forget_accuracy", "accuracy_gap")
PEOPLE = {"forget_people": 2, "holdout_people": 2, "retain_people": 3, "other_people": 1}
PICTURES = Choice(
    name="portraits", settings={**PEOPLE, "pictures_per_person": 6, "size": 24, "cache": None}
)


def original(**fields) -> Job:
    return real_job(
        phase=Phase.ORIGINAL,
        benchmark=PICTURES,
        model=Choice(name="face_recogniser", settings={"hidden_sizes": [4, 8], "depths": [1, 1]}),
        training=TrainingSettings(
            epochs=1, batch_size=8, micro_batch_size=8, optimizer="sgd", weight_decay=0
        ),
        adapter=None,
        engine=EngineSettings(zero_stage=0),
        evaluation=EvaluationSettings(metrics=METRICS),
        **fields,
    )


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "0")  # the engine sets it


def facts_of(job: Job, folder: Path) -> dict[str, float]:
    *_, outcome = run(RankTask(job, folder), WarmState(Place()))
    assert isinstance(outcome, Outcome)
    return dict(outcome.facts)


def test_the_original_brings_pixels_and_its_network_as_it_was_before(tmp_path: Path) -> None:
    facts = facts_of(original(held_out=0.5), tmp_path / "a")
    for held_out in (False, True):
        found = floors_in(facts, held_out=held_out)
        assert set(found) == {"Raw pixels", "Before training"}
        assert all(set(metrics) == set(METRICS) for metrics in found.values())
    assert floors_in(facts, held_out=True) != floors_in(facts, held_out=False)
    again = facts_of(original(held_out=0.5), tmp_path / "b")
    assert floors_in(again, held_out=False) == floors_in(facts, held_out=False)

    model = tmp_path / "a" / "model"
    given = original(checkpoint=str(model), weights=fingerprint_of(model))
    whole = facts_of(given, tmp_path / "c")
    assert set(floors_in(whole, held_out=True)) == {"Raw pixels"}
    assert floors_in(whole, held_out=True) == floors_in(whole, held_out=False)


def test_text_has_none(tmp_path: Path) -> None:
    job = real_job(
        phase=Phase.ORIGINAL,
        benchmark=few_people(num_world=2),
        model=tiny_llama(num_layers=2, intermediate_size=32),
        training=TrainingSettings(epochs=1),
        adapter=None,
        engine=EngineSettings(zero_stage=0),
        evaluation=EvaluationSettings(metrics=("retain",), max_items=2),
    )
    facts = facts_of(job, tmp_path)
    assert not any("/" in fact for fact in facts)
    assert floors_in(facts, held_out=False) == {}
