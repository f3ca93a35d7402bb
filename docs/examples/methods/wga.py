"""Weighted gradient ascent: gradient ascent that leaves alone what is forgotten already.

    loss = -mean over answer tokens of w * NLL, w = p^beta  [+ alpha * mean NLL(retain answers)]

p is the token's own likelihood; w is held constant, so no gradient runs through it. Wang et al.
2025 (arXiv 2502.19301). With beta = 0 it is gradient ascent.
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
    """How fast the weight falls with the likelihood, and the weight of the retain term."""

    beta: Annotated[float, Range(0.1, 5.0, log=True), Field(ge=0)] = 1.0
    alpha: Annotated[float, Range(0.1, 10.0, log=True), Field(ge=0)] = 1.0
    """Weight of the retain term."""


class Method:
    """Minimises the weighted ascent plus the retain NLL."""

    requirements = Requirements(frozenset({Source.FORGET, Source.RETAIN}))

    def __init__(self, config: Config) -> None:
        self.config = config

    def loss(self, step: Step) -> Tensor:
        """Returns -mean w * NLL(forget) + alpha * mean NLL(retain)."""
        forget, retain = step.batches[Source.FORGET], step.batches[Source.RETAIN]
        nll_BT = losses.token_nll(step.student.answer_logits(forget), forget)
        weight_BT = (-self.config.beta * nll_BT.detach()).exp()
        ascent = -(weight_BT * nll_BT).sum() / forget.token_norm
        kept = losses.mean_nll(step.student.answer_logits(retain), retain)
        return ascent + self.config.alpha * kept
