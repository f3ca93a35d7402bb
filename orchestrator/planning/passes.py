"""What one micro-batch of a job runs through the model, as its method says it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from evals.choice import Choice
from orchestrator.config.method_settings import MethodSettings
from orchestrator.searching.space import SearchRange, active_part
from trainers.requirements import ReferenceUse


@dataclass(frozen=True, slots=True)
class Draw:
    """Passes of a micro-batch: rows in each, for every row of the anchor source.

    `references` of the passes are repeated by the reference model.
    """

    passes: tuple[int, ...] = (1,)
    references: int = 0

    @property
    def together(self) -> int:
        """Rows in the graph of one loss, for every row of the anchor source."""
        return sum(self.passes)


def draw_of(settings: MethodSettings) -> Draw:
    """Returns the most that a method draws, at the upper ends of what is searched."""
    return max(_draws(settings), key=lambda draw: (draw.together, draw.references))


def _draws(settings: MethodSettings) -> Iterator[Draw]:
    """Yields what the method draws with each combination of the choices that are searched."""
    own = {name: found for name, found in settings.search.items() if name in settings.settings}
    values = [f.ends[-1:] if isinstance(f, SearchRange) else f.ends for f in own.values()]
    for point in product(*values):
        yield _draw(settings.choice(active_part(own, dict(zip(own, point, strict=True)))))


def _draw(choice: Choice) -> Draw:
    from trainers.method import build_method  # imports torch

    asked = build_method(choice).requirements
    return Draw(asked.passes, references=int(asked.reference_use != ReferenceUse.NONE))
