"""IDK tuning: teach refusals to the forget questions, next to the retain set.

    loss = mean NLL over the answer tokens of refusal and retain rows read as one batch

Maini et al. 2024 (TOFU, arXiv 2401.06121), "preference optimisation" baseline. Longer answers
weigh more, as in one concatenated batch.
"""

from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.method import Step
from trainers.requirements import Requirements, Source

ALIASES = ("i_dont_know", "idk_nll")
"""What else it is called."""


class Config(Settings):
    """IDK tuning has no hyperparameter of its own."""


class Method:
    """Minimises the joint NLL of refusals and retain answers."""

    _both = frozenset({Source.IDK, Source.RETAIN})
    requirements = Requirements(_both, together=_both)

    def __init__(self, config: Config) -> None:
        self.config = config

    def loss(self, step: Step) -> Tensor:
        """Returns the token mean NLL of the refusal and retain rows together."""
        batches = [step.batches[Source.IDK], step.batches[Source.RETAIN]]
        return losses.joint_mean_nll(
            [(step.student.answer_logits(batch), batch) for batch in batches]
        )
