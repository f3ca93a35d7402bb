"""What a model family is: it loads models and saves them, with all that rows are encoded by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from evals import plugins
from evals.benchmark import Benchmark
from evals.choice import Choice
from trainers.memory.model_size import ModelSize
from trainers.settings import AdapterSettings
from trainers.views import Arguments

PACKAGE = "trainers.models"


Writer = Callable[[nn.Module, Any, Path, Mapping[str, Tensor] | None], None]
"""Writes a model and its processor to a folder, with other weights than its own if they are given.
"""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in evaluation mode, on the CPU or its device.

    Its suite makes an encoder of `processor`. `arguments` are what the model is called with in a
    training, beside a batch's inputs.
    """

    model: nn.Module
    processor: Any
    writer: Writer
    arguments: Arguments = Arguments()

    def save(self, folder: Path, *, state: Mapping[str, Tensor] | None = None) -> None:
        """Writes what the family loads as a checkpoint, with the weights `state` if given."""
        self.writer(self.model, self.processor, folder, state)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a model's configuration says of it; `dtype` is None where it does not say."""

    num_layers: int
    dtype: torch.dtype | None
    commit: str | None = None
    """The commit that a hub id's revision stands for today; None for a folder."""


class Family(Protocol):
    """What a file in `trainers/models/` offers."""

    def load(self, *, benchmark: Benchmark, checkpoint: Path | None, seed: int) -> LoadedModel:
        """Loads the model and its processor, from `checkpoint` if one is given.

        Raises:
            ConfigError: the weights cannot be loaded; names the key, the path and the cure.
        """
        ...

    def skeleton(self, *, benchmark: Benchmark, checkpoint: Path | None) -> nn.Module:
        """Returns what `load` would, without weights, on the meta device: shapes and dtype.

        Raises:
            ConfigError: the configuration cannot be had, for want of a network, say.
        """
        ...

    def measure(
        self, skeleton: nn.Module, *, adapter: AdapterSettings | None, bf16: bool
    ) -> ModelSize:
        """Returns the size of a skeleton, which is given `adapter` for good.

        `bf16` says that the engine casts every parameter to it.

        Raises:
            ConfigError: the adapter does not fit the model.
        """
        ...

    def check(self, checkpoint: Path | None) -> None:
        """Refuses weights that would not load, without loading them.

        Raises:
            ConfigError: names the key, the path and the cure.
        """
        ...

    def shape(self, checkpoint: Path | None) -> Shape:
        """Returns layers and dtype of the model, or of `checkpoint` if one is given.

        Raises:
            ConfigError: the configuration cannot be read.
        """
        ...

    def fingerprint(self) -> str:
        """Returns what identifies the starting weights (hub id and revision, file hash, seed)."""
        ...


def build_family(choice: Choice) -> Family:
    """Builds `Family(Config(...))` of `trainers/models/<name>.py`."""
    module = plugins.load(PACKAGE, choice.name, key="model.name")
    family: Family = module.Family(choice.config(PACKAGE))
    return family
