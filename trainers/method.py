"""What an unlearning method is, and what it sees in one step."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from torch import Tensor

from evals import plugins
from evals.choice import Choice
from trainers.batch import Batch

PACKAGE = "trainers.methods"


class Source(StrEnum):
    """Where the rows of a batch come from.

    FORGET, IDK and RANDOM are aligned row by row: IDK has the forget question with a refusal,
    RANDOM the forget question with a randomly drawn retain answer (the `num_random` of the
    method's Config rows for each forget row, or one).
    """

    FORGET = "forget"
    RETAIN = "retain"
    IDK = "idk"
    RANDOM = "random"


class View(Protocol):
    """A way to run a model on a batch."""

    def logits(self, batch: Batch) -> Tensor:
        """Returns logits_BTV (float32)."""
        ...

    def hidden(self, batch: Batch, layer: int) -> Tensor:
        """Returns hidden_BTH, the output of decoder layer `layer` (0-based, float32)."""
        ...


class Reference(View, Protocol):
    """The model before unlearning: same weights, adapter off, no gradient, dropout off."""

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
    """An unlearning method: what it needs, and one loss to be minimised.

    It may have an attribute `forget_every`: new forget rows come every so many steps (1); and
    `repairs_from`: the epoch before which it does harm that it means to repair (0), so that what
    the model still knows says nothing yet.
    """

    @property
    def needs(self) -> frozenset[Source]:
        """The batches that every step must bring."""
        ...

    @property
    def needs_reference(self) -> bool:
        """Whether `loss` reads `step.reference`, which only a model with an adapter has."""
        ...

    def loss(self, step: Step) -> Tensor:
        """Returns the scalar loss of this part (see `trainers.batch` for normalisation)."""
        ...


def build_method(choice: Choice) -> Method:
    """Builds `Method(Config(...))` of `trainers/methods/<name>.py`."""
    module = plugins.load(PACKAGE, choice.name, key="method.name")
    method: Method = module.Method(choice.config(PACKAGE))
    return method
