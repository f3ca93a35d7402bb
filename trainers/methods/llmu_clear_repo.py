"""LLMU as CLEAR's text code runs it, with its slots mixed up.

    intended  loss = -mean NLL(forget) + mean NLL(refusals) + KL(student || reference) on retain
    as_run    loss = -mean NLL(refusals) + mean NLL(retain) + KL(student || reference) on forget

CLEAR (arXiv 2410.18057), nlp/dataloader.py. The text data set yields (refusal, forget, retain)
where the trainer expects (forget, retain, refusal), so the published runs push away from refusals
and hold the forget set in place. CLEAR's multimodal trainer names its batches: `intended`. The
published KL runs over padding, too: `positions: padded`.
"""

from typing import Literal

from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.method import Step
from trainers.positions import Positions
from trainers.requirements import Requirements, Source


class Config(Settings):
    """Which rows stand in which slot, and what the KL runs over."""

    order: Literal["as_run", "intended"] = "as_run"
    positions: Positions = Positions.ATTENDED
    """`padded` averages over all positions, as the published code."""


class Method:
    """Minimises the three terms with equal weights."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._slots = (Source.FORGET, Source.RETAIN, Source.IDK)
        if config.order == "as_run":
            self._slots = (Source.IDK, Source.FORGET, Source.RETAIN)
        self.requirements = Requirements(
            frozenset(self._slots),
            compared=frozenset({self._slots[1]}),
            every_position=frozenset({self._slots[1]}),
        )

    def loss(self, step: Step) -> Tensor:
        """Returns -mean NLL(first slot) + KL on the second + mean NLL(third)."""
        forget, retain, idk = (step.batches[source] for source in self._slots)
        unlearn = -losses.mean_nll(step.student.answer_logits(forget), forget)
        refuse = losses.mean_nll(step.student.answer_logits(idk), idk)
        positions = self.config.positions
        stay = losses.mean_kl(
            positions.logits(step.student, retain),
            positions.logits(step.reference, retain),
            positions.of(retain),
        )
        return unlearn + refuse + stay
