"""A job says what it trains on."""

import pytest

from tests.fixtures.jobs import any_job
from trainers.job import Phase


@pytest.mark.parametrize(
    ("phase", "split"),
    [(Phase.ORIGINAL, "full"), (Phase.GOLD, "retain"), (Phase.TRIAL, "forget")],
)
def test_the_original_trains_on_everything_and_gold_and_trials_on_their_own_parts(
    phase: Phase, split: str
) -> None:
    job = any_job(phase)
    assert job.split == split
    assert "split" not in job.model_dump(), "the phase says it to the hash"
