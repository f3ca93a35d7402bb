"""A linear model of two numbers, with random weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import Field
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from evals.benchmark import Benchmark
from evals.choice import Settings
from evals.errors import ConfigError
from trainers.adapters import add_adapter
from trainers.family import Use
from trainers.loaded_model import LoadedModel, Shape
from trainers.memory.footprint import Weights
from trainers.memory.weights import weights_of
from trainers.requirements import Requirements
from trainers.settings import AdapterSettings

SUITES = ("points",)
FILE = "model.safetensors"


class Config(Settings):
    """How wide the model is."""

    width: int = Field(8, ge=1)


@dataclass
class Output:
    """Logits of both sides, for each point."""

    logits: Tensor


class Linear(nn.Module):
    """Two linear layers, which are one linear map."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(2, width)
        self.outer = nn.Linear(width, 2)

    def forward(self, places: Tensor) -> Output:
        """Returns the logits."""
        return Output(self.outer(self.inner(places)))


@dataclass(frozen=True, slots=True)
class Size:
    """A handful of numbers: everything but the weights is next to nothing."""

    weights: Weights
    cache_bytes: int = 0

    def training_bytes(
        self, asked: Requirements, *, num_rows: int, length: int, num_labels: int
    ) -> int:
        """Returns a generous bound."""
        return 1000 * num_rows

    def reference_bytes(self, drawn: Sequence[tuple[Requirements, int]], *, length: int) -> int:
        """Returns 0: nothing is kept."""
        return 0

    def evaluation_bytes(
        self, *, num_rows: int, length: int, num_labels: int, num_generated: int
    ) -> int:
        """Returns a generous bound; it cannot write."""
        return 1000 * num_rows

    def training_flops(
        self, asked: Requirements, *, num_rows: int, length: float, on_gpu: bool
    ) -> float:
        """Returns three passes' work."""
        return 6.0 * self.weights.total * num_rows

    def forward_flops(
        self, *, num_passes: float, num_rows: int, length: float, on_gpu: bool
    ) -> float:
        """Returns a multiplication and an addition for each weight."""
        return 2.0 * self.weights.total * num_rows * num_passes


class Family:
    """Builds the model anew, the same for the same seed."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def load(self, *, benchmark: Benchmark, checkpoint: Path | None, seed: int) -> LoadedModel:
        """Builds the model, with random weights or those of `checkpoint`."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = Linear(self._config.width)
        if checkpoint is not None:
            self.check(checkpoint)
            model.load_state_dict(load_file(checkpoint / FILE))
        return LoadedModel(model.eval(), None, _write)

    def skeleton(self, *, benchmark: Benchmark, checkpoint: Path | None) -> nn.Module:
        """Returns the model without weights."""
        with torch.device("meta"):
            return Linear(self._config.width)

    def measure(self, skeleton: nn.Module, *, adapter: AdapterSettings | None, bf16: bool) -> Size:
        """Returns the size of a skeleton under `adapter`."""
        model = skeleton if adapter is None else add_adapter(skeleton, adapter, seed=0)
        return Size(weights_of(model, bf16=bf16))

    def check(self, checkpoint: Path | None) -> None:
        """Refuses a folder without weights."""
        if checkpoint is not None and not (checkpoint / FILE).is_file():
            raise ConfigError(f"{checkpoint} must hold {FILE} but does not; save a model there")

    def check_rows(self, checkpoint: Path | None, use: Use) -> None:
        """Refuses nothing: every point is two numbers."""

    def shape(self, checkpoint: Path | None) -> Shape:
        """Returns the model's two layers."""
        return Shape(2, torch.float32)

    def fingerprint(self) -> str:
        """Returns the name of the recipe."""
        return "random weights"


def _write(
    model: nn.Module, processor: Any, folder: Path, state: Mapping[str, Tensor] | None
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(dict(state or model.state_dict()), folder / FILE)
