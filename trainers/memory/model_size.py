"""What a family says of a model's size: bytes and operations, without its weights.

Sizes go by rows and the positions of each: tokens of a text, or one for a row that is answered as
a whole.
"""

from collections.abc import Sequence
from typing import Protocol

from trainers.memory.footprint import Weights
from trainers.requirements import Requirements


class ModelSize(Protocol):
    """A model as it is trained."""

    @property
    def weights(self) -> Weights:
        """Its numbers of parameters."""
        ...

    @property
    def cache_bytes(self) -> int:
        """What is kept on the disk so that it is computed once for a sweep; 0 if nothing is."""
        ...

    def training_bytes(
        self, asked: Requirements, *, num_rows: int, length: int, num_labels: int
    ) -> int:
        """Returns the most that a micro-batch takes beside weights, gradients and optimizer.

        It has `num_rows` rows of the anchor, and what the method asks for with them. Of a row's
        `length` positions, `num_labels` predict its answer.
        """
        ...

    def reference_bytes(self, drawn: Sequence[tuple[Requirements, int]], *, length: int) -> int:
        """Returns the most that a rank's main memory keeps of what the reference gives for rows.

        That is for methods that have drawn so many rows of each kind; 0 if nothing is kept.
        """
        ...

    def evaluation_bytes(
        self, *, num_rows: int, length: int, num_labels: int, num_generated: int
    ) -> int:
        """Returns the most that is taken by scoring rows of `length`, and by writing behind them.

        Of `num_generated` positions at most; 0 where nothing is written.
        """
        ...

    def training_flops(
        self, asked: Requirements, *, num_rows: int, length: float, on_gpu: bool
    ) -> float:
        """Returns the work of a micro-batch; see `training_bytes`."""
        ...

    def forward_flops(
        self, *, num_passes: float, num_rows: int, length: float, on_gpu: bool
    ) -> float:
        """Returns the work of so many passes without gradients."""
        ...
