"""Gradient difference: raise the loss on the forget set while keeping the retain set.

    loss = -gamma * mean NLL(forget answers) + alpha * retain term

Liu et al. 2022 (arXiv 2203.12817); the retain term is the retain NLL, or KL(reference || student)
over attended positions, or over padding, too.
"""

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.requirements import Requirements, Source
from trainers.retain_term import RetainTerm, add_retain_term

ALIASES = ("gradient_difference", "grad_diff", "neggrad")
"""What else it is called."""


class Config(Settings):
    """Weights of the two terms, and what the retain term is."""

    gamma: Annotated[float, Range(0.1, 2.0, log=True), Field(ge=0)] = 1.0
    """Weight of the forget term."""
    alpha: Annotated[float, Range(0.1, 10.0, log=True), Field(ge=0)] = 1.0
    """Weight of the retain term."""
    retain_term: Literal[RetainTerm.NLL, RetainTerm.KL, RetainTerm.KL_PADDED] = RetainTerm.NLL


class Method:
    """Minimises the weighted difference of retain and forget loss."""

    def __init__(self, config: Config) -> None:
        self.config = config
        forget = frozenset({Source.FORGET})
        own = Requirements(forget, together=forget)
        self.requirements = own.with_term(config.retain_term.requirements)

    def loss(self, step: Step) -> Tensor:
        """Returns -gamma * mean NLL(forget) + alpha * retain term."""
        config = self.config
        forget = step.batches[Source.FORGET]
        forget_loss = -config.gamma * losses.mean_nll(step.student.answer_logits(forget), forget)
        return add_retain_term(forget_loss, step, term=config.retain_term, alpha=config.alpha)
