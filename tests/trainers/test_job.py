"""A job says what it trains on."""

import pytest

from evals.choice import Choice
from evals.settings import EvaluationSettings
from trainers.job import Job, Phase
from trainers.settings import EngineSettings, TrainingSettings


@pytest.mark.parametrize(
    ("phase", "split"),
    [(Phase.ORIGINAL, "full"), (Phase.GOLD, "retain"), (Phase.TRIAL, "forget")],
)
def test_the_original_trains_on_everything_and_gold_and_trials_on_their_own_parts(
    phase: Phase, split: str
) -> None:
    job = Job(
        phase=phase,
        benchmark=Choice(name="any"),
        model=Choice(name="any"),
        training=TrainingSettings(),
        adapter=None,
        engine=EngineSettings(),
        evaluation=EvaluationSettings(),
        seed=0,
        data="",
        weights="",
        version="1",
    )
    assert job.split == split
    assert "split" not in job.model_dump(), "the phase says it to the hash"
