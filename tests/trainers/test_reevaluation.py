"""A saved model, with an adapter or without, scores as it did where it was made."""

from pathlib import Path

import pytest
import torch

from evals.errors import ConfigError
from evals.scores import ScoreSheet
from evals.settings import EvaluationSettings
from tests.fixtures.jobs import choose_method, few_people, real_job, tiny_llama
from trainers.distributed import Place
from trainers.job import Job, Outcome, Phase
from trainers.rank_task import RankTask
from trainers.reevaluation import evaluate_saved
from trainers.run import run
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings
from trainers.warm_state import WarmState

BENCHMARK = few_people(num_world=2)
MODEL = tiny_llama(num_layers=2, intermediate_size=32)


def original() -> Job:
    return real_job(
        Phase.ORIGINAL,
        benchmark=BENCHMARK,
        model=MODEL,
        training=TrainingSettings(lr=1e-2, epochs=3),
        engine=EngineSettings(zero_stage=0),
        evaluation=EvaluationSettings(metrics=("retain",), max_items=3),
    )


def trial() -> Job:
    return original().model_copy(
        update={
            "phase": Phase.TRIAL,
            "adapter": AdapterSettings(rank=2),
            "method": choose_method("npo"),
            "base": "base",
        }
    )


def measured(job: Job, folder: Path, base: Path | None = None) -> ScoreSheet:
    """Runs the job by itself, which leaves its weights in `folder`."""
    warm_state = WarmState(Place())
    *_, outcome = run(RankTask(job, folder, base), warm_state)
    warm_state.clear()
    assert isinstance(outcome, Outcome)
    return outcome.sheet


def answers(sheet: ScoreSheet) -> torch.Tensor:
    items = [item for task in sheet.tasks for item in task.items]
    scores = [score for item in items for score in (item.answer, *item.perturbed)]
    return torch.tensor([score.mean_nll for score in scores])


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, ScoreSheet, ScoreSheet]:
    """The folder of an original and a trial, and what each of them measured."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCAL_RANK", "0")  # the engine sets it
        first = measured(original(), folder)
        return folder, first, measured(trial(), folder, folder / "model")


def test_a_model_scores_as_it_did(made) -> None:
    folder, first, _ = made
    again = evaluate_saved(original(), model=folder / "model", adapter=None).sheet
    torch.testing.assert_close(answers(again), answers(first), rtol=0, atol=1e-5)


def test_a_model_under_its_adapter_scores_as_it_did(made) -> None:
    folder, first, second = made
    again = evaluate_saved(trial(), model=folder / "model", adapter=folder / "adapter").sheet
    torch.testing.assert_close(answers(again), answers(second), rtol=0, atol=1e-5)
    assert (answers(again) - answers(first)).abs().max() > 1e-3, "the adapter does something"


def test_a_model_that_is_none_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError):
        evaluate_saved(original(), model=tmp_path, adapter=None)
