"""SCRUBbio: turn the representations of forget rows away from what they were, keep those of others.

    loss = gamma * mean max(0, cos(h, h_ref)) over forget rows
           + alpha * mean (1 - cos(h, h_ref)) over retain rows

CLEAR (arXiv 2410.18057), cv/unlearning/scrub.py: torch's cosine embedding loss with target -1 for
forget rows and +1 for retain rows. The published code mixes five copies of the forget rows with the
retain rows and takes one mean over all, which is a ratio of `gamma` to `alpha`. h is the output of
layer `layer`, the mean runs over attended positions; a recogniser of faces has one layer, its
embedding, and one position.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.batch import Batch
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.requirements import Requirements, Source


class Config(Settings):
    """Which layer, and the weights of the two terms."""

    layer: Annotated[int, Range(0, 16, integer=True), Field(ge=0)] = 0
    """Layer whose output is turned, counted from 0."""
    gamma: Annotated[float, Range(0.1, 10.0, log=True), Field(ge=0)] = 1.0
    """Weight of the forget term."""
    alpha: Annotated[float, Range(0.1, 10.0, log=True), Field(ge=0)] = 1.0
    """Weight of the retain term."""


class Method:
    """Minimises the cosine to the reference on forget rows, and 1 - cosine on retain rows."""

    def __init__(self, config: Config) -> None:
        self.config = config
        both = frozenset({Source.FORGET, Source.RETAIN})
        self.requirements = Requirements(both, compared=both, hidden_layer=config.layer)

    def loss(self, step: Step) -> Tensor:
        """Returns gamma * mean max(0, cos) on forget + alpha * mean (1 - cos) on retain."""
        config = self.config
        forget, retain = step.batches[Source.FORGET], step.batches[Source.RETAIN]
        away = self._cosines(step, forget).clamp(min=0).sum() / forget.position_norm
        lost = (1 - self._cosines(step, retain)).sum() / retain.position_norm
        return config.gamma * away + config.alpha * lost

    def _cosines(self, step: Step, batch: Batch) -> Tensor:
        """Returns cosine_N of student and reference at attended positions."""
        layer = self.config.layer
        reference_BTH = step.reference.hidden(batch, layer)
        return losses.cosines(step.student.hidden(batch, layer), reference_BTH, batch)
