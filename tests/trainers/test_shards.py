import pytest
import torch
from torch import nn

from trainers.adapters import parameter_groups
from trainers.engine import Engine
from trainers.settings import EngineSettings, L1Mode, TrainingSettings


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "0")  # the engine sets it


def test_after_zero_3_torch_computes_linear_products_as_before():
    model = nn.Linear(3, 2)
    before = nn.functional.linear
    engine = Engine.start(
        model,
        settings=EngineSettings(zero_stage=3, dtype="fp32"),
        training=TrainingSettings(batch_size=2, micro_batch_size=2),
        world=1,
        groups=parameter_groups(model, l1=0.0, l1_mode=L1Mode.PROXIMAL, weight_decay=0.0),
    )
    assert nn.functional.linear is not before
    engine.backward(model(torch.ones(2, 3)).sum())
    engine.close()
    assert nn.functional.linear is before
