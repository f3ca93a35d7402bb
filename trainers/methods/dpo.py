"""Direct preference optimisation: prefer a refusal to the true answer of a forget question.

    loss = -(2 / beta) * mean over rows of log sigmoid(beta * margin)  [+ alpha * retain term]
    margin = (NLL_ref - NLL)(refusal) - (NLL_ref - NLL)(true answer),  NLL summed over the answer

Rafailov et al. 2023 (arXiv 2305.18290, eq. 7), with the prefactor 2 / beta of Zhang et al. 2024
(arXiv 2404.05868) that keeps its size comparable with NPO's for every beta.
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

ALIASES = ("idk_dpo", "preference_optimization")
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
    """Minimises the preference loss of refusal over true answer."""

    def __init__(self, config: Config) -> None:
        self.config = config
        pair = frozenset({Source.FORGET, Source.IDK})
        own = Requirements(pair, likelihoods=pair, together=pair)
        self.requirements = own.with_term(config.retain_term.requirements)

    def loss(self, step: Step) -> Tensor:
        """Returns the mean preference loss of the row pairs plus the retain term."""
        config = self.config
        margin_B = _log_ratio(step, Source.IDK) - _log_ratio(step, Source.FORGET)
        preference_B = losses.preference(margin_B, beta=config.beta)
        forget_loss = losses.row_mean(preference_B, step.batches[Source.FORGET])
        return add_retain_term(forget_loss, step, term=config.retain_term, alpha=config.alpha)


def _log_ratio(step: Step, source: Source) -> Tensor:
    """Returns log p - log p_ref of each row's answer."""
    batch = step.batches[source]
    reference_B = step.reference.sequence_nll(batch)
    return reference_B - losses.sequence_nll(step.student.answer_logits(batch), batch)
