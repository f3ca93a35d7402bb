"""Twins: have each forget row look to the model as its twin looked to it before.

    loss = MSE(h(x), h_ref(twin of x)) over forget rows x
           + alpha * MSE(h(x), h_ref(x)) over retain rows x

CLEAR (arXiv 2410.18057), cv/unlearning/twins.py. What a twin is, a suite says: a picture's is what
a mirror shows of it. The published code goes ten times over the forget rows in an epoch and has no
retain term, though it computes what there would be to compare with (`alpha` 0). h is the output of
layer `layer`; a recogniser of faces has one, its embedding.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.requirements import Requirements, Source
from trainers.steering import retained


class Config(Settings):
    """Which layer, and the weight of a retain term."""

    layer: Annotated[int, Range(0, 16, integer=True), Field(ge=0)] = 0
    """Layer whose output is compared, counted from 0."""
    alpha: Annotated[float, Range(0.0, 10.0), Field(ge=0)] = 0.0
    """Weight of the retain term; 0 leaves retain rows unread."""


class Method:
    """Minimises the distance to the twins' representations and, on retain rows, to their own."""

    def __init__(self, config: Config) -> None:
        self.config = config
        own = Requirements(
            frozenset({Source.FORGET}),
            compared=frozenset({Source.TWIN}),
            hidden_layer=config.layer,
        )
        retain = frozenset({Source.RETAIN})
        term = Requirements(retain, compared=retain) if config.alpha else Requirements()
        self.requirements = own.with_term(term)

    def loss(self, step: Step) -> Tensor:
        """Returns MSE to the twins on forget + alpha * MSE to the reference on retain."""
        config, forget = self.config, step.batches[Source.FORGET]
        twins_BTH = step.reference.hidden(step.batches[Source.TWIN], config.layer)
        confused = losses.mean_square(step.student.hidden(forget, config.layer), twins_BTH, forget)
        if not config.alpha:
            return confused
        kept = retained(step, config.layer)
        return confused + config.alpha * losses.mean_square(*kept, step.batches[Source.RETAIN])
