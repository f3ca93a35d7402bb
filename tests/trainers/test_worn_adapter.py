"""An adapter is put on the model that it was trained on, and refused on any other."""

import pytest
import torch
from peft import PeftModel
from torch import nn

from evals.errors import ConfigError
from trainers.adapters import add_adapter, save_adapter, trainable
from trainers.settings import AdapterSettings
from trainers.worn_adapter import with_adapter


class Stack(nn.Module):
    """Some linear layers, one after the other."""

    def __init__(self, depth: int, *, width: int = 4) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            rows = layer(rows)
        return rows


@pytest.fixture
def adapter(tmp_path):
    """The folder of an adapter on two layers."""
    targets = ("layers.0", "layers.1")
    worn = add_adapter(Stack(2), AdapterSettings(rank=2, target_modules=targets), seed=0)
    config = worn.peft_config["default"]
    config.target_modules = r".*layers\.\d+"
    state = {name: torch.ones_like(value) for name, value in trainable(worn)}
    save_adapter(state, config, tmp_path)
    return tmp_path


def test_it_is_put_on_its_model(adapter) -> None:
    worn = with_adapter(Stack(2), adapter)
    assert isinstance(worn, PeftModel)
    assert all((v == 1).all() for name, v in worn.named_parameters() if ".lora_" in name)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (Stack(3), r"it has no weights for .*layers\.2\.lora_A"),
        (Stack(1), r"the model has no place for .*layers\.1\.lora_A"),
        (Stack(2, width=6), r"rror"),
        (nn.Linear(2, 2), r"No modules were targeted"),
    ],
)
def test_on_another_model_it_is_refused(model, reason, adapter) -> None:
    with pytest.raises(ConfigError, match=rf"must fit the model .* but got .*{reason}"):
        with_adapter(model, adapter)


def test_a_broken_file_is_refused(adapter) -> None:
    (adapter / "adapter_model.safetensors").write_bytes(b"w")
    with pytest.raises(ConfigError, match=r"must fit the model"):
        with_adapter(Stack(2), adapter)
