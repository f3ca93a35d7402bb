"""Which positions of a batch a mean runs over that has no labels to go by."""

from dataclasses import replace
from enum import StrEnum

import torch
from torch import Tensor

from trainers import losses
from trainers.batch import Batch
from trainers.method import View


class Positions(StrEnum):
    """The attended positions, or all of them with the padding, as most published codes have it.

    With padding such a mean depends on how long the batch's longest row is: the same rows beside a
    longer one weigh less. Published runs have rows padded to a fixed length, or to the longest.
    """

    ATTENDED = "attended"
    PADDED = "padded"

    def of(self, batch: Batch) -> Batch:
        """Returns the batch as losses should read it; a model must be run on `batch` itself.

        A padded part is normalised by its own positions: parts are averaged as micro-batches are.
        """
        if self is Positions.ATTENDED:
            return batch
        everything = torch.ones_like(batch.attended_BT)
        return replace(batch, attended_BT=everything, position_norm=float(everything.numel()))

    def logits(self, view: View, batch: Batch) -> Tensor:
        """Returns logits_NV there, of one pass; padding has some only where it counts."""
        if self is Positions.ATTENDED:
            return view.attended_logits(batch)
        return losses.at_attended(view.logits(batch), self.of(batch))
