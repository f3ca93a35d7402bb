"""SKU: teach what is to be forgotten, and nothing else, then go as far the other way.

Stage 1 trains a *bad* model by

    loss = bad * NLL(forget) + random * NLL(forget questions, random retain answers)
           - normal * KL(reference || student) on retain rows

and stage 2 takes its task vector off, theta = theta_0 - strength * (theta_bad - theta_0).

Liu et al. 2024, Selective Knowledge negation Unlearning (arXiv 2402.10058); strength is 1 there.
The KL term drives the bad model away from the reference where nothing is to change, so that taking
its vector off does no harm there. It is unbounded: large rates or many steps let it win over the
others. CLEAR's multimodal code (arXiv 2410.18057) has bad 2.5, normal 0.5 and three random answers
of the forget set, whose losses it adds up (random 3 here), and leaves stage 2 out.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.requirements import Requirements, Source


class Config(Settings):
    """Weights of the three terms, random answers for each forget row, and how far back it goes."""

    bad: Annotated[float, Range(0.1, 2.5, log=True), Field(ge=0)] = 0.5
    random: Annotated[float, Range(0.1, 3.0, log=True), Field(ge=0)] = 1.0
    normal: Annotated[float, Range(0.01, 1.0, log=True), Field(ge=0)] = 1.0
    num_random: Annotated[int, Range(1, 8, integer=True), Field(ge=1)] = 5
    strength: Annotated[float, Range(0.1, 2.0, log=True), Field(gt=0)] = 1.0
    """How much of the task vector is taken off the weights that training began with."""


class Method:
    """Minimises the bad model's loss; the task vector is then taken off."""

    def __init__(self, config: Config) -> None:
        self.config = config
        read = frozenset({Source.FORGET, Source.RANDOM, Source.RETAIN})
        self.requirements = Requirements(
            read,
            compared=frozenset({Source.RETAIN}),
            every_position=frozenset({Source.RETAIN}),
            together=read,
            num_random=config.num_random,
            negation=config.strength,
        )

    def loss(self, step: Step) -> Tensor:
        """Returns bad * NLL(forget) + random * NLL(random) - normal * KL(retain)."""
        config = self.config
        learn = config.bad * _mean_nll(step, Source.FORGET)
        confuse = config.random * _mean_nll(step, Source.RANDOM)
        retain = step.batches[Source.RETAIN]
        away = losses.mean_kl(
            step.reference.attended_logits(retain), step.student.attended_logits(retain), retain
        )
        return learn + confuse - config.normal * away


def _mean_nll(step: Step, source: Source) -> Tensor:
    batch = step.batches[source]
    return losses.mean_nll(step.student.answer_logits(batch), batch)
