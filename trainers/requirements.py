"""What an unlearning method asks of a training run, said before there is a model."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Source(StrEnum):
    """Where the rows of a batch come from.

    FORGET, IDK, RANDOM and TWIN are aligned row by row: IDK has the forget question with a refusal,
    RANDOM the forget question with a randomly drawn retain answer (`Requirements.num_random` rows
    for each forget row), TWIN what its suite knows to be like the forget row and is not it. Draws
    depend on a member's place, so that a new one comes last.
    """

    FORGET = "forget"
    RETAIN = "retain"
    IDK = "idk"
    RANDOM = "random"
    TWIN = "twin"


class ReferenceUse(StrEnum):
    """What of the reference a method reads; the members get more demanding."""

    NONE = "none"
    LIKELIHOODS = "likelihoods"
    """Only `sequence_nll`: a number for each row, which can be had once and kept."""
    MODEL = "model"
    """Logits or hidden states, so that the reference must be at hand in every step."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a method, or one term of its loss, needs; the defaults are what most methods do."""

    needs: frozenset[Source] = frozenset()
    """The batches that the student reads, each of them once, with gradient, in some step at
    least."""
    likelihoods: frozenset[Source] = frozenset()
    """Those whose likelihoods under the reference are asked for; the student reads them, too."""
    compared: frozenset[Source] = frozenset()
    """Those that the reference model reads, as well as the student or alone."""
    hidden_layer: int | None = None
    """The layer whose output is read in place of logits; the hyperparameter is called `layer`."""
    together: frozenset[Source] = frozenset()
    """Those of `needs` that the student reads in every step, by views that know of the others: the
    answers, attended positions, or one layer's output. One pass may serve them all."""
    every_position: frozenset[Source] = frozenset()
    """Those whose logits are read at every position, and not at the answers' alone."""
    alternates: bool = False
    """Whether a step reads one of `needs` alone, now this one and now that."""
    logits_too: bool = False
    """Whether the student's logits of some batches are read beside, or instead of, that output."""
    num_random: int = 1
    """Rows of RANDOM for each forget row."""
    forget_every: int = 1
    """New forget rows come every so many steps."""
    repairs_from: int = 0
    """The epoch before which the method does harm that it means to repair, so that what the model
    still knows says nothing yet."""
    negation: float = 0.0
    """How much of what was learned is taken off the weights that training began with, once it has
    ended: theta_0 - negation * (theta - theta_0). 0 leaves the weights as they were trained."""
    saliency: float = 0.0
    """How many times as large a weight's squared gradient on forget rows must be as on retain rows
    for it to have one in the first of each `forget_every` steps; 0 is no condition."""

    @property
    def reference_use(self) -> ReferenceUse:
        """What of the reference is read."""
        if self.compared:
            return ReferenceUse.MODEL
        return ReferenceUse.LIKELIHOODS if self.likelihoods else ReferenceUse.NONE

    @property
    def drawn(self) -> frozenset[Source]:
        """The batches that every step must bring."""
        return self.needs | self.compared

    @property
    def passes(self) -> tuple[int, ...]:
        """Rows of each of a step's passes for every row of the anchor, one pass a batch."""
        rows = tuple(self.rows_of(each) for each in sorted(self.needs))
        return (max(rows),) if self.alternates else rows

    def rows_of(self, source: Source) -> int:
        """Returns how many rows a source has for every row of the anchor."""
        return self.num_random if source == Source.RANDOM else 1

    def with_term(self, term: "Requirements") -> "Requirements":
        """Returns what a loss needs to which `term` is added."""
        return replace(
            self,
            needs=self.needs | term.needs,
            likelihoods=self.likelihoods | term.likelihoods,
            compared=self.compared | term.compared,
            together=self.together | term.together,
            every_position=self.every_position | term.every_position,
        )
