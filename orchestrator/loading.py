"""Reads a sweep's YAML with `key=value` overrides into a SweepConfig."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.choice import validated
from evals.errors import ConfigError, suggestion
from orchestrator.config import SweepConfig, listed
from orchestrator.search_settings import SearchSettings
from orchestrator.strict_yaml import parse

CONFIGS = Path(__file__).resolve().parents[1] / "configs"


def load_config(path: str | None, overrides: Sequence[str]) -> SweepConfig:
    """Returns the sweep of the YAML file `path` (None: the offline demo) with `overrides`.

    An override `a.b.c=value` has a YAML value. Mappings merge key by key, except that one with
    another `name` replaces a plug-in whole; lists and plain values replace. `methods=[ga, npo]`
    chooses these two, each with what the file says about it.

    Raises:
        ConfigError: anything in file or overrides that a sweep cannot run with.
    """
    file = Path(path) if path is not None else CONFIGS / "demo.yaml"
    raw = _with_constraints(_read(file))
    raw["methods"] = listed(raw.get("methods"))
    for override in overrides:
        keys, value = _parse_override(override)
        if keys == ["methods"] and isinstance(value, str | list):
            raw = {**raw, "methods": _chosen(raw["methods"], listed(value))}
        else:
            raw = _set(raw, keys, value, override=override)
    if raw["methods"] is None:
        del raw["methods"]
    config: SweepConfig = validated(SweepConfig, raw, key="")
    return config


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = sorted(str(found) for found in CONFIGS.glob("*.yaml"))
        cure = suggestion(str(file), known) or f"there are {', '.join(known)}"
        raise ConfigError(
            f"the config must be a readable YAML file but got {str(file)!r} "
            f"({getattr(error, 'strerror', None) or error}); {cure}"
        ) from None
    raw = parse(text, source=str(file))
    if not isinstance(raw, dict):
        raise ConfigError(
            f"{file} must be a mapping of keys to values but got {type(raw).__name__}; "
            "start it with name: <name of the sweep>"
        )
    return raw


def _with_constraints(raw: dict[str, Any]) -> dict[str, Any]:
    """Returns `raw` with the default constraints written out, unless it has its own."""
    search = raw.get("search", {})
    if not isinstance(search, Mapping) or "constraints" in search:
        return raw
    default = SearchSettings().model_dump(mode="json", include={"constraints"})
    return {**raw, "search": {**search, **default}}


def _parse_override(override: str) -> tuple[list[str], Any]:
    key, equals, text = override.partition("=")
    keys = key.strip().split(".")
    if not equals or not all(keys):
        raise ConfigError(
            f"an override must be key=value but got {override!r}; write it like search.trials=16"
        )
    return keys, parse(text, source=f"the override {override!r}")


def _set(
    raw: Mapping[str, Any], keys: Sequence[str], value: Any, *, override: str
) -> dict[str, Any]:
    """Returns `raw` with `value` merged in at `keys`."""
    head, *rest = keys
    old = raw.get(head)
    if not rest:
        return {**raw, head: _merge(old, value)}
    if old is not None and not isinstance(old, Mapping):
        raise ConfigError(
            f"{override.partition('=')[0]} must be a known key but {head} holds {old!r}; "
            "override that instead"
        )
    return {**raw, head: _set(old or {}, rest, value, override=override)}


def _merge(old: Any, new: Any) -> Any:
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return new
    if "name" in new and new["name"] != old.get("name"):
        return new
    return {**old, **{key: _merge(old.get(key), value) for key, value in new.items()}}


def _chosen(old: Any, labels: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the methods in `labels` only, each with what `old` already says about it."""
    said = old if isinstance(old, Mapping) else {}
    return {label: said.get(label, {}) for label in labels}
