"""DPO as CLEAR's code runs it: the preference loss is overwritten by a plain likelihood.

    loss = mean over rows of NLL,  summed over the answer of the row in the refusal slot

CLEAR (arXiv 2410.18057), nlp/dataloader.py. Its text data set yields (refusal, forget, retain)
where the trainer expects (forget, retain, refusal), so the slot holds retain rows and the method
is retain fine-tuning with a sum over tokens. `order: intended` puts the refusals there.
"""

from typing import Literal

from torch import Tensor

from evals.choice import Settings
from trainers import losses
from trainers.method import Step
from trainers.requirements import Requirements, Source


class Config(Settings):
    """Which rows stand in the refusal slot."""

    order: Literal["as_run", "intended"] = "as_run"


class Method:
    """Minimises the mean summed NLL of the refusal slot."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._slot = Source.RETAIN if config.order == "as_run" else Source.IDK
        self.requirements = Requirements(frozenset({self._slot}))

    def loss(self, step: Step) -> Tensor:
        """Returns the mean over rows of the summed NLL."""
        batch = step.batches[self._slot]
        return losses.row_mean(losses.sequence_nll(step.student.answer_logits(batch), batch), batch)
