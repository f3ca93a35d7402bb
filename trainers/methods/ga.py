"""Gradient ascent: raise the loss on the forget set, and nothing else.

    loss = -mean NLL(forget answers)

Jang et al. 2022 (arXiv 2210.01504). It is unbounded below, so long runs diverge.
"""

from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.method import Step
from trainers.requirements import Requirements, Source

ALIASES = ("gradient_ascent", "grad_ascent")
"""What else it is called."""


class Config(Settings):
    """Gradient ascent has no hyperparameter of its own."""


class Method:
    """Minimises the negative forget NLL."""

    requirements = Requirements(frozenset({Source.FORGET}))

    def __init__(self, config: Config) -> None:
        self.config = config

    def loss(self, step: Step) -> Tensor:
        """Returns -mean NLL(forget)."""
        forget = step.batches[Source.FORGET]
        return -losses.mean_nll(step.student.answer_logits(forget), forget)
