"""SCRUB: a student that obeys its teacher on the retain set and defies it on the forget set.

    min step  loss = gamma * mean NLL(retain answers) + alpha * KD(retain)
    max step  loss = -KD(forget)
    KD = temperature^2 * KL(reference || student), both softened by the temperature

Kurmanji et al. 2023 (arXiv 2302.09880), over positions instead of images. The paper alternates
whole epochs, a max epoch before each of the first min epochs; here optimizer steps alternate until
the forget rows have been passed over `max_epochs` times, which takes twice as many epochs.
At the start student and teacher are equal and every KD has gradient zero, so the first step is a
min step, whose likelihood moves the student; a max step alone would never start.
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
    """Weights of the min step, temperature, and for how long there are max steps."""

    gamma: Annotated[float, Range(0.1, 2.0, log=True), Field(ge=0)] = 1.0
    """Weight of the retain NLL."""
    alpha: Annotated[float, Range(1e-3, 1.0, log=True), Field(ge=0)] = 0.5
    """Weight of the distillation on retain rows."""
    temperature: Annotated[float, Range(1.0, 4.0), Field(gt=0)] = 2.0
    max_epochs: Annotated[int, Range(1, 5, integer=True), Field(ge=0)] = 3
    """Passes over the forget rows in max steps; the steps that follow only repair."""


class Method:
    """Alternates min steps on retain rows with max steps on forget rows."""

    forget_every = 2
    """Max steps are every other step, and no forget row may be passed over by the min steps."""

    def __init__(self, config: Config) -> None:
        self.config = config
        both = frozenset({Source.FORGET, Source.RETAIN})
        self.requirements = Requirements(
            both,
            compared=both,
            every_position=both,
            alternates=True,
            forget_every=self.forget_every,
            repairs_from=self.forget_every * config.max_epochs,
        )

    def loss(self, step: Step) -> Tensor:
        """Returns the loss of a max step (odd index, early pass) or of a min step."""
        forget_pass = step.epoch // self.forget_every
        if step.index % 2 == 1 and forget_pass < self.config.max_epochs:
            forget = step.batches[Source.FORGET]
            return -self._distillation(step, forget, step.student.attended_logits(forget))
        retain = step.batches[Source.RETAIN]
        logits_NV = step.student.attended_logits(retain)
        nll = losses.mean_nll(losses.labelled_among_attended(logits_NV, retain), retain)
        close = self._distillation(step, retain, logits_NV)
        return self.config.gamma * nll + self.config.alpha * close

    def _distillation(self, step: Step, batch: Batch, student_NV: Tensor) -> Tensor:
        temperature = self.config.temperature
        reference_NV = step.reference.attended_logits(batch) / temperature
        return temperature**2 * losses.mean_kl(reference_NV, student_NV / temperature, batch)
