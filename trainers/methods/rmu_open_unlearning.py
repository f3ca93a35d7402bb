"""RMU as open-unlearning ports it: over the answers alone, every row weighing the same.

    loss = gamma * MSE(h, steering * u / |u|) on forget answers + alpha * MSE(h, h_ref) on retain

Li et al. 2024 (WMDP, arXiv 2403.03218); locuslab/open-unlearning, src/trainer/unlearn/rmu.py. Of
each row the mean runs over the positions of labelled tokens, those of the answer, and then over
rows, where `rmu` has all attended positions of all rows in one mean. u is as in `rmu`. Defaults are
those of its configuration.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.control_vector import control_vector
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.requirements import Source
from trainers.steering import retained, steering_requirements


class Config(Settings):
    """Which layer, how far it is steered, and the weights of both terms."""

    layer: Annotated[int, Range(4, 16, integer=True), Field(ge=0)] = 7
    """Decoder layer, counted from 0; the middle third of the model is worth searching."""
    steering: Annotated[float, Range(1.0, 400.0, log=True), Field(gt=0)] = 2.0
    """Length of the control vector."""
    gamma: Annotated[float, Range(0.1, 2.0, log=True), Field(ge=0)] = 1.0
    """Weight of the forget term."""
    alpha: Annotated[float, Range(0.1, 2000.0, log=True), Field(ge=0)] = 1.0
    """Weight of the retain term."""


class Method:
    """Minimises the answers' distance to the control vector, and to the reference."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.requirements = steering_requirements(config.layer)

    def loss(self, step: Step) -> Tensor:
        """Returns gamma * MSE to the control vector + alpha * MSE to the reference on retain."""
        config = self.config
        forget, retain = step.batches[Source.FORGET], step.batches[Source.RETAIN]
        forget_BTH = step.student.hidden(forget, config.layer)
        control_H = control_vector(
            forget_BTH.shape[-1], seed=(step.seed,), length=config.steering
        ).to(forget_BTH)
        scramble_B = losses.answer_mean_square(forget_BTH, control_H, forget)
        kept = retained(step, config.layer)
        close_B = losses.answer_mean_square(*kept, retain)
        scramble = config.gamma * losses.row_mean(scramble_B, forget)
        return scramble + config.alpha * losses.row_mean(close_B, retain)
