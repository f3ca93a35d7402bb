"""Several batches in one pass of the student.

A pass has costs of its own beside those of its rows: launching its operations, and gathering
parameters under ZeRO-3. What it takes to have one pass less is padding, where one batch has
longer rows than another.

Shapes: B rows, T positions, N positions that are read, V vocabulary, H hidden width.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import pad

from evals.collated import IGNORE
from trainers import losses
from trainers.batch import Batch
from trainers.method import Student, View
from trainers.requirements import Requirements, Source

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


def read_together(student: Student, asked: Requirements, batches: Mapping[Source, Batch]) -> View:
    """Returns the student as a method that asks for so much sees it in a step."""
    if not asked.together:
        return student
    whole = [batches[source] for source in sorted(asked.together & asked.every_position)]
    return student.over([batches[source] for source in sorted(asked.together)], whole)


class Passes(View, Protocol):
    """A student with a pass for each batch."""

    def logits_at(self, batch: Batch, mask_BT: Tensor) -> Tensor:
        """Returns logits_NV (float32) where the mask is True."""
        ...


class JointView:
    """A student that reads `batches` in one pass, `joint`, once one of them is asked for.

    Of the batches in `whole` every attended position is read, of others the answers. Each is given
    out once and not kept, so that logits are gone as soon as a loss is done with them. Whatever is
    asked for again, and anything else, has a pass of its own.
    """

    def __init__(
        self,
        student: Passes,
        batches: Sequence[Batch],
        joint: Batch,
        whole: Sequence[Batch] = (),
    ) -> None:
        self._student = student
        self._batches = batches
        self._joint = joint
        self._whole = [any(each is batch for batch in whole) for each in batches]
        self._logits_NV: dict[int, Tensor] | None = None
        self._hidden: dict[int, Tensor] = {}

    def answer_logits(self, batch: Batch) -> Tensor:
        """Returns logits_NV (float32) where labels are predicted, which spares all others."""
        found_NV = self._read(batch, whole=False)
        return self._student.answer_logits(batch) if found_NV is None else found_NV

    def attended_logits(self, batch: Batch) -> Tensor:
        """Returns logits_NV (float32) at attended positions, which spares those of padding."""
        found_NV = self._read(batch, whole=True)
        return self._student.attended_logits(batch) if found_NV is None else found_NV

    def logits(self, batch: Batch) -> Tensor:
        """Returns logits_BTV (float32)."""
        return self._student.logits(batch)

    def hidden(self, batch: Batch, layer: int) -> Tensor:
        """Returns hidden_BTH, the output of layer `layer` (0-based, float32)."""
        place = self._place(batch)
        if place is None:
            return self._student.hidden(batch, layer)
        if layer not in self._hidden:
            self._hidden[layer] = self._student.hidden(self._joint, layer)
        rows = torch.split(self._hidden[layer], [len(each.ids) for each in self._batches])
        return rows[place][:, : batch.attended_BT.shape[1]]

    def both(self, batch: Batch, layer: int) -> tuple[Tensor, Tensor]:
        """Returns logits_BTV and the hidden_BTH of layer `layer`, of one pass."""
        return self._student.both(batch, layer)

    def _place(self, batch: Batch) -> int | None:
        return next((i for i, each in enumerate(self._batches) if each is batch), None)

    def _read(self, batch: Batch, *, whole: bool) -> Tensor | None:
        """Returns logits_NV of the batch if they are of the joint pass, and not yet given out."""
        place = self._place(batch)
        if place is None or self._whole[place] != whole:
            return None
        if self._logits_NV is None:
            self._logits_NV = self._pass()
        return self._logits_NV.pop(place, None)

    def _pass(self) -> dict[int, Tensor]:
        """Returns logits_NV of each batch by its place."""
        masks = [
            each.attended_BT if is_whole else losses.predicting(each)
            for each, is_whole in zip(self._batches, self._whole, strict=True)
        ]
        wanted_BT = _stacked(masks, self._joint.attended_BT.shape[1], False)
        logits_NV = self._student.logits_at(self._joint, wanted_BT)
        parts_NV = torch.split(logits_NV, [int(mask.sum()) for mask in masks])
        return dict(enumerate(parts_NV))


def _stacked(parts: Sequence[Tensor], width: int, value: float) -> Tensor:
    return torch.cat([pad(part, (0, width - part.shape[1]), value=value) for part in parts])
