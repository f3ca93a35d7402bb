"""RMU as CLEAR's vision code has it: a random target of its own for each forget row.

    loss = gamma * MSE(h, steering * u_i) on forget rows i + MSE(h, h_ref) on retain rows

CLEAR (arXiv 2410.18057), cv/unlearning/rmu.py. u_i is uniform on [-1, 1)^H and not brought to a
length; it belongs to a row for the whole training. The published code mixes ten copies of the
forget rows with the retain rows and takes one mean over all, which is a `gamma`. Its targets are
kept by caption, so that pictures with equal captions share one; here they go by row id. h is the
output of layer `layer`; a recogniser of faces has one, its embedding.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.control_vector import row_targets
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.requirements import Source
from trainers.steering import retained, steering_requirements


class Config(Settings):
    """Which layer, how far it is steered, and the weight of the forget term."""

    layer: Annotated[int, Range(0, 16, integer=True), Field(ge=0)] = 0
    """Layer whose output is steered, counted from 0."""
    steering: Annotated[float, Range(0.1, 20.0, log=True), Field(gt=0)] = 2.0
    """Largest entry of a target (the published code's C)."""
    gamma: Annotated[float, Range(0.1, 10.0, log=True), Field(ge=0)] = 1.0
    """Weight of the forget term."""


class Method:
    """Minimises the distance to each row's target and, on retain rows, to the reference."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.requirements = steering_requirements(config.layer)

    def loss(self, step: Step) -> Tensor:
        """Returns gamma * MSE to the rows' targets on forget + MSE to the reference on retain."""
        config = self.config
        forget, retain = step.batches[Source.FORGET], step.batches[Source.RETAIN]
        forget_BTH = step.student.hidden(forget, config.layer)
        targets_BH = row_targets(
            forget.ids, forget_BTH.shape[-1], seed=step.seed, largest=config.steering
        ).to(forget_BTH)
        scramble = losses.mean_square(forget_BTH, targets_BH[:, None].expand_as(forget_BTH), forget)
        kept = retained(step, config.layer)
        return config.gamma * scramble + losses.mean_square(*kept, retain)
