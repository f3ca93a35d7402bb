"""A plug-in chosen by name with its settings, as written in YAML."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from evals import plugins
from evals.errors import ConfigError


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
    module = plugins.load(package, name, key=f"{key}.name")
    try:
        config = module.Config(**rest)
    except ValidationError as error:
        raise explain(error, key=key, known=module.Config.model_fields) from None
    return Choice(name=name, settings=config.model_dump(mode="json"))


def explain(error: ValidationError, *, key: str, known: Mapping[str, Any] = {}) -> ConfigError:
    """Turns pydantic's first complaint into "<key> must be <rule> but got <value>; <cure>"."""
    first = error.errors(include_url=False)[0]
    where = ".".join([*([key] if key else []), *(str(part) for part in first["loc"])])
    if first["type"] == "extra_forbidden":
        import difflib

        nearest = difflib.get_close_matches(str(first["loc"][-1]), list(known), n=1)
        cure = f"did you mean {nearest[0]!r}?" if nearest else f"known keys: {', '.join(known)}"
        return ConfigError(f"{where} must be a known key but is not one; {cure}")
    if first["type"] == "missing":
        return ConfigError(f"{where} must be given but is missing; add it")
    rule = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return ConfigError(f"{where} must be {rule} but got {first['input']!r}; change it")
