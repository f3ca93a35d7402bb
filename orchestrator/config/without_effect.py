"""What a person has written of a sweep that changes nothing of it."""

from collections.abc import Iterator

from orchestrator.config.sweep_config import SweepConfig
from orchestrator.searching.shared_parameters import SHARED


def without_effect(config: SweepConfig) -> Iterator[str]:
    """Yields a sentence for each written key whose value the search puts its own in place of."""
    for name in SHARED:
        if name not in config.training.model_fields_set:
            continue
        if all(name in config.space(label) for label in config.methods):
            value = getattr(config.training, name)
            yield (
                f"training.{name} ({value:g}) has no effect, since search.{name} has it searched "
                "for every method; leave it out"
            )
