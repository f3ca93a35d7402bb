"""NPO as CLEAR's code has it: a ratio over the whole vocabulary that never looks at the answer.

    ratio        loss = (2 / beta) * mean log(1 + (p / (p_ref + 1e-8))^beta)
    log_ratio    loss = (2 / beta) * mean log(1 + (log(p / p_ref))^beta)

CLEAR (arXiv 2410.18057): `ratio` is mm/trainer.py, `log_ratio` nlp/dataloader.py. The mean runs
over attended positions (the published one over padding, too: `positions: padded`) and every
vocabulary entry; labels play no part. `ratio` is a weak penalty on drift. `log_ratio` is NaN as
soon as one p falls below p_ref / e (for beta 1; below p_ref for other beta), and a run with it
fails for that reason.
"""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import log_softmax, softplus

from evals.choice import Settings
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.positions import Positions
from trainers.requirements import Requirements, Source

SMALLEST = 1e-8


class Config(Settings):
    """Exponent of the ratio, which of the two formulas, and what the mean runs over."""

    beta: Annotated[float, Range(0.01, 1.0, log=True), Field(gt=0)] = 1.0
    formula: Literal["ratio", "log_ratio"] = "ratio"
    positions: Positions = Positions.ATTENDED
    """`padded` averages over all positions, as the published code."""


class Method:
    """Minimises the vocabulary-wide ratio on forget rows."""

    _forget = frozenset({Source.FORGET})
    requirements = Requirements(_forget, compared=_forget, every_position=_forget)

    def __init__(self, config: Config) -> None:
        self.config = config

    def loss(self, step: Step) -> Tensor:
        """Returns (2 / beta) times the mean over positions and vocabulary."""
        forget, beta = step.batches[Source.FORGET], self.config.beta
        positions = self.config.positions
        reference_NV = log_softmax(positions.logits(step.reference, forget), dim=-1)
        student_NV = log_softmax(positions.logits(step.student, forget), dim=-1)
        if self.config.formula == "ratio":
            floor_NV = torch.log(reference_NV.exp() + SMALLEST)
            terms_NV = softplus(beta * (student_NV - floor_NV))
        else:
            terms_NV = torch.log(1 + (student_NV - reference_NV) ** beta)
        return (2.0 / beta) * terms_NV.mean(dim=-1).sum() / positions.of(forget).position_norm
