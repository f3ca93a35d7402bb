"""What the methods of a sweep ask of it, whatever the search may pick for them."""

from collections.abc import Iterable
from itertools import product

from orchestrator.config.method_settings import MethodSettings
from orchestrator.searching.space import active_part
from trainers.requirements import ReferenceUse, Requirements


def possible_requirements(settings: MethodSettings) -> tuple[Requirements, ...]:
    """Returns what a method asks for at the ends of its ranges and with each of its choices."""
    from trainers.method import build_method  # imports torch

    own = {name: found for name, found in settings.search.items() if name in settings.settings}
    possible = list[Requirements]()
    for point in product(*(found.ends for found in own.values())):
        params = active_part(own, dict(zip(own, point, strict=True)))
        choice = settings.choice(params)
        possible.append(build_method(choice).requirements)
    return tuple(possible)


def most_demanding(possible: Iterable[Requirements]) -> Requirements:
    """Returns the most of what a method may ask for: the most rows, and the reference."""
    return max(possible, key=_demand)


def _demand(asked: Requirements) -> tuple[int, bool]:
    return sum(asked.passes), asked.reference_use != ReferenceUse.NONE
