"""In what something here is not what was published."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from evals import plugins
from orchestrator.config.method_settings import METHODS, MethodSettings


def recipe_differences(recipe: Iterable[tuple[str, object, object]]) -> list[str]:
    """Returns what to say of each key whose value here is not the published one."""
    return [
        f"{key} {said(here)} here, {said(there)} there"
        for key, here, there in recipe
        if here != there
    ]


def hyperparameter_differences(
    method: MethodSettings, constants: Mapping[str, Mapping[str, Any]], *, variant: str
) -> tuple[str, ...]:
    """Says which of a method's published `constants` are others here or searched.

    And whether the published code does what is another method here, whose name ends in `variant`.
    """
    return tuple(_of_method(method, constants, variant))


def _of_method(
    method: MethodSettings, constants: Mapping[str, Mapping[str, Any]], variant: str
) -> Iterator[str]:
    for name, there in constants.get(method.method, {}).items():
        if name in method.search:
            yield f"{name} searched here, {said(there)} there"
        elif method.settings[name] != there:
            yield f"{name} {said(method.settings[name])} here, {said(there)} there"
    own = f"{method.method}{variant}"
    if own in plugins.names(METHODS):
        yield f"the published code does what is {own} here"


def said(value: object) -> str:
    """Returns a value as YAML has it."""
    if isinstance(value, float):
        return f"{value:g}"
    return "null" if value is None else str(value)
