"""KL minimisation: raise the loss on the forget set, stay close to the reference elsewhere.

    loss = -gamma * mean NLL(forget answers) + alpha * KL(reference || student) on retain rows

Maini et al. 2024 (TOFU, arXiv 2401.06121). The KL runs over all attended positions, question and
answer; its direction is that of the published code, whose mean runs over padding, too: that is `gd`
with `retain_term: kl_padded`.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.requirements import Requirements, Source
from trainers.retain_term import RetainTerm, add_retain_term

ALIASES = ("kl_minimization", "kl_divergence")
"""What else it is called."""


class Config(Settings):
    """Weights of the two terms."""

    gamma: Annotated[float, Range(0.1, 2.0, log=True), Field(ge=0)] = 1.0
    """Weight of the forget term."""
    alpha: Annotated[float, Range(0.1, 10.0, log=True), Field(ge=0)] = 1.0
    """Weight of the KL."""


class Method:
    """Minimises the KL on retain rows less the forget NLL."""

    _forget = frozenset({Source.FORGET})
    requirements = Requirements(_forget, together=_forget).with_term(RetainTerm.KL.requirements)

    def __init__(self, config: Config) -> None:
        self.config = config

    def loss(self, step: Step) -> Tensor:
        """Returns -gamma * mean NLL(forget) + alpha * KL(reference || student) on retain."""
        forget = step.batches[Source.FORGET]
        forget_loss = -self.config.gamma * losses.mean_nll(
            step.student.answer_logits(forget), forget
        )
        return add_retain_term(forget_loss, step, term=RetainTerm.KL, alpha=self.config.alpha)
