"""Whether a sweep folder was begun by the same sweep: old trials must not mislead the search."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evals.errors import ConfigError
from orchestrator.config import SweepConfig

CONFIG_FILE = "config.json"

FREE = ("storage", "search.trials", "search.warm_start", "gang.", "checkpoint.", "tracking.")
"""Keys that may change between runs: none of them changes what a trial measures."""


def check_continues(config: SweepConfig, folder: Path) -> None:
    """Refuses a config that differs from the one this folder was begun with.

    More or fewer methods, a larger budget, another gang or tracking store are fine.

    Raises:
        ConfigError: names the first key that differs, both values and the cure.
    """
    file = folder / CONFIG_FILE
    if not file.is_file():
        return
    before = _comparable(_read(file))
    now = _comparable(config.model_dump(mode="json"))
    methods = before["methods"].keys() & now["methods"].keys()
    begun, wanted = _flat(before, methods), _flat(now, methods)
    for key in sorted({**begun, **wanted}):
        old, new = begun.get(key), wanted.get(key)
        if old != new and not key.startswith(FREE):
            raise ConfigError(
                f"{key} must stay {old!r} in the sweep {config.name!r} ({folder}) but got "
                f"{new!r}; restore it, or give the new sweep a name of its own with name=<name>"
            )


def write_config(config: SweepConfig, folder: Path) -> str:
    """Writes the resolved config into the sweep's folder and returns it as JSON."""
    text = config.model_dump_json(indent=2)
    part = folder / f".{CONFIG_FILE}.part"
    part.write_text(text, encoding="utf-8")
    part.replace(folder / CONFIG_FILE)
    return text


def _read(file: Path) -> dict[str, Any]:
    try:
        read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{file} must be a sweep's resolved config but got {error}; "
            "restore it, or give the new sweep a name of its own with name=<name>"
        ) from None
    return read


def _comparable(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the config in its JSON form, in which a tuple is a list."""
    plain: dict[str, Any] = json.loads(json.dumps(config))
    return plain


def _flat(config: Mapping[str, Any], methods: set[str]) -> dict[str, Any]:
    kept = {label: config["methods"][label] for label in methods}
    return dict(_leaves({**config, "methods": kept}, ""))


def _leaves(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else name)
    else:
        yield key, value
