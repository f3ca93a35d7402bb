"""What a config reads from the environment, and what it should read from there and does not."""

from collections.abc import Iterator, Mapping
from typing import Any

from evals.errors import ConfigError
from orchestrator.config.storage_address import is_url
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.storage.address import Address, expanded, names_in
from orchestrator.storage.masking import SECRET_NAME

ADDRESSES = ("storage", "tracking.uri")
"""Keys whose secrets are used and never written. Every other value is written as it is used."""


def from_environment(value: Any, environment: Mapping[str, str], *, key: str = "") -> Any:
    """Returns what was written at `key` with `${NAME}` read from the environment.

    Addresses stay as they were written: `with_addresses` reads those.

    Raises:
        ConfigError: the environment lacks a name, or one is of a secret that would be written.
    """
    if key in ADDRESSES:
        return value
    if isinstance(value, Mapping):
        return {
            name: from_environment(each, environment, key=f"{key}.{name}" if key else str(name))
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [
            from_environment(each, environment, key=f"{key}.{index}")
            for index, each in enumerate(value)
        ]
    return _replaced(value, environment, key) if isinstance(value, str) else value


def with_addresses(raw: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Returns a raw config whose addresses know what the environment has for them."""
    read = dict(raw)
    if isinstance(storage := read.get("storage"), str) and storage:
        read["storage"] = address = Address.of(storage, environment)
        if not is_url(address.used):
            address.check("storage")
    tracking = read.get("tracking")
    if isinstance(tracking, Mapping) and isinstance(uri := tracking.get("uri"), str):
        read["tracking"] = {**tracking, "uri": Address.of(uri, environment)}
    return read


def checked_addresses(config: SweepConfig) -> tuple[str, ...]:
    """Returns what a person should know of secrets in the config, in sentences.

    Raises:
        ConfigError: something of an address is not known.
    """
    return tuple(_warnings(config))


def _warnings(config: SweepConfig) -> Iterator[str]:
    addresses = {"storage": config.storage, "tracking.uri": config.tracking.uri}
    for key, address in addresses.items():
        if isinstance(address, Address):
            address.check(key)
            if address.is_plain:
                yield (
                    f"{key} has a secret in plain text, {address.shown!r}; write ${{NAME}} in its "
                    "place and set NAME in the environment"
                )


def _replaced(text: str, environment: Mapping[str, str], key: str) -> str:
    for name in names_in(text):
        if SECRET_NAME.search(name):
            raise ConfigError(
                f"{key} must not be read from ${{{name}}}, which is named like a secret: it would "
                f"be written into the sweep's files; only {' and '.join(ADDRESSES)} keep secrets"
            )
    found, unset = expanded(text, environment)
    if unset:
        raise _unset(key, unset[0])
    return found


def _unset(key: str, name: str) -> ConfigError:
    return ConfigError(
        f"{key} must refer to names in the environment but got ${{{name}}}, which is not there; "
        f"set {name}, or write $${{{name}}} for the text itself"
    )
