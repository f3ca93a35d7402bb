"""What the reference's layers give for rows, kept for later steps and trials.

A trial with a divergence from the reference runs it on its retain rows in every step, and the next
trial on the same rows again: they are drawn by seed. The reference never changes, so its hidden
states are kept, as wide as the model and not as its vocabulary, on the CPU, until there is no
more room. A state depends on its row and its place in it alone, so that what is kept is what would
be computed, padding included. Only rows of nothing but tokens are kept.

Shapes: B rows, T positions, H hidden width.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from trainers.batch import Batch

KEPT_BYTES = 1 << 29
"""Of a rank's main memory."""
HEAD = -1
"""In place of a layer's number: what goes into the output head."""


class KeptStates:
    """States by row, width of the batch and layer; there is no room for more than `most_bytes`."""

    def __init__(self, most_bytes: int = KEPT_BYTES) -> None:
        self._left = most_bytes
        self._kept: dict[tuple[str, int, int], Tensor] = {}

    def find(self, batch: Batch, layer: int) -> Tensor | None:
        """Returns states_BTH on the batch's device if all are kept."""
        found = [self._kept.get(key) for key in _keys(batch, layer)]
        known = [states_TH for states_TH in found if states_TH is not None]
        if len(known) < len(found):
            return None
        return torch.stack(known).to(batch.labels_BT.device)

    def keep(self, batch: Batch, layer: int, states_BTH: Tensor) -> None:
        """Keeps the states of rows for which there is room."""
        if not batch.only_tokens:
            return
        for key, states_TH in zip(_keys(batch, layer), states_BTH.detach().cpu(), strict=True):
            size = states_TH.numel() * states_TH.element_size()
            if key not in self._kept and size <= self._left:
                self._kept[key] = states_TH.clone()
                self._left -= size


@contextmanager
def head_watched(head: nn.Module) -> Iterator[list[Tensor]]:
    """Gives a list that what goes into the head is put into, as long as the context lasts."""
    seen: list[Tensor] = []
    handle = head.register_forward_pre_hook(lambda _head, inputs: seen.append(inputs[0]))
    try:
        yield seen
    finally:
        handle.remove()


@contextmanager
def head_given(head: nn.Module, states_BTH: Tensor) -> Iterator[None]:
    """Has the head read these states, whatever comes before it."""
    handle = head.register_forward_pre_hook(lambda _head, inputs: (states_BTH, *inputs[1:]))
    try:
        yield
    finally:
        handle.remove()


def first_tokens(batch: Batch) -> Batch:
    """Returns the first position of each row: as little as a model can be run on."""
    return replace(batch, inputs={name: values[:, :1] for name, values in batch.inputs.items()})


def _keys(batch: Batch, layer: int) -> list[tuple[str, int, int]]:
    width = batch.attended_BT.shape[1]
    return [(row_id, width, layer) for row_id in batch.ids]
