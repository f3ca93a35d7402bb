"""SCRUB as CLEAR's code has it: all terms in one loss, with the KL the other way round.

    loss = -gamma * KL(student || reference) on forget rows
           + KL(student || reference) on retain rows + mean NLL(retain answers)

CLEAR (arXiv 2410.18057), nlp/dataloader.py. Both KLs have gradient zero while student and
reference are equal, so in short runs this is retain fine-tuning. The published means run over
padding, too: `positions: padded`.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.batch import Batch
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.positions import Positions
from trainers.requirements import Requirements, Source


class Config(Settings):
    """Weight of the forget term (the published code's loss_beta), and what KLs run over."""

    gamma: Annotated[float, Range(0.1, 2.0, log=True), Field(ge=0)] = 1.0
    positions: Positions = Positions.ATTENDED
    """`padded` averages over all positions, as the published code."""


class Method:
    """Minimises the joint loss."""

    requirements = Requirements(
        frozenset({Source.FORGET, Source.RETAIN}),
        compared=frozenset({Source.FORGET, Source.RETAIN}),
        every_position=frozenset({Source.FORGET, Source.RETAIN}),
    )

    def __init__(self, config: Config) -> None:
        self.config = config

    def loss(self, step: Step) -> Tensor:
        """Returns the three terms added up."""
        forget, retain = step.batches[Source.FORGET], step.batches[Source.RETAIN]
        positions = self.config.positions
        forget_NV = positions.logits(step.student, forget)
        retain_NV = positions.logits(step.student, retain)
        answers_NV = losses.labelled_among_attended(retain_NV, positions.of(retain))
        return (
            -self.config.gamma * self._kl(forget_NV, step, forget)
            + self._kl(retain_NV, step, retain)
            + losses.mean_nll(answers_NV, retain)
        )

    def _kl(self, of_NV: Tensor, step: Step, batch: Batch) -> Tensor:
        positions = self.config.positions
        return losses.mean_kl(of_NV, positions.logits(step.reference, batch), positions.of(batch))
