"""SimNPO: negative preference optimisation by length-normalised likelihood, without a reference.

    loss = gamma * -(2 / beta) * mean over rows of log sigmoid(beta * (NLL / length - delta))
           [+ alpha * retain term]

Fan et al. 2024 (arXiv 2410.07163); the paper's margin is beta * delta, its retain weight is
alpha / gamma. Defaults are those of Open-Unlearning.
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


class Config(Settings):
    """Inverse temperature, target loss, weights, and the retain term."""

    beta: Annotated[float, Range(0.5, 10.0, log=True), Field(gt=0)] = 4.5
    delta: Annotated[float, Range(0.0, 2.0), Field(ge=0)] = 0.0
    """Mean NLL per token (nats) at which the push has fallen to half."""
    gamma: Annotated[float, Range(0.1, 2.0, log=True), Field(ge=0)] = 0.125
    """Weight of the forget term."""
    retain_term: RetainTerm = RetainTerm.NLL
    alpha: Annotated[float, Range(0.1, 10.0, log=True), Field(ge=0)] = WEIGHT
    """Weight of the retain term."""

    @model_validator(mode="after")
    def _alpha_weighs_something(self) -> "Config":
        require_term(self.retain_term, self.alpha)
        return self


class Method:
    """Minimises the reference-free preference loss."""

    def __init__(self, config: Config) -> None:
        self.config = config
        forget = frozenset({Source.FORGET})
        own = Requirements(forget, together=forget)
        self.requirements = own.with_term(config.retain_term.requirements)

    def loss(self, step: Step) -> Tensor:
        """Returns the weighted mean preference loss of the forget rows plus the retain term."""
        config = self.config
        forget = step.batches[Source.FORGET]
        margin_B = losses.answer_nll(step.student.answer_logits(forget), forget) - config.delta
        preference_B = losses.preference(margin_B, beta=config.beta)
        forget_loss = config.gamma * losses.row_mean(preference_B, forget)
        return add_retain_term(forget_loss, step, term=config.retain_term, alpha=config.alpha)
