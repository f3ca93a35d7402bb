"""Reads a sweep's YAML with `key=value` overrides into a SweepConfig."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.errors import ConfigError, cut, shown, suggestion
from evals.paths import read_path
from evals.validation import validated
from orchestrator.config.environment import from_environment, with_addresses
from orchestrator.config.names import is_name
from orchestrator.config.resume import read_config
from orchestrator.config.storage_address import is_url, working_folder
from orchestrator.config.strict_yaml import MAX_CHARACTERS, MAX_DEPTH, Document, parse, read
from orchestrator.config.sweep_config import SweepConfig, listed
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.address import NO_ENVIRONMENT, Address, expanded
from orchestrator.storage.files import CONFIG_FILE, SWEEPS, sweep_path
from orchestrator.storage.project_folder import CACHE, STORAGE, in_project

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
DEMO, ENDING = "demo.yaml", ".yaml"


def load_config(
    path: str | None, overrides: Sequence[str], *, environment: Mapping[str, str] = NO_ENVIRONMENT
) -> SweepConfig:
    """Returns the sweep of the YAML file `path` (None: the offline demo) with `overrides`.

    A `path` where nothing is may name a config that comes with Lethe: `tofu_tiny`,
    `configs/tofu_tiny.yaml`.

    An override `a.b.c=value` has a YAML value. Mappings merge key by key, except that one with
    another `name` replaces a plug-in whole; lists and plain values replace. `methods=[ga, npo]`
    chooses these two, each with what the file says about it. `${NAME}` in a text is read from the
    environment.

    Raises:
        ConfigError: anything in file or overrides that a sweep cannot run with.
    """
    file = CONFIGS / DEMO if path is None else _config_file(path)
    document = _read(file)
    try:
        raw = from_environment(_with_constraints(document.value), environment)
        return _resolved(raw, overrides, environment)
    except ConfigError as error:
        raise _placed(error, document, file, overrides) from None


def load_resumed(
    path: str,
    overrides: Sequence[str],
    *,
    option: str = "--resume",
    environment: Mapping[str, str] = NO_ENVIRONMENT,
) -> SweepConfig:
    """Returns the sweep whose folder is `path`, `<storage>/sweeps/<name>`, with `overrides`.

    `path` may be the name of one in the storage that is taken if none is named. `option` is what a
    person has given it as.

    Raises:
        ConfigError: `path` is no sweep's folder, or not one of this version of Lethe; an override
            cannot be used.
    """
    storage, folder = _place(path, overrides, environment, option=option)
    if not (folder / CONFIG_FILE).is_file() or folder.parent.name != SWEEPS:
        raise _no_sweep(path, folder, option=option)
    raw = read_config(folder)
    recorded = _recorded_url(raw.get("storage"), folder, environment)
    if recorded is not None and isinstance(storage, Path):
        storage = recorded
    if recorded is not None:
        raw["cache"] = str(folder.parent.parent.parent)
    given, others = _address_again(storage, overrides, environment)
    raw["storage"] = given
    if raw.get("name") != folder.name:
        raise ConfigError(
            f"{option} must be a sweep's folder under its own name, {raw.get('name')!r}, but got "
            f"{path!r}; rename the folder back"
        )
    return _resolved(raw, others, environment)


def _place(
    path: str, overrides: Sequence[str], environment: Mapping[str, str], *, option: str
) -> tuple[Path | Address, Path]:
    """Returns the storage and the folder of the sweep at `path`; one at a URL is fetched first."""
    if not is_url(path):
        folder = _sweep_folder(path, option=option)
        return folder.parent.parent, folder
    from orchestrator.remote.download import pulled  # imports fsspec

    place, mark, query = path.partition("?")
    above, _, name = place.rstrip("/").rpartition(f"/{SWEEPS}/")
    storage = Address.of(f"{above or place}{mark}{query}", environment)
    said = [word.partition("=")[2] for word in overrides if word.startswith("cache=")]
    given = expanded(said[-1], environment)[0] if said else ""
    cache = read_path(given, key="cache") if said else in_project(CACHE)
    root = working_folder(storage, cache)
    if above:
        storage.check("storage")
        pulled(storage, root, name)
    return storage, root / sweep_path(name or "none")


def _sweep_folder(path: str, *, option: str) -> Path:
    """Returns the folder, which a name means only where no folder is called so."""
    folder = read_path(path, key=option).resolve()
    is_named = is_name(path) and not folder.is_dir()
    return in_project(STORAGE) / sweep_path(path) if is_named else folder


def _recorded_url(storage: object, folder: Path, environment: Mapping[str, str]) -> Address | None:
    """Returns the URL that the sweep in `folder` is kept at, if it is worked on here."""
    root = folder.parent.parent
    url = Address.of(storage, environment) if isinstance(storage, str) else None
    if url is None or not (is_url(url.used) or url.unset):
        return None
    if not is_url(url.used):  # folders are written without references
        url.check("storage")
    return url if working_folder(url, root.parent) == root else None


def _address_again(
    storage: Path | Address, overrides: Sequence[str], environment: Mapping[str, str]
) -> tuple[Path | Address, list[str]]:
    """Returns the storage with the secret that an override gives again, and the other overrides.

    Raises:
        ConfigError: an override would have the sweep somewhere else.
    """
    others = list[str]()
    for override in overrides:
        key, _, text = override.partition("=")
        given = Address.of(text.strip(), environment)
        if key.strip() not in ("storage", "name"):
            others.append(override)
        elif isinstance(storage, Path) or given.identity != storage.identity:
            raise ConfigError(
                f"storage and name must be those of the folder with --resume but got {override}; "
                "leave it out"
            )
        else:
            storage = given
    return storage, others


def _no_sweep(path: str, folder: Path, *, option: str) -> ConfigError:
    """Returns the refusal of a folder that is no sweep's, naming those that are near."""
    if not folder.is_dir():
        why = f"is not in {folder.parent} either" if is_name(path) else "does not exist"
    elif (folder / CONFIG_FILE).is_file():
        why = "is not in a folder named sweeps, as this version stores them"
    else:
        why = f"has no {CONFIG_FILE}"
    near = [*folder.glob(f"*/{CONFIG_FILE}"), *folder.glob(f"{SWEEPS}/*/{CONFIG_FILE}")]
    near += folder.parent.glob(f"*/{CONFIG_FILE}")
    sweeps = sorted({str(file.parent) for file in near if file.parent.parent.name == SWEEPS})
    cure = f"there are {', '.join(sweeps)}" if sweeps else "run the sweep's own command instead"
    return ConfigError(
        f"{option} must be the folder of a sweep, <storage>/sweeps/<name>, but got "
        f"{path!r}, which {why}; {cure}"
    )


