"""SCRUB as CLEAR's vision code has it: all terms in one loss, divergences of representations.

    loss = -gamma * KL(s(h_ref) || s(h)) on forget rows
           + alpha * KL(s(h_ref) || s(h)) on retain rows + mean NLL(retain answers)

CLEAR (arXiv 2410.18057), cv/unlearning/scrub_orig.py; s is the softmax, over the width of a
representation as if that were a vocabulary. Both KLs have gradient zero while student and reference
are equal, so that the first steps are retain fine-tuning. h is the output of layer `layer`; a
recogniser of faces has one, its embedding.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.batch import Batch
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.requirements import Requirements, Source


class Config(Settings):
    """Which layer, and the weights of the two divergences."""

    layer: Annotated[int, Range(0, 16, integer=True), Field(ge=0)] = 0
    """Layer whose output is compared, counted from 0."""
    gamma: Annotated[float, Range(0.1, 10.0, log=True), Field(ge=0)] = 1.0
    """Weight of the forget term."""
    alpha: Annotated[float, Range(0.1, 10.0, log=True), Field(ge=0)] = 1.0
    """Weight of the divergence on retain rows; that of their NLL is 1."""


class Method:
    """Minimises the joint loss."""

    def __init__(self, config: Config) -> None:
        self.config = config
        both = frozenset({Source.FORGET, Source.RETAIN})
        self.requirements = Requirements(
            both,
            compared=both,
            every_position=frozenset({Source.RETAIN}),
            hidden_layer=config.layer,
            logits_too=True,
        )

    def loss(self, step: Step) -> Tensor:
        """Returns the three terms added up."""
        config, layer = self.config, self.config.layer
        forget, retain = step.batches[Source.FORGET], step.batches[Source.RETAIN]
        forget_BTH = step.student.hidden(forget, layer)
        retain_BTV, retain_BTH = step.student.both(retain, layer)
        away = _kl(step.reference.hidden(forget, layer), forget_BTH, forget)
        close = _kl(step.reference.hidden(retain, layer), retain_BTH, retain)
        fit = losses.mean_nll(losses.at_labels(retain_BTV, retain), retain)
        return -config.gamma * away + config.alpha * close + fit


def _kl(of_BTH: Tensor, to_BTH: Tensor, batch: Batch) -> Tensor:
    of_NH, to_NH = losses.at_attended(of_BTH, batch), losses.at_attended(to_BTH, batch)
    return losses.mean_kl(of_NH, to_NH, batch)
