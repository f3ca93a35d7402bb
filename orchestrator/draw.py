"""What one micro-batch of a job runs through the model, as its method says it."""

from dataclasses import dataclass

from orchestrator.space import METHODS, MethodSettings


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
    """Returns what a method draws, at the upper end of what is searched."""
    from trainers.method import Source, build_method  # imports torch

    highest = {
        name: int(interval.high) if interval.integer else interval.high
        for name, interval in settings.search.items()
        if name in settings.settings
    }
    choice = settings.choice(highest)
    method = build_method(choice)
    num_random = int(getattr(choice.config(METHODS), "num_random", 1))
    passes = tuple(num_random if source == Source.RANDOM else 1 for source in sorted(method.needs))
    return Draw(passes, references=int(method.needs_reference))
