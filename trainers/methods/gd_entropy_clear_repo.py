"""Gradient difference by entropy as CLEAR's code has it, sign and scale included.

    loss = gamma * sum over positions of H(student on forget rows) + mean NLL(retain answers)

CLEAR (arXiv 2410.18057), nlp/dataloader.py, "grad_diff_forget_entropy_retain_CE". Unlearning would
raise the entropy; the published sign lowers it, and the sum over all positions of the batch
outweighs the retain mean. That sum grows with the batch, so `batch_rows` says how many rows the
published step had; the loss is that many times the mean row's sum, however a batch is split.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.hyperparameters import Range
from trainers.method import Source, Step


class Config(Settings):
    """Weight of the forget term (the published code's loss_beta), and rows summed over."""

    gamma: Annotated[float, Range(0.1, 2.0, log=True), Field(ge=0)] = 1.0
    batch_rows: Annotated[int, Range(1, 32, log=True, integer=True), Field(ge=1)] = 4


class Method:
    """Minimises the summed forget entropy and the retain NLL."""

    needs = frozenset({Source.FORGET, Source.RETAIN})
    needs_reference = False

    def __init__(self, config: Config) -> None:
        self.config = config

    def loss(self, step: Step) -> Tensor:
        """Returns gamma * batch_rows * mean row's summed entropy + mean NLL(retain)."""
        forget, retain = step.batches[Source.FORGET], step.batches[Source.RETAIN]
        entropy_B = losses.sequence_entropy(step.student.logits(forget), forget)
        summed = self.config.batch_rows * losses.row_mean(entropy_B, forget)
        return self.config.gamma * summed + losses.mean_nll(step.student.logits(retain), retain)
