"""Where a part of a batch is another computation, a batch stays whole, and who runs out is told."""

import pytest

from evals.choice import Choice
from orchestrator.config.gang import GangSettings
from orchestrator.jobs.ticket import Ticket
from orchestrator.running.whole_batches import cure, must_stay_whole
from tests.fixtures.jobs import any_job
from trainers.job import Phase
from trainers.settings import TrainingSettings


def ticket(model: str, phase: Phase = Phase.TRIAL, **settings: str) -> Ticket:
    training = TrainingSettings(batch_size=8, micro_batch_size=8)
    job = any_job(phase, training=training, model=Choice(name=model, settings=settings))
    return Ticket(job=job, storage="runs", gang=GangSettings())


def test_pictures_are_normalised_together_and_texts_are_not() -> None:
    assert must_stay_whole(ticket("face_recogniser"))
    assert not must_stay_whole(ticket("tiny_llama"))
    assert cure(ticket("tiny_llama")) == ""


def test_a_model_that_cannot_be_asked_may_mix_its_rows() -> None:
    assert must_stay_whole(ticket("face_recogniser", path="/there/is/no/such/folder"))


@pytest.mark.parametrize(
    ("phase", "key"), [(Phase.TRIAL, "training"), (Phase.GOLD, "baselines.training")]
)
def test_the_cure_names_the_key_and_what_it_is(phase: Phase, key: str) -> None:
    assert cure(ticket("face_recogniser", phase)) == (
        f"; {key}.batch_size must fit into memory whole for face_recogniser, which normalises "
        "rows together, but got 8; lower it with micro_batch_size"
    )
