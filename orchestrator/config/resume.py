"""Whether a sweep folder was begun by the same sweep: old trials must not mislead the search."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, JsonValue, ValidationError

from evals.errors import ConfigError, shown
from evals.validation import validated
from orchestrator.config.gang import GangSettings
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.storage.files import CONFIG_FILE, ORIGIN_FILE
from orchestrator.storage.json_object import json_object
from orchestrator.storage.records import version

LAYOUT = 3
"""Of the files in a sweep's folder and in storage; one more with every change that old code
cannot read, or that cannot read what old code wrote."""

UNSAID = "unset"
"""Stands for a key that is not there, which is not the same as one that is null."""

FREE = (
    "storage",
    "cache",
    "search.trials",
    "search.warm_start",
    "search.floor_probability",
    "finalists.seeds",
    "finalists.spare",
    "finalists.points",
    "attacks",
    "budget.",
    "gang.",
    "checkpoint.",
    "disk.",
    "tracking.",
    "plan.",
)
"""Keys that may change between runs: none of them changes what a trial measures."""


class _Origin(BaseModel):
    """Which Lethe began a sweep, and every method that it ever had, by label.

    `configs` are the SHA-256 of what `config.json` may hold: the last one that was written, and the
    one before, as a process may be killed between the two files.
    """

    version: str
    layout: int
    methods: dict[str, dict[str, JsonValue]] = {}
    configs: tuple[str, ...] = ()


def check_continues(config: SweepConfig, folder: Path) -> None:
    """Refuses a config that differs from the one this folder was begun with.

    More or fewer methods, a larger budget, another gang or tracking store are fine.

    Raises:
        ConfigError: names the first key that differs, both values and the cure.
    """
    file = folder / CONFIG_FILE
    if not file.exists():
        return
    before = _comparable(_begun_with(folder))
    before["methods"] = _methods_so_far(folder)
    now = _comparable(config.model_dump(mode="json"))
    methods = before["methods"].keys() & now["methods"].keys()
    begun, wanted = _flat(before, methods), _flat(now, methods)
    # A key that only turned from unset to null says less than one beside it that has a value.
    by_weight = sorted((begun.get(k) is wanted.get(k) is None, k) for k in {**begun, **wanted})
    for _, key in by_weight:
        old, new = begun.get(key, UNSAID), wanted.get(key, UNSAID)
        if old != new and not key.startswith(FREE):
            raise ConfigError(
                f"{key} must stay {_said(old)} in the sweep {config.name!r} ({folder}) but got "
                f"{_said(new)}; restore it, or give the new sweep a name of its own with "
                "name=<name>"
            )


def _said(value: Any) -> str:
    return UNSAID if value == UNSAID else shown(value, limit=300)


def check_origin(folder: Path) -> None:
    """Refuses a folder that another version of Lethe wrote: its results would not be found.

    Raises:
        ConfigError: names both versions and the cure.
    """
    origin = _origin(folder)
    if origin is None or (origin.version, origin.layout) == (version(), LAYOUT):
        return
    theirs, layout = origin.version, origin.layout
    newer = (_order(theirs), layout) > (_order(version()), LAYOUT)
    raise ConfigError(
        f"{folder} must be a sweep of this Lethe, version {version()} (storage layout {LAYOUT}), "
        f"but got one of {'the newer' if newer else 'the older'} version {theirs} "
        f"(layout {layout}); go on with it in version {theirs}, or give the new sweep a name of "
        "its own with name=<name>"
    )


def write_config(config: SweepConfig, folder: Path) -> str:
    """Writes the resolved config into the sweep's folder and returns it as JSON.

    Where it comes from is written first, so that a folder with a config always has it.

    Raises:
        ConfigError: the folder cannot be written to.
    """
    text = config_text(config)
    methods = {**_methods_so_far(folder), **json.loads(text)["methods"]}
    configs = [_checksum(text.encode()), *_written_before(folder / CONFIG_FILE)]
    origin = {"version": version(), "layout": LAYOUT, "methods": methods, "configs": configs}
    _write(folder / ORIGIN_FILE, json.dumps(origin, indent=2))
    _write(folder / CONFIG_FILE, text)
    return text


def config_text(config: SweepConfig) -> str:
    """Returns the resolved config as it is written and recorded."""
    return config.model_dump_json(indent=2)


def _methods_so_far(folder: Path) -> dict[str, Any]:
    """Returns every method that this sweep ever had, those left out in later runs as well."""
    origin = _origin(folder)
    return {} if origin is None else dict(origin.methods)


def _origin(folder: Path) -> _Origin | None:
    """Returns what began the sweep in `folder`; None where nothing has."""
    file = folder / ORIGIN_FILE
    if not file.exists():
        return None
    try:
        return _Origin.model_validate(_read(file))
    except ValidationError as error:
        complaint = error.errors(include_url=False)[0]
        where = ".".join(map(str, complaint["loc"]))
        raise _unreadable(file, f"{complaint['msg']} at {where}") from None


def _write(file: Path, text: str) -> None:
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(file)
    except OSError as error:
        raise ConfigError(
            f"storage must be a folder that can be written to but got {str(file)!r} "
            f"({error.strerror}); free it, or choose another with storage=<folder>"
        ) from None


def _order(number: str) -> tuple[int, ...]:
    """Returns what versions are ordered by: their numbers."""
    return tuple(map(int, re.findall(r"\d+", number)))


def read_config(folder: Path) -> dict[str, Any]:
    """Returns the config that the sweep of the folder was begun with, as it was written.

    Raises:
        ConfigError: it cannot be read, or another version of Lethe wrote it.
    """
    check_origin(folder)
    return _begun_with(folder)


def held_gang(config: SweepConfig, folder: Path) -> GangSettings | None:
    """Returns the gang that `gang: auto` is to hold on to: that of the sweep so far, if any.

    Raises:
        ConfigError: what the sweep was begun with cannot be read.
    """
    if config.gang.holds_on:
        return config.gang
    if not (folder / CONFIG_FILE).exists():
        return None
    gang: GangSettings = validated(GangSettings, read_config(folder)["gang"], key="gang")
    return gang


def _begun_with(folder: Path) -> dict[str, Any]:
    """Returns what `config.json` holds, which is what was written there."""
    file, origin = folder / CONFIG_FILE, _origin(folder)
    found = _read(file)
    if origin is not None and _checksum(file.read_bytes()) not in origin.configs:
        raise _unreadable(file, f"other content than {ORIGIN_FILE} has the SHA-256 of")
    return found


def _written_before(file: Path) -> list[str]:
    return [_checksum(file.read_bytes())] if file.is_file() else []


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(file: Path) -> dict[str, Any]:
    try:
        return json_object(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(file, getattr(error, "strerror", None) or str(error)) from None


def _unreadable(file: Path, what: str) -> ConfigError:
    return ConfigError(
        f"{file} must be the JSON that the sweep was begun with but got {what}; "
        "restore it, or give the new sweep a name of its own with name=<name>"
    )


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
