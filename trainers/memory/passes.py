"""The student's passes of a micro-batch, and the logits that each of them has at once.

Logits are a vocabulary wide, and made only where they are read: where answers are predicted, or at
every position by losses that compare or even out whole distributions. In float32, as multiples of
the positions that are read (measured):

    likelihood      2   logits and their gradient; 1 is kept until the backward pass
    entropy         4   2 are kept
    divergence      8   in a pass of its own: logits and log-probabilities of both models, and
                        temporaries of torch's kl_div, two with a temperature only; 2 are kept

Where a layer's output is compared, logits that are read as well are there once at every position,
and two more times at the answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trainers.requirements import Requirements, Source

LIKELIHOOD_COPIES, ENTROPY_COPIES, DIVERGENCE_COPIES = 2, 4, 8
KEPT_COPIES = 2
"""Of an entropy and a divergence."""
COMPARED_COPIES, KEPT_COMPARED_COPIES = 5, 2
"""What a divergence has beside its logits in a pass with others: log-probabilities of both models,
which it keeps, a gradient and temporaries. All gradients are joined when they are gone."""


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass over `num_rows` rows, with `at_once` vectors of logits when its loss is computed or
    goes back, and `kept` of them in between. It ends behind `num_layers` layers, if given.
    """

    num_rows: int
    at_once: int
    kept: int = 0
    num_layers: int | None = None


def passes_of(
    asked: Requirements, *, num_rows: int, length: int, num_labels: int, joins: bool = True
) -> tuple[Pass, ...]:
    """Returns a micro-batch's passes over rows of `length`, of which `num_labels` are answers.

    Batches that may be read in one pass are, if the model `joins` them.
    """
    sizes = {source: num_rows * asked.rows_of(source) for source in sorted(asked.needs)}
    joint = asked.together if joins and len(asked.together) > 1 else frozenset()
    num_labels = min(num_labels, length)
    alone = (
        _pass(asked, source, rows, length=length, num_labels=num_labels)
        for source, rows in sizes.items()
        if source not in joint
    )
    shared = {source: sizes[source] for source in sorted(joint)}
    if not shared:
        return tuple(alone)
    return (*alone, _joint(asked, shared, length=length, num_labels=num_labels))


def _joint(
    asked: Requirements, sizes: Mapping[Source, int], *, length: int, num_labels: int
) -> Pass:
    rows = sum(sizes.values())
    if asked.hidden_layer is not None:
        return Pass(rows, rows, num_layers=asked.hidden_layer + 1)
    everywhere = asked.every_position
    read = {s: rows * (length if s in everywhere else num_labels) for s, rows in sizes.items()}
    num, compared = sum(read.values()), sum(read[source] for source in everywhere & read.keys())
    at_once = max(LIKELIHOOD_COPIES * num, num + COMPARED_COPIES * compared)
    return Pass(rows, at_once, num + KEPT_COMPARED_COPIES * compared)


def _likelihood(num_rows: int, num_answers: int) -> Pass:
    return Pass(num_rows, LIKELIHOOD_COPIES * num_answers, num_answers)


def _pass(
    asked: Requirements, source: Source, num_rows: int, *, length: int, num_labels: int
) -> Pass:
    answers, everywhere = num_rows * num_labels, num_rows * length
    if source in asked.every_position:
        if asked.hidden_layer is not None:
            return Pass(num_rows, everywhere + LIKELIHOOD_COPIES * answers, answers)
        copies = DIVERGENCE_COPIES if source in asked.compared else ENTROPY_COPIES
        return Pass(num_rows, copies * everywhere, KEPT_COPIES * everywhere)
    if asked.hidden_layer is None or (asked.logits_too and source not in asked.compared):
        return _likelihood(num_rows, answers)
    return Pass(num_rows, num_rows, num_layers=asked.hidden_layer + 1)
