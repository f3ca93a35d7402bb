"""Looks plug-ins up by file name: a folder of plug-ins is its own registry."""

import importlib
import importlib.util
import pkgutil
from functools import cache
from types import ModuleType

from evals.errors import unknown_name


@cache  # a report asks thousands of times
def names(package: str) -> tuple[str, ...]:
    """Returns the sorted names of the plug-ins in `package`, without importing them."""
    spec = importlib.util.find_spec(package)
    assert spec is not None, package
    assert spec.submodule_search_locations is not None, package
    return tuple(sorted(m.name for m in pkgutil.iter_modules(spec.submodule_search_locations)))


def load(package: str, name: str, *, key: str) -> ModuleType:
    """Imports the plug-in `name` of `package`.

    Raises:
        ConfigError: no such plug-in; the message names `key`, what exists and the nearest name.
    """
    if name not in names(package):
        raise unknown_name(key, name, names(package), aliases=_aliases(package))
    return importlib.import_module(f"{package}.{name}")


def _aliases(package: str) -> dict[str, str]:
    """Returns what else the plug-ins are called, as they say it themselves in `ALIASES`."""
    return {
        alias: name
        for name in names(package)
        for alias in getattr(importlib.import_module(f"{package}.{name}"), "ALIASES", ())
    }
