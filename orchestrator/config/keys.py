"""Every key of a sweep's YAML, section by section: its default, what it takes, what it means."""

import inspect
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from evals import plugins
from evals.choice import Choice
from evals.errors import ConfigError, cut, shown, suggestion
from orchestrator.config.fields import Row, in_yaml, rows, sections
from orchestrator.config.method_settings import METHODS, MethodSettings
from orchestrator.config.sweep_config import PLUGINS, SweepConfig
from orchestrator.searching.constraints import Constraint
from orchestrator.searching.space import SearchChoices, SearchRange

OF_A_METHOD = "methods.<label>"
NOT_WRITTEN = ("settings", "unsearched")
"""Fields of a method's settings that hold what is written in another form."""
WIDTH = 100


@dataclass(frozen=True, slots=True)
class Section:
    """Keys that stand together; `name` is the plug-in's whose they are, if they are one's."""

    key: str
    model: type[BaseModel]
    name: str = ""

    @property
    def heading(self) -> str:
        """The key, and which plug-in has to be chosen for it."""
        named = "method" if self.key == OF_A_METHOD else "name"
        return f"{self.key}: {{{named}: {self.name}}}" if self.name else self.key

    @property
    def said(self) -> str:
        """What the section is for, as its class says it; of a method, what its file says."""
        of_file = inspect.getmodule(self.model) if self.key == OF_A_METHOD and self.name else None
        return in_yaml(inspect.cleandoc((of_file or self.model).__doc__ or ""))

    @property
    def rows(self) -> list[Row]:
        """The section's keys in the order of their declaration."""
        kept = rows(self.model)
        return [r for r in kept if self.model is not MethodSettings or r.name not in NOT_WRITTEN]


def own_sections() -> Iterator[Section]:
    """Yields the sections of every sweep, and what stands in several of them."""
    yield Section("", SweepConfig)
    for key, model in _nested(SweepConfig):
        yield Section(key, model)
    yield Section("search.constraints.<metric>", Constraint)
    yield Section("a range", SearchRange)
    yield Section("a choice", SearchChoices)


def plug_in_sections(key: str) -> Iterator[Section]:
    """Yields a section for each benchmark (`key` is "benchmark") or family of models ("model").

    What they have within, such as `model.prompt`, follows where it first occurs.
    """
    seen: set[tuple[str, type[BaseModel]]] = set()
    for name in plugins.names(PLUGINS[key]):
        model = plugins.load(PLUGINS[key], name, key=key).Config
        yield Section(key, model, name)
        for within in _nested(model, f"{key}."):
            if within not in seen:
                yield Section(*within)
            seen.add(within)


def method_sections() -> Iterator[Section]:
    """Yields what is written of every method, and then each one's hyperparameters."""
    yield Section(OF_A_METHOD, MethodSettings)
    for name in plugins.names(METHODS):
        yield Section(OF_A_METHOD, plugins.load(METHODS, name, key="method").Config, name)


def all_sections() -> list[Section]:
    """Returns all of them in the order of a YAML: the sweep's, benchmarks, models, methods."""
    plugged = [section for key in PLUGINS for section in plug_in_sections(key)]
    return [*own_sections(), *plugged, *method_sections()]


def keys_text(wanted: str) -> str:
    """Returns the keys at and below `wanted`, or all where it is empty, as a terminal shows them.

    `wanted` is a key, such as `search` or `gang.ranks`, or the name of a benchmark, a family of
    models or a method.

    Raises:
        ConfigError: there is no such key and no such plug-in.
    """
    sections_there = all_sections()
    found = [_kept(section, wanted) for section in sections_there]
    if any(section.key == wanted for section in sections_there):  # rather than the key above it
        found = [(section, kept) for section, kept in found if section.key.startswith(wanted)]
    blocks = [
        _block(each, kept) for each, kept in found if kept or (wanted and each.name == wanted)
    ]
    if not blocks:
        known = {name for s in sections_there for name in (s.key, s.name, *_full(s)) if name}
        near = suggestion(wanted, known) or "leave it out to see all"
        raise ConfigError(f"--keys must be a key or a plug-in but got {shown(wanted)}; {near}")
    return "\n\n".join(blocks)


def _nested(model: type[BaseModel], prefix: str = "") -> Iterable[tuple[str, type[BaseModel]]]:
    """Yields the sections below `model` with their keys; ranges and plug-ins have their own."""
    for name, inner in sections(model).items():
        if inner not in (SearchRange, Choice):
            yield f"{prefix}{name}", inner
            yield from _nested(inner, f"{prefix}{name}.")


def _full(section: Section) -> list[str]:
    return [f"{section.key}.{row.name}" if section.key else row.name for row in section.rows]


def _kept(section: Section, wanted: str) -> tuple[Section, list[Row]]:
    """Returns of a section's keys those that were asked for."""
    whole = (section.key, section.name)
    if not wanted or wanted in whole or section.key.startswith(f"{wanted}."):
        return section, section.rows
    named = zip(_full(section), section.rows, strict=True)
    return section, [row for full, row in named if full == wanted]


def _block(section: Section, kept: Iterable[Row]) -> str:
    said = section.said.partition("\n")[0]
    lines = [f"{section.heading}  # {said}" if section.key else f"# {said}"]
    if not section.rows:
        lines.append("  # nothing can be set of it alone")
    for row in kept:
        default = row.default.strip("`")
        value = {"": "", "below": ""}.get(default, f" {default}")
        takes = row.takes.replace("`", "") + (f"; range {row.searched}" if row.searched else "")
        lines.append(f"  {row.name}:{cut(value)}  # {takes}")
        lines += textwrap.wrap(
            row.what, WIDTH, initial_indent="      # ", subsequent_indent="      # "
        )
    return "\n".join(lines)
