"""Gradient difference by entropy as CLEAR's code has it, sign and scale included.

    loss = gamma * sum over positions of H(student on forget rows) + retain term

CLEAR (arXiv 2410.18057), nlp/dataloader.py, "grad_diff_forget_entropy_retain_CE" and "..._KL": the
retain term is the mean NLL, or KL(reference || student). Unlearning would raise the entropy; the
published sign lowers it, and the sum over all positions of the batch outweighs the retain mean.
That sum grows with the batch, so `batch_rows` says how many rows the published step had; the loss
is that many times the mean row's sum, however a batch is split. The published sum, and the mean of
the KL, run over padding, too: `positions: padded`.
"""

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.positions import Positions
from trainers.requirements import Requirements, Source
from trainers.retain_term import RetainTerm, add_retain_term


class Config(Settings):
    """Weight of the forget term (the published code's loss_beta), and what is summed over."""

    gamma: Annotated[float, Range(0.1, 2.0, log=True), Field(ge=0)] = 1.0
    batch_rows: Annotated[int, Range(1, 32, log=True, integer=True), Field(ge=1)] = 4
    retain_term: Literal[RetainTerm.NLL, RetainTerm.KL] = RetainTerm.NLL
    positions: Positions = Positions.ATTENDED
    """`padded` is over all positions, as the published code."""

    @property
    def term(self) -> RetainTerm:
        """The retain term over these positions."""
        is_padded = self.retain_term is RetainTerm.KL and self.positions is Positions.PADDED
        return RetainTerm.KL_PADDED if is_padded else self.retain_term


class Method:
    """Minimises the summed forget entropy and the retain term."""

    def __init__(self, config: Config) -> None:
        self.config = config
        forget = frozenset({Source.FORGET})
        own = Requirements(forget, every_position=forget)
        self.requirements = own.with_term(config.term.requirements)

    def loss(self, step: Step) -> Tensor:
        """Returns gamma * batch_rows * mean row's summed entropy + the retain term."""
        forget, positions = step.batches[Source.FORGET], self.config.positions
        logits_NV = positions.logits(step.student, forget)
        entropy_B = losses.sequence_entropy(logits_NV, positions.of(forget))
        summed = self.config.batch_rows * losses.row_mean(entropy_B, forget)
        forget_loss = self.config.gamma * summed
        return add_retain_term(forget_loss, step, term=self.config.term, alpha=1.0)
