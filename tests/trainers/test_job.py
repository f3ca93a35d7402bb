"""A job says what it trains on."""

import pytest

from evals.choice import Choice
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


def test_where_a_model_keeps_features_is_no_part_of_what_a_job_is() -> None:
    one, other = (
        any_job(model=Choice(name="vision_language", settings={"cache": folder}))
        for folder in ("here", "there")
    )
    assert one.hash == other.hash
    changed = any_job(
        model=Choice(name="vision_language", settings={"cache": "here", "dtype": "bf16"})
    )
    assert changed.hash != one.hash
