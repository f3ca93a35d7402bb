"""DPO as CLEAR's vision code has it: prefer retain rows to forget rows.

    loss = -(1 / beta) * mean over pairs of log sigmoid(beta * (r_retain - r_forget))
           + alpha * mean NLL(retain answers),  r = log p - log p_ref of a row's own answer

CLEAR (arXiv 2410.18057), cv/unlearning/dpo.py. A retain row stands where direct preference
optimisation (arXiv 2305.18290) has the preferred answer, and a forget row, paired with it by its
place in the batch, where it has the rejected one. The published code has no retain NLL (`alpha` 0)
and takes probabilities of its linear head without the scale; here they are those of the model.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor
from torch.nn.functional import logsigmoid

from evals.choice import Settings
from trainers import losses
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.requirements import Requirements, Source


class Config(Settings):
    """Inverse temperature, and the weight of a retain term."""

    beta: Annotated[float, Range(0.01, 1.0, log=True), Field(gt=0)] = 1.0
    alpha: Annotated[float, Range(0.0, 10.0), Field(ge=0)] = 0.0
    """Weight of the retain NLL."""


class Method:
    """Minimises the preference loss of retain rows over forget rows."""

    def __init__(self, config: Config) -> None:
        self.config = config
        pair = frozenset({Source.FORGET, Source.RETAIN})
        self.requirements = Requirements(pair, likelihoods=pair, together=pair)

    def loss(self, step: Step) -> Tensor:
        """Returns the mean preference loss of the pairs plus the retain term."""
        config = self.config
        forget, retain = step.batches[Source.FORGET], step.batches[Source.RETAIN]
        forget_NV, retain_NV = map(step.student.answer_logits, (forget, retain))
        chosen_B = step.reference.sequence_nll(retain) - losses.sequence_nll(retain_NV, retain)
        rejected_B = step.reference.sequence_nll(forget) - losses.sequence_nll(forget_NV, forget)
        preference_B = -logsigmoid(config.beta * (chosen_B - rejected_B)) / config.beta
        return losses.row_mean(preference_B, forget) + config.alpha * losses.mean_nll(
            retain_NV, retain
        )
