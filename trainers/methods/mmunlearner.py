"""MMUnlearner: ascend on what is to be forgotten, through the weights that matter to that alone.

    loss = -alpha * mean NLL(forget) in one step, whose gradient is m * gradient,
           mean NLL(retain answers) in the `retain_steps` steps that follow
    m = [F(forget) >= threshold * F(retain)], weight by weight

Huo et al. 2025 (arXiv 2502.11051), after the remaining geometry of Huang et al. 2024 (arXiv
2409.19732). F is the diagonal of the empirical Fisher information at the start: the squared
gradient of a step's mean NLL, averaged over a pass over the forget rows and as many retain rows.
The published runs have alpha 1, threshold 1, and as many retain steps for each ascent as there are
retain rows for a forget row: 9 for CLEAR's forget10. They forget pictures and retain questions in
words beside other pictures; here `forget` says that (docs/multimodal.md), and what is retained is
all that is. They clip the gradient of an ascent to norm 1 and leave layers without a mask that are
not linear; here the engine's clipping holds, and a mask is on every weight that trains. The first
factors of an adapter have no gradient at the start, so that they are free.
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
    """Weight of the ascent, how much more a weight must matter, and steps between ascents."""

    alpha: Annotated[float, Range(0.1, 10.0, log=True), Field(gt=0)] = 1.0
    """Weight of the forget NLL."""
    threshold: Annotated[float, Range(0.1, 10.0, log=True), Field(gt=0)] = 1.0
    """How many times as large a weight's information must be on forget rows as on retain rows."""
    retain_steps: Annotated[int, Range(1, 19, integer=True), Field(ge=1)] = 9
    """Steps on retain rows that follow each step of ascent."""


class Method:
    """Ascends on forget rows through salient weights, and descends on retain rows in between."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.requirements = Requirements(
            frozenset({Source.FORGET, Source.RETAIN}),
            alternates=True,
            forget_every=1 + config.retain_steps,
            saliency=config.threshold,
        )

    def loss(self, step: Step) -> Tensor:
        """Returns -alpha * mean NLL(forget), or mean NLL(retain) in the steps that follow."""
        ascends = step.index % self.requirements.forget_every == 0
        batch = step.batches[Source.FORGET if ascends else Source.RETAIN]
        nll = losses.mean_nll(step.student.answer_logits(batch), batch)
        return -self.config.alpha * nll if ascends else nll
