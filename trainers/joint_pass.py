"""The answers of several batches in one pass of the student.

A pass has costs of its own beside those of its rows: launching its operations, and gathering
parameters under ZeRO-3. What it takes to have one pass less is padding, where one batch has
longer rows than another.

Shapes: B rows, T positions, N labelled positions, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import pad

from evals.collated import IGNORE
from trainers import losses
from trainers.batch import Batch
from trainers.method import View

WORTH_POSITIONS = 64
"""Padded positions that cost about what a pass does by itself: measured were 75 on a CPU with four
layers of width 128; on a GPU, which waits for its orders, it is more."""


def joint_rows(batches: Sequence[Batch]) -> Batch | None:
    """Returns the rows of all batches, one batch after the other, or None where that costs more.

    All ranks decide alike, since they know each other's longest rows. Only rows of nothing but
    tokens are joined.
    """
    if not all(batch.only_tokens for batch in batches):
        return None
    longest = max(batch.longest for batch in batches)
    added = sum(len(batch.ids) * (longest - batch.longest) for batch in batches)
    if added > WORTH_POSITIONS:
        return None
    width = max(batch.attended_BT.shape[1] for batch in batches)
    names = batches[0].inputs
    ids = tuple(row_id for batch in batches for row_id in batch.ids)
    return replace(
        batches[0],
        ids=ids,
        inputs={name: _stacked([b.inputs[name] for b in batches], width, 0) for name in names},
        attended_BT=_stacked([batch.attended_BT for batch in batches], width, False),
        labels_BT=_stacked([batch.labels_BT for batch in batches], width - 1, IGNORE),
        longest=longest,
    )


class JointView:
    """A student that reads the answers of `batches` in one pass, `joint`, once one is asked for."""

    def __init__(self, student: View, batches: Sequence[Batch], joint: Batch) -> None:
        self._student = student
        self._batches = batches
        self._joint = joint
        self._answers_NV: Sequence[Tensor] = ()

    def answer_logits(self, batch: Batch) -> Tensor:
        """Returns logits_NV (float32) where labels are predicted, which spares all others."""
        place = next((i for i, each in enumerate(self._batches) if each is batch), None)
        if place is None:
            return self._student.answer_logits(batch)
        if not self._answers_NV:
            counts = [int(losses.labelled(each).sum()) for each in self._batches]
            self._answers_NV = torch.split(self._student.answer_logits(self._joint), counts)
        return self._answers_NV[place]

    def logits(self, batch: Batch) -> Tensor:
        """Returns logits_BTV (float32)."""
        return self._student.logits(batch)

    def hidden(self, batch: Batch, layer: int) -> Tensor:
        """Returns hidden_BTH, the output of layer `layer` (0-based, float32)."""
        return self._student.hidden(batch, layer)

    def both(self, batch: Batch, layer: int) -> tuple[Tensor, Tensor]:
        """Returns logits_BTV and the hidden_BTH of layer `layer`, of one pass."""
        return self._student.both(batch, layer)


def _stacked(parts: Sequence[Tensor], width: int, value: float) -> Tensor:
    return torch.cat([pad(part, (0, width - part.shape[1]), value=value) for part in parts])
