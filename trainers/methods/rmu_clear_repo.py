"""RMU as CLEAR's text code has it: a new target direction at every step, and no retain weight.

    loss = gamma * MSE(h, steering * u_t / |u_t|) on forget rows + MSE(h, h_ref) on retain rows

CLEAR (arXiv 2410.18057), nlp/dataloader.py. u_t is drawn anew at optimizer step t, so on average
forget rows are pulled to the mean direction. The published code also averages over padding, whose
length is an accident of the batch: `positions: padded`.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.control_vector import control_vector
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.positions import Positions
from trainers.requirements import Source
from trainers.steering import retained, steering_requirements


class Config(Settings):
    """Which layer, how far it is steered, and the weight of the forget term."""

    layer: Annotated[int, Range(4, 16, integer=True), Field(ge=0)] = 7
    """Decoder layer, counted from 0."""
    steering: Annotated[float, Range(1.0, 400.0, log=True), Field(gt=0)] = 300.0
    """Length of the control vector."""
    gamma: Annotated[float, Range(0.1, 2.0, log=True), Field(ge=0)] = 1.0
    """Weight of the forget term (the published code's loss_beta)."""
    positions: Positions = Positions.ATTENDED
    """`padded` averages over all positions, as the published code."""


class Method:
    """Minimises the distance to a moving control vector and to the reference."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.requirements = steering_requirements(config.layer)

    def loss(self, step: Step) -> Tensor:
        """Returns gamma * MSE to this step's vector on forget + MSE to the reference on retain."""
        config = self.config
        forget, retain = step.batches[Source.FORGET], step.batches[Source.RETAIN]
        forget_BTH = step.student.hidden(forget, config.layer)
        control_H = control_vector(
            forget_BTH.shape[-1], seed=(step.seed, step.index), length=config.steering
        ).to(forget_BTH)
        among = config.positions.of
        scramble = losses.mean_square(forget_BTH, control_H, among(forget))
        kept = retained(step, config.layer)
        close = losses.mean_square(*kept, among(retain))
        return config.gamma * scramble + close
