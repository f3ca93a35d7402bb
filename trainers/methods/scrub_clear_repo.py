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
        forget_BTV, retain_BTV = step.student.logits(forget), step.student.logits(retain)
        away = self._kl(forget_BTV, step.reference.logits(forget), forget)
        close = self._kl(retain_BTV, step.reference.logits(retain), retain)
        return (
            -self.config.gamma * away
            + close
            + losses.mean_nll(losses.at_labels(retain_BTV, retain), retain)
        )

    def _kl(self, of_BTV: Tensor, to_BTV: Tensor, batch: Batch) -> Tensor:
        counted = self.config.positions.of(batch)
        return losses.mean_kl(
            losses.at_attended(of_BTV, counted), losses.at_attended(to_BTV, counted), counted
        )
