"""Negative preference optimisation: prefer the reference's doubt to the student's memory.

    loss = (2 / beta) * mean over rows of log(1 + (p / p_ref)^beta)  [+ alpha * retain term]
         = -(2 / beta) * mean log sigmoid(beta * (NLL - NLL_ref)),  NLL summed over the answer

Zhang et al. 2024 (arXiv 2404.05868). As beta goes to 0 its gradient becomes gradient
ascent's; a larger beta stops pushing rows that are already forgotten. With the retain NLL it is
the paper's NPO-RT, with the KL its NPO-KL, which its code averages over padding: `kl_padded`.
"""

from typing import Annotated

from pydantic import Field, model_validator
from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.requirements import Requirements, Source
from trainers.retain_term import WEIGHT, RetainTerm, add_retain_term, require_term

ALIASES = ("negative_preference_optimization",)
"""What else it is called."""


class Config(Settings):
    """Inverse temperature, and the retain term."""

    beta: Annotated[float, Range(0.01, 1.0, log=True), Field(gt=0)] = 0.1
    retain_term: RetainTerm = RetainTerm.NONE
    alpha: Annotated[float, Range(0.1, 10.0, log=True), Field(ge=0)] = WEIGHT
    """Weight of the retain term."""

    @model_validator(mode="after")
    def _alpha_weighs_something(self) -> "Config":
        require_term(self.retain_term, self.alpha)
        return self


class Method:
    """Minimises the negative-only preference loss."""

    def __init__(self, config: Config) -> None:
        self.config = config
        forget = frozenset({Source.FORGET})
        own = Requirements(forget, likelihoods=forget, together=forget)
        self.requirements = own.with_term(config.retain_term.requirements)

    def loss(self, step: Step) -> Tensor:
        """Returns the mean preference loss of the forget rows plus the retain term."""
        config = self.config
        forget = step.batches[Source.FORGET]
        reference_B = step.reference.sequence_nll(forget)
        margin_B = losses.sequence_nll(step.student.answer_logits(forget), forget) - reference_B
        forget_loss = losses.row_mean(losses.preference(margin_B, beta=config.beta), forget)
        return add_retain_term(forget_loss, step, term=config.retain_term, alpha=config.alpha)
