"""What the variants of RMU have in common: retain rows stay where the reference has them."""

from torch import Tensor

from trainers.method import Step
from trainers.requirements import Requirements, Source


def steering_requirements(layer: int) -> Requirements:
    """Returns what a method asks for that looks at `layer` of forget rows and of retain rows."""
    both = frozenset({Source.FORGET, Source.RETAIN})
    return Requirements(
        both, compared=frozenset({Source.RETAIN}), together=both, hidden_layer=layer
    )


def retained(step: Step, layer: int) -> tuple[Tensor, Tensor]:
    """Returns two hidden_BTH of the retain rows at `layer`: the student's and the reference's."""
    batch = step.batches[Source.RETAIN]
    reference_BTH = step.reference.hidden(batch, layer)
    return step.student.hidden(batch, layer), reference_BTH
