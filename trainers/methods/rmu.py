"""RMU: scramble the hidden states of forget rows, keep those of retain rows.

    loss = MSE(h, steering * u / |u|) on forget rows + alpha * MSE(h, h_ref) on retain rows

Li et al. 2024 (WMDP, arXiv 2403.03218). h is the output of decoder layer `layer`, the mean runs
over all attended positions and the hidden width, and u is uniform on [0, 1)^H, drawn once: it
depends on the trial's seed alone and is the same on every rank. Defaults are those of the
published 7B runs; shallower models need a smaller `layer`. The port in open-unlearning looks at the
answers alone: `rmu_open_unlearning`.
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

ALIASES = ("representation_misdirection", "wmdp")
"""What else it is called."""


class Config(Settings):
    """Which layer, how far it is steered, and the weight of the retain term."""

    layer: Annotated[int, Range(4, 16, integer=True), Field(ge=0)] = 7
    """Decoder layer, counted from 0; the middle third of the model is worth searching."""
    steering: Annotated[float, Range(1.0, 400.0, log=True), Field(gt=0)] = 20.0
    """Length of the control vector."""
    alpha: Annotated[float, Range(1.0, 2000.0, log=True), Field(ge=0)] = 100.0
    """Weight of the retain term."""


class Method:
    """Minimises the distance to the control vector and, on retain rows, to the reference."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.requirements = steering_requirements(config.layer)

    def loss(self, step: Step) -> Tensor:
        """Returns MSE to the control vector on forget + alpha * MSE to the reference on retain."""
        config = self.config
        forget, retain = step.batches[Source.FORGET], step.batches[Source.RETAIN]
        forget_BTH = step.student.hidden(forget, config.layer)
        control_H = control_vector(
            forget_BTH.shape[-1], seed=(step.seed,), length=config.steering
        ).to(forget_BTH)
        scramble = losses.mean_square(forget_BTH, control_H, forget)
        kept = retained(step, config.layer)
        return scramble + config.alpha * losses.mean_square(*kept, retain)
