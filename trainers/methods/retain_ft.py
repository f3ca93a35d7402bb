"""Retain fine-tuning: train on the retain set and let the forget set fade.

    loss = mean NLL(retain answers)

The baseline of catastrophic forgetting (Goel et al. 2022, arXiv 2201.06640).
"""

from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.method import Step
from trainers.requirements import Requirements, Source

ALIASES = ("finetune", "retain_finetuning")
"""What else it is called."""


class Config(Settings):
    """Retain fine-tuning has no hyperparameter of its own."""


class Method:
    """Minimises the retain NLL."""

    requirements = Requirements(frozenset({Source.RETAIN}))

    def __init__(self, config: Config) -> None:
        self.config = config

    def loss(self, step: Step) -> Tensor:
        """Returns mean NLL(retain)."""
        retain = step.batches[Source.RETAIN]
        return losses.mean_nll(step.student.answer_logits(retain), retain)
