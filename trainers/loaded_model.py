"""What a model family loads: a model, what its rows are encoded by, and how both are saved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trainers.in_step import Work, finished
from trainers.model_call import Arguments

Writer = Callable[[nn.Module, Any, Path, Mapping[str, Tensor] | None], None]
"""Writes a model and its processor to a folder, with other weights than its own if they are given.
"""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in evaluation mode, on the CPU or its device.

    Its suite makes an encoder of `processor`. `arguments` are what the model is called with in a
    training, beside a batch's inputs. `prepare` is for whatever shall be done once the model is on
    its device and still whole, before an engine takes it; it may take long.
    """

    model: nn.Module
    processor: Any
    writer: Writer
    arguments: Arguments = Arguments()
    prepare: "Callable[[LoadedModel], Work[LoadedModel]] | None" = None

    def preparing(self) -> "Work[LoadedModel]":
        """Returns the model as it is trained and evaluated; it must be on its device."""
        return self if self.prepare is None else (yield from self.prepare(self))

    def prepared(self) -> "LoadedModel":
        """Returns the same at one go."""
        return finished(self.preparing())

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
    mixes_rows: bool = False
    """Whether rows of a batch change each other's outputs in training, so that a smaller batch is
    another computation, and not the same one in parts."""
