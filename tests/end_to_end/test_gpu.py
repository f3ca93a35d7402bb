"""A fine-tuning job and an unlearning trial on one GPU in bf16; on a CPU the same in fp32."""

import math
from pathlib import Path

import pytest
import torch

from tests.fixtures.jobs import choose_method, real_job, tiny_llama
from trainers.distributed import Place
from trainers.job import Job, Outcome, Phase, Report
from trainers.run import RankTask, run
from trainers.settings import EngineSettings, TrainingSettings
from trainers.warm_state import WarmState

HAS_CUDA = torch.cuda.is_available()
WITHOUT_CUDA = pytest.mark.skipif(not HAS_CUDA, reason="there is no CUDA device")
WITH_CUDA = pytest.mark.skipif(HAS_CUDA, reason="DeepSpeed takes the GPU wherever there is one")


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    # The process group stays: DeepSpeed keeps hold of the first one for the life of the process.
    monkeypatch.setenv("LOCAL_RANK", "0")  # the engine sets it


def job(phase: Phase, dtype: str) -> Job:
    how = {"method": choose_method("npo")} if phase == Phase.TRIAL else {}
    return real_job(
        phase,
        model=tiny_llama(dtype=dtype),
        training=TrainingSettings(lr=1e-3, epochs=2),
        engine=EngineSettings(zero_stage=2, dtype=dtype),
        **how,
    )


@pytest.mark.parametrize(
    ("device", "dtype"),
    [
        pytest.param("cuda:0", "bf16", marks=[pytest.mark.gpu, WITHOUT_CUDA]),
        pytest.param("cpu", "fp32", marks=[pytest.mark.slow, WITH_CUDA]),
    ],
)
def test_a_model_is_trained_and_unlearns_on_its_device(
    device: str, dtype: str, tmp_path: Path
) -> None:
    warm_state = WarmState(Place(device=device))
    original = RankTask(job(Phase.ORIGINAL, dtype), tmp_path / "original")
    trial = RankTask(job(Phase.TRIAL, dtype), tmp_path / "trial", tmp_path / "original" / "model")
    for order in (original, trial):
        *reports, outcome = run(order, warm_state)
        assert isinstance(outcome, Outcome)
        losses = [report.metrics["loss"] for report in reports if isinstance(report, Report)]
        assert losses
        assert all(map(math.isfinite, losses))
        nlls = [item.answer.nll for task in outcome.sheet.tasks for item in task.items]
        assert len({task.name for task in outcome.sheet.tasks}) == 4
        assert all(map(math.isfinite, nlls))
        assert outcome.facts["peak_memory_bytes"] > 0
    assert outcome.facts["moved"] == 1.0
    warm_state.clear()
