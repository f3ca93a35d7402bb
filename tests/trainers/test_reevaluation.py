"""A saved model, with an adapter or without, scores as it did on the workbench that made it."""

from pathlib import Path

import pytest
import torch

from evals.building import build_benchmark
from evals.choice import choose
from evals.errors import ConfigError
from evals.scores import ScoreSheet
from evals.settings import EvaluationSettings
from trainers.distributed import Place
from trainers.job import Job, Outcome, Phase
from trainers.rank_task import Order
from trainers.reevaluation import evaluate_saved
from trainers.run import run
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings
from trainers.warm_state import Workbench

PEOPLE = {"num_people": 4, "forget_people": 1, "holdout_people": 0, "num_world": 2}
SIZE = {"hidden_size": 32, "num_layers": 2, "num_heads": 2, "intermediate_size": 32}
BENCHMARK = choose("evals.benchmarks", {"name": "characters", **PEOPLE}, key="benchmark")
MODEL = choose("trainers.models", {"name": "tiny_llama", **SIZE}, key="model")


def original() -> Job:
    return Job(
        phase=Phase.ORIGINAL,
        benchmark=BENCHMARK,
        model=MODEL,
        training=TrainingSettings(lr=1e-2, epochs=3),
        adapter=None,
        engine=EngineSettings(zero_stage=0),
        evaluation=EvaluationSettings(metrics=("retain",), max_items=3),
        seed=0,
        data=build_benchmark(BENCHMARK).fingerprint,
        weights="random",
        version="test",
    )


def trial() -> Job:
    return original().model_copy(
        update={
            "phase": Phase.TRIAL,
            "adapter": AdapterSettings(rank=2),
            "method": choose("trainers.methods", {"name": "npo"}, key="method"),
            "base": "base",
        }
    )


def measured(job: Job, folder: Path, base: Path | None = None) -> ScoreSheet:
    """Runs the job on a workbench of its own, which leaves its weights in `folder`."""
    bench = Workbench(Place())
    *_, outcome = run(Order(job, folder, base), bench)
    bench.clear()
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
    again = evaluate_saved(original(), model=folder / "model", adapter=None)
    torch.testing.assert_close(answers(again), answers(first), rtol=0, atol=1e-5)


def test_a_model_under_its_adapter_scores_as_it_did(made) -> None:
    folder, first, second = made
    again = evaluate_saved(trial(), model=folder / "model", adapter=folder / "adapter")
    torch.testing.assert_close(answers(again), answers(second), rtol=0, atol=1e-5)
    assert (answers(again) - answers(first)).abs().max() > 1e-3, "the adapter does something"


def test_a_model_that_is_none_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError):
        evaluate_saved(original(), model=tmp_path, adapter=None)