def _resolved(
    raw: dict[str, Any], overrides: Sequence[str], environment: Mapping[str, str]
) -> SweepConfig:
    """Returns the config that `raw` and the overrides make."""
    raw["methods"] = listed(raw.get("methods"))
    for override in overrides:
        keys, written = _parse_override(override)
        value = from_environment(written, environment, key=".".join(keys))
        if keys == ["methods"] and isinstance(value, str | list):
            raw = {**raw, "methods": _chosen(raw["methods"], listed(value))}
        else:
            raw = _set(raw, keys, value, override=override)
    if raw["methods"] is None:
        del raw["methods"]
    read = with_addresses(raw, environment)
    config: SweepConfig = validated(SweepConfig, read, key="")
    return config


def _config_file(path: str) -> Path:
    """Returns the file at `path`, or where nothing is, that of Lethe's own which it names."""
    given = Path(path)
    name = given.name if given.suffix == ENDING else f"{given.name}{ENDING}"
    own = CONFIGS / name
    named = given in (Path(name), Path(name).with_suffix(""), Path(CONFIGS.name, name))
    return own if named and not os.path.lexists(given) and os.path.isfile(own) else given


def _read(file: Path) -> Document:
    """Returns what the YAML file says, a mapping."""
    try:
        # No more than could be used: a device or a pipe may have no end.
        with file.open(encoding="utf-8-sig") as stream:
            text = stream.read(MAX_CHARACTERS + 1)
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a NUL in the path
        known = sorted(str(found) for found in CONFIGS.glob("*.yaml"))
        cure = suggestion(str(file), known) or f"there are {', '.join(known)}"
        raise ConfigError(
            f"the config must be a readable YAML file but got {shown(str(file), limit=300)} "
            f"({getattr(error, 'strerror', None) or error}); {cure}"
        ) from None
    document = read(text, source=str(file))
    if not isinstance(document.value, dict):
        raise ConfigError(
            f"{file} must be a mapping of keys to values but got {type(document.value).__name__}; "
            "start it with name: <name of the sweep>"
        )
    return document


def _placed(
    error: ConfigError, document: Document, file: Path, overrides: Sequence[str]
) -> ConfigError:
    """Returns the refusal with the line of `file` on which stands what it complains about.

    An override that touches the key may be what is wrong; then the file is not blamed.
    """
    key = str(error).partition(" ")[0]
    for override in overrides:
        given = override.partition("=")[0].strip()
        if f"{key}.".startswith(f"{given}.") or f"{given}.".startswith(f"{key}."):
            return error
    parts = key.split(".")
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    line = next((document.lines[name] for name in names if name in document.lines), None)
    return error if line is None else ConfigError(f"{error} ({file}, line {line})")


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
    if not equals or not all(keys) or len(keys) > MAX_DEPTH:
        raise ConfigError(
            f"an override must be key=value but got {shown(override)}; "
            "write it like search.trials=16"
        )
    return keys, parse(text, source=f"the override {shown(override)}")


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
            f"{cut(override.partition('=')[0])} must be a known key but {head} holds {shown(old)}; "
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
