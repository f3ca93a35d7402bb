"""What one micro-batch of a job runs through the model, as its method says it."""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.method_settings import METHODS, MethodSettings
from orchestrator.space import SearchChoices, Value


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
    """Returns the most that a method draws of all that is searched."""
    own = {name: each for name, each in settings.search.items() if name in settings.settings}
    highest = {name: each.ends[-1] for name, each in own.items()}
    points = [highest]
    for name, searched in own.items():
        if isinstance(searched, SearchChoices):
            points += [{**highest, name: choice} for choice in searched.choices]
    draws = [_draw(settings, point) for point in points]
    return max(draws, key=lambda draw: (draw.together, draw.references))


def _draw(settings: MethodSettings, point: Mapping[str, Value]) -> Draw:
    from trainers.method import Source, build_method  # imports torch

    choice = settings.choice(point)
    method = build_method(choice)
    num_random = int(getattr(choice.config(METHODS), "num_random", 1))
    passes = tuple(num_random if source == Source.RANDOM else 1 for source in sorted(method.needs))
    return Draw(passes, references=int(method.needs_reference))
