"""LLMU: unlearn the answer, learn random ones in its place, stay as the reference elsewhere.

    loss = -bad * NLL(forget) + random * NLL(forget questions, random retain answers)
           + normal * CE(reference, student) on retain rows

Yao et al. 2023 (arXiv 2310.10683): NLL is each row's mean over answer tokens, averaged over rows;
CE = -sum p_ref log p averaged over attended positions, which is KL(reference || student) plus a
constant. Each forget row is met by `num_random` random answers. The published code differs: it
divides each row's sum by one token more than the forget answer has, leaves the first token of
random answers out, and averages CE over padding, too. `llmu_repo` does as it does.
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
    """Weights of the three terms, and random answers for each forget row."""

    bad: Annotated[float, Range(0.1, 1.0, log=True), Field(ge=0)] = 0.5
    random: Annotated[float, Range(0.5, 2.0, log=True), Field(ge=0)] = 1.0
    normal: Annotated[float, Range(0.1, 10.0, log=True), Field(ge=0)] = 1.0
    num_random: Annotated[int, Range(1, 8, integer=True), Field(ge=1)] = 5


class Method:
    """Minimises the weighted sum of the three terms."""

    def __init__(self, config: Config) -> None:
        self.config = config
        read = frozenset({Source.FORGET, Source.RANDOM, Source.RETAIN})
        self.requirements = Requirements(
            read,
            compared=frozenset({Source.RETAIN}),
            every_position=frozenset({Source.RETAIN}),
            together=read,
            num_random=config.num_random,
        )

    def loss(self, step: Step) -> Tensor:
        """Returns -bad * NLL(forget) + random * NLL(random) + normal * CE(retain)."""
        config = self.config
        unlearn = -config.bad * _row_mean_nll(step, Source.FORGET)
        replace = config.random * _row_mean_nll(step, Source.RANDOM)
        retain = step.batches[Source.RETAIN]
        stay = losses.mean_cross_entropy(
            step.reference.attended_logits(retain), step.student.attended_logits(retain), retain
        )
        return unlearn + replace + config.normal * stay


def _row_mean_nll(step: Step, source: Source) -> Tensor:
    batch = step.batches[source]
    return losses.row_mean(losses.answer_nll(step.student.answer_logits(batch), batch), batch)
