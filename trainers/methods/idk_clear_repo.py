"""IDK tuning as CLEAR's multimodal code has it: two means added up instead of one.

    loss = mean NLL(refusals) + mean NLL(retain answers)

CLEAR (arXiv 2410.18057), mm/trainer.py. Refusals are short, so here each of their tokens weighs
more than in `idk`.
"""

from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.method import Step
from trainers.requirements import Requirements, Source


class Config(Settings):
    """The published code has no hyperparameter here."""


class Method:
    """Minimises the sum of the two mean NLLs."""

    _both = frozenset({Source.IDK, Source.RETAIN})
    requirements = Requirements(_both, together=_both)

    def __init__(self, config: Config) -> None:
        self.config = config

    def loss(self, step: Step) -> Tensor:
        """Returns mean NLL(refusals) + mean NLL(retain)."""
        idk, retain = step.batches[Source.IDK], step.batches[Source.RETAIN]
        refusal_loss = losses.mean_nll(step.student.answer_logits(idk), idk)
        return refusal_loss + losses.mean_nll(step.student.answer_logits(retain), retain)
