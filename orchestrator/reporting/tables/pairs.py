"""Which labels of a sweep differ in nothing but whether L1 is searched."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.config.sweep_config import SweepConfig
from orchestrator.searching.shared_parameters import L1


@dataclass(frozen=True, slots=True)
class Pair:
    """One method twice: `with_l1` has its L1 coefficient searched, `without` trains with 0."""

    method: str
    with_l1: str
    without: str


def l1_pairs(config: SweepConfig) -> tuple[Pair, ...]:
    """Returns the pairs of labels whose method, settings and search are the same but for L1.

    Adapter, sampler and trials are the sweep's, so that they are the same for both. A label whose
    `l1` is neither searched nor 0 trains with L1, and makes no pair.
    """
    searched = [label for label in config.methods if L1 in config.space(label)]
    unsearched = [label for label in config.methods if L1 not in config.space(label)]
    plain = [label for label in unsearched if config.recipe(label).l1 == 0]
    return tuple(
        Pair(config.methods[label].method, label, other)
        for label in searched
        for other in plain
        if _but_for_l1(config, label) == _but_for_l1(config, other)
    )


def _but_for_l1(config: SweepConfig, label: str) -> Mapping[str, Any]:
    """Returns all that decides a method's trials, less what it says of L1."""
    method = config.methods[label]
    space = {name: found for name, found in config.space(label).items() if name != L1}
    fixed = {name: value for name, value in method.settings.items() if name not in space}
    first = [{n: v for n, v in point.items() if n != L1} for point in method.first]
    recipe = config.recipe(label).model_dump(exclude={L1})
    same = {"method": method.method, "fixed": fixed, "space": space, "first": first}
    return {**same, "recipe": recipe, "forget": method.forget}
