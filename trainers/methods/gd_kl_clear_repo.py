"""Gradient difference by KL on both sides, a variant of CLEAR's code.

    loss = -gamma * KL(reference || student) on forget rows + KL(reference || student) on retain

CLEAR (arXiv 2410.18057), nlp/dataloader.py, "grad_diff_forget_KL_retain_KL". While student and
reference are equal both terms have gradient zero, so a run starts from rounding noise alone. The
published means run over padding, too: `positions: padded`.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.positions import Positions
from trainers.requirements import Requirements, Source


class Config(Settings):
    """Weight of the forget term (the published code's loss_beta), and what means run over."""

    gamma: Annotated[float, Range(0.1, 2.0, log=True), Field(ge=0)] = 1.0
    positions: Positions = Positions.ATTENDED
    """`padded` averages over all positions, as the published code."""


class Method:
    """Minimises the difference of two KLs to the reference."""

    requirements = Requirements(
        frozenset({Source.FORGET, Source.RETAIN}),
        compared=frozenset({Source.FORGET, Source.RETAIN}),
        every_position=frozenset({Source.FORGET, Source.RETAIN}),
    )

    def __init__(self, config: Config) -> None:
        self.config = config

    def loss(self, step: Step) -> Tensor:
        """Returns -gamma * KL(forget) + KL(retain)."""
        return self._kl(step, Source.RETAIN) - self.config.gamma * self._kl(step, Source.FORGET)

    def _kl(self, step: Step, source: Source) -> Tensor:
        batch, positions = step.batches[source], self.config.positions
        return losses.mean_kl(
            positions.logits(step.reference, batch),
            positions.logits(step.student, batch),
            positions.of(batch),
        )
