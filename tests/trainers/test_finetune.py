"""What a baseline's fine-tuning leaves behind, or does not."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from torch import Tensor

from evals.settings import EvaluationSettings
from tests.fixtures.jobs import few_people, real_job, tiny_llama
from trainers.distributed import Place
from trainers.job import Job, Outcome, Phase, TrialFailure
from trainers.loaded_model import LoadedModel
from trainers.rank_task import RankTask
from trainers.run import run
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings
from trainers.warm_state import WarmState


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "0")  # the engine sets it


def original(dtype: str = "fp32", *, stage: int = 0) -> Job:
    return real_job(
        phase=Phase.ORIGINAL,
        benchmark=few_people(num_world=2),
        model=tiny_llama(num_layers=2, intermediate_size=32, dtype=dtype),
        training=TrainingSettings(lr=1e-2, epochs=3),
        adapter=AdapterSettings(rank=2),
        engine=EngineSettings(zero_stage=stage, dtype=dtype),
        evaluation=EvaluationSettings(metrics=("retain",), max_items=2),
    )


class MergesTwice(WarmState):
    """A rank that adds twice the update to the weights."""

    def merged(self, job: Job, state: Mapping[str, Tensor]) -> LoadedModel:
        doubled = {name: value * (2 if "lora_B" in name else 1) for name, value in state.items()}
        return super().merged(job, doubled)


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "stage"), [("bf16", 0), ("fp32", 3)])
def test_a_merged_baseline_answers_as_the_trained_one_did(dtype, stage, tmp_path: Path):
    *_, outcome = run(RankTask(original(dtype, stage=stage), tmp_path), WarmState(Place()))
    assert isinstance(outcome, Outcome)
    assert (tmp_path / "model" / "model.safetensors").is_file()
    assert outcome.first_row.startswith("prompt: '<s>Question: ")


def test_a_merge_that_changes_the_answers_ends_the_job_and_leaves_no_model(tmp_path: Path):
    reason = r"merging the adapter .* changed its answers: \d+ rows had .*; nothing was saved"
    with pytest.raises(TrialFailure, match=reason):
        list(run(RankTask(original(), tmp_path), MergesTwice(Place())))
    assert list(tmp_path.iterdir()) == []
