"""Encoded rows as a model takes them, and what it is to predict.

Shapes: B rows, T positions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

IGNORE = -100
"""The label of a position that predicts nothing."""


@dataclass(frozen=True, slots=True)
class Collated:
    """Rows side by side.

    `inputs` go to the model as they are, by name; the first dimension of each counts the rows.
    `attended_BT` is False where a position is padding. Position t's logits predict
    `labels_BT[:, t]`: labels are shifted already, and may end before the rows do, where nothing
    is left to predict. A classifier has a single position.
    """

    inputs: Mapping[str, Tensor]
    attended_BT: Tensor
    labels_BT: Tensor
