"""A plug-in chosen by name with its settings, as written in YAML."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from evals import plugins
from evals.errors import ConfigError
from evals.validation import validated


class Settings(BaseModel):
    """Base of everything a human may write: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Choice(Settings):
    """The name of a plug-in and its complete, validated settings (defaults filled in).

    Hashable through its JSON form; `config` turns it back into the plug-in's own Config.
    """

    name: str
    settings: dict[str, JsonValue] = {}

    def config(self, package: str) -> Any:
        """Returns the plug-in's own `Config` object."""
        return plugins.load(package, self.name, key="name").Config(**self.settings)


def choose(package: str, raw: Mapping[str, Any], *, key: str) -> Choice:
    """Validates `{name: ..., <settings>}` against the plug-in's `Config`.

    Raises:
        ConfigError: unknown name, unknown key or a value out of range, named with its full key.
    """
    rest = dict(raw)
    if "name" not in rest:
        raise ConfigError(
            f"{key}.name must be given but is missing; choose one of "
            f"{', '.join(plugins.names(package))}"
        )
    name = str(rest.pop("name"))
    model = plugins.load(package, name, key=f"{key}.name").Config
    return Choice(name=name, settings=validated(model, rest, key=key).model_dump(mode="json"))
