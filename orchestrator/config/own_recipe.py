"""What of the trials' recipe one method has otherwise."""

from collections.abc import Iterable, Mapping
from typing import Any

from evals.errors import ConfigError, suggestion
from evals.validation import validated
from trainers.settings import TrainingSettings

OWN = (
    "lr",
    "l1",
    "l1_mode",
    "l1_towards",
    "epochs",
    "weight_decay",
    "warmup_epochs",
    "schedule",
)
"""All but batches, optimizer and length, by which the one engine of all methods is made."""


def own_recipe(raw: object, *, key: str) -> dict[str, Any]:
    """Returns what is written as `raw`.

    Raises:
        ConfigError: it is no mapping of those keys that a method may have to itself.
    """
    if not isinstance(raw, Mapping):
        raise ConfigError(
            f"{key} must be a mapping of training settings but got {raw!r}; write its keys below it"
        )
    for name in map(str, raw):
        if name not in OWN:
            cure = suggestion(name, OWN) or f"those are {', '.join(OWN)}"
            raise ConfigError(
                f"{key}.{name} must be a key of training that a method may have to itself but is "
                f"not one; {cure}"
            )
    return dict(raw)


def whole_recipe(common: TrainingSettings, own: Mapping[str, Any], *, key: str) -> TrainingSettings:
    """Returns `common` with what is a method's own.

    Raises:
        ConfigError: a value that no training may have.
    """
    whole: TrainingSettings = validated(TrainingSettings, {**common.model_dump(), **own}, key=key)
    return whole


def check_unsearched(own: Mapping[str, Any], searched: Iterable[str], *, key: str) -> None:
    """Refuses a value of what is searched; `key` is the method's.

    Raises:
        ConfigError: names it.
    """
    for name in own.keys() & set(searched):
        raise ConfigError(
            f"{key}.training.{name} must be left out where {name} is searched but got "
            f"{own[name]!r}; set {key}.search: {{{name}: null}}"
        )
