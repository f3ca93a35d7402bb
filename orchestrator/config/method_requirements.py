"""What the methods of a sweep ask of it, whatever the search may pick for them."""

from collections.abc import Iterator
from itertools import product

from orchestrator.config.method_settings import MethodSettings
from orchestrator.searching.space import active_part
from trainers.requirements import ReferenceUse, Requirements


def possible_requirements(settings: MethodSettings) -> Iterator[Requirements]:
    """Yields what a method asks for at the ends of its ranges and with each of its choices."""
    from trainers.method import build_method  # imports torch

    own = {name: found for name, found in settings.search.items() if name in settings.settings}
    for point in product(*(found.ends for found in own.values())):
        params = active_part(own, dict(zip(own, point, strict=True)))
        yield build_method(settings.choice(params)).requirements


def most_demanding(settings: MethodSettings) -> Requirements:
    """Returns the most that a method may ask for: the most rows, and the reference."""
    return max(possible_requirements(settings), key=_demand)


def _demand(asked: Requirements) -> tuple[int, bool]:
    return sum(asked.passes), asked.reference_use != ReferenceUse.NONE
