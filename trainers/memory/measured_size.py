"""The size of a model that answers each row as a whole, measured by calling it once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from trainers.memory.footprint import Weights
from trainers.requirements import ReferenceUse, Requirements

BACKWARD = 2.0
"""Work of a backward pass, of a forward pass's."""


@dataclass(frozen=True, slots=True)
class MeasuredSize:
    """A model of which a row's forward pass was looked at.

    It does `row_flops` operations and makes `row_bytes` of outputs, all of which a training keeps.
    """

    weights: Weights
    row_bytes: int
    largest_bytes: int
    """The largest output of a layer and the one before it, for a row: what scoring holds."""
    row_flops: float

    @property
    def cache_bytes(self) -> int:
        """Returns 0: nothing is computed once for a sweep."""
        return 0

    def training_bytes(
        self,
        asked: Requirements,
        *,
        num_rows: int,
        length: int,  # noqa: ARG002
        num_labels: int,  # noqa: ARG002
    ) -> int:
        """Returns every layer's outputs for all rows of all passes."""
        return self.row_bytes * num_rows * sum(asked.passes)

    def reference_bytes(self, drawn: Sequence[tuple[Requirements, int]], *, length: int) -> int:  # noqa: ARG002
        """Returns 0: only what is read of rows of tokens is kept."""
        return 0

    def evaluation_bytes(
        self,
        *,
        num_rows: int,
        length: int,  # noqa: ARG002
        num_labels: int,  # noqa: ARG002
        num_generated: int,  # noqa: ARG002
    ) -> int:
        """Returns the outputs of two layers; such a model writes nothing."""
        return self.largest_bytes * num_rows

    def training_flops(
        self,
        asked: Requirements,
        *,
        num_rows: int,
        length: float,  # noqa: ARG002
        on_gpu: bool,  # noqa: ARG002
    ) -> float:
        """Returns three forward passes' work for each row, and one for each compared row."""
        compared = len(asked.compared) if asked.reference_use == ReferenceUse.MODEL else 0
        rows = (1 + BACKWARD) * sum(asked.passes) + compared
        return self.row_flops * num_rows * rows

    def forward_flops(
        self,
        *,
        num_passes: float,
        num_rows: int,
        length: float,  # noqa: ARG002
        on_gpu: bool,  # noqa: ARG002
    ) -> float:
        """Returns the work of passes without gradients."""
        return self.row_flops * num_rows * num_passes


def forward_size(
    model: nn.Module, inputs: Mapping[str, Tensor], *, num_rows: int
) -> tuple[int, int, float]:
    """Returns a row's bytes and work: all outputs, the largest two, and operations.

    The model, which may be on the meta device, is called with the `inputs` of `num_rows` rows.
    """
    sizes: list[int] = []

    def note(_module: nn.Module, _inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor):
            sizes.append(output.numel() * output.element_size())

    leaves = [module for module in model.modules() if not list(module.children())]
    handles = [module.register_forward_hook(note) for module in leaves]
    try:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(**inputs)
    finally:
        for handle in handles:
            handle.remove()
    largest = sum(sorted(sizes)[-2:])
    return sum(sizes) // num_rows, largest // num_rows, counter.get_total_flops() / num_rows
