"""What an unlearning method is, and what it sees in one step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from evals import plugins
from evals.choice import Choice
from trainers.batch import Batch
from trainers.requirements import Requirements, Source

PACKAGE = "trainers.methods"


class View(Protocol):
    """A way to run a model on a batch."""

    def logits(self, batch: Batch) -> Tensor:
        """Returns logits_BTV (float32)."""
        ...

    def answer_logits(self, batch: Batch) -> Tensor:
        """Returns logits_NV (float32) where labels are predicted, which spares all others."""
        ...

    def attended_logits(self, batch: Batch) -> Tensor:
        """Returns logits_NV (float32) at attended positions, which spares those of padding."""
        ...

    def hidden(self, batch: Batch, layer: int) -> Tensor:
        """Returns hidden_BTH, the output of layer `layer` (0-based, float32)."""
        ...

    def both(self, batch: Batch, layer: int) -> tuple[Tensor, Tensor]:
        """Returns logits_BTV and the hidden_BTH of layer `layer`, of one pass."""
        ...


class Student(View, Protocol):
    """The model as it trains."""

    def over(self, batches: Sequence[Batch], whole: Sequence[Batch] = ()) -> View:
        """Returns a view that reads `batches` in one pass, if that costs less.

        Of those of them that are in `whole` it reads every attended position, else the answers.
        """
        ...


class Reference(View, Protocol):
    """The model before unlearning, without gradient or dropout, or what is kept of it."""

    def sequence_nll(self, batch: Batch) -> Tensor:
        """Returns nll_B, each row's summed answer NLL in nats, cached by row id."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One micro-batch of one optimizer step.

    `index` counts optimizer steps from 0 to `num_steps` - 1; `epoch` counts passes over the
    forget set from 0. `seed` is the trial's: the same on every rank.
    """

    batches: Mapping[Source, Batch]
    student: View
    reference: Reference
    index: int
    num_steps: int
    epoch: int
    seed: int


class Method(Protocol):
    """An unlearning method: what it asks for, and one loss to be minimised."""

    @property
    def requirements(self) -> Requirements:
        """Everything about it that has to be known outside; the rest is its own affair."""
        ...

    def loss(self, step: Step) -> Tensor:
        """Returns the scalar loss of this part (see `trainers.batch` for normalisation)."""
        ...


def build_method(choice: Choice) -> Method:
    """Builds `Method(Config(...))` of `trainers/methods/<name>.py`."""
    module = plugins.load(PACKAGE, choice.name, key="method.name")
    method: Method = module.Method(choice.config(PACKAGE))
    return method
