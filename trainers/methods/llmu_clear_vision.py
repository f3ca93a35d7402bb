"""LLMU as CLEAR's vision code has it: a divergence of representations keeps the retain rows.

    loss = -bad * mean NLL(forget) + random * mean NLL(forget rows, random retain answers)
           + normal * KL(s(h_ref) || s(h)) on retain rows + alpha * mean NLL(retain answers)

CLEAR (arXiv 2410.18057), cv/unlearning/llmu.py; s is the softmax, over the width of a
representation as if that were a vocabulary. The published code has no retain NLL (`alpha` 0) and
goes ten times over the forget rows in an epoch. h is the output of layer `layer`; a recogniser of
faces has one, its embedding.
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
    """Which layer, and the weights of the four terms."""

    layer: Annotated[int, Range(0, 16, integer=True), Field(ge=0)] = 0
    """Layer whose output is compared, counted from 0."""
    bad: Annotated[float, Range(0.002, 1.0, log=True), Field(ge=0)] = 0.02
    random: Annotated[float, Range(0.001, 1.0, log=True), Field(ge=0)] = 0.01
    normal: Annotated[float, Range(0.1, 10.0, log=True), Field(ge=0)] = 1.0
    alpha: Annotated[float, Range(0.0, 10.0), Field(ge=0)] = 0.0
    """Weight of the retain NLL."""


class Method:
    """Minimises the weighted sum of the terms."""

    def __init__(self, config: Config) -> None:
        self.config = config
        retain = frozenset({Source.RETAIN})
        self.requirements = Requirements(
            retain | {Source.FORGET, Source.RANDOM},
            compared=retain,
            every_position=retain,
            hidden_layer=config.layer,
            logits_too=True,
        )

    def loss(self, step: Step) -> Tensor:
        """Returns the four terms added up."""
        config, layer = self.config, self.config.layer
        unlearn = -config.bad * _mean_nll(step, Source.FORGET)
        replace = config.random * _mean_nll(step, Source.RANDOM)
        retain = step.batches[Source.RETAIN]
        logits_BTV, hidden_BTH = step.student.both(retain, layer)
        reference_NH = losses.at_attended(step.reference.hidden(retain, layer), retain)
        stay = losses.mean_kl(reference_NH, losses.at_attended(hidden_BTH, retain), retain)
        fit = config.alpha * losses.mean_nll(losses.at_labels(logits_BTV, retain), retain)
        return unlearn + replace + config.normal * stay + fit


def _mean_nll(step: Step, source: Source) -> Tensor:
    batch = step.batches[source]
    return losses.mean_nll(step.student.answer_logits(batch), batch)
