"""Which part of a sweep a report is of, and in which formats."""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.errors import ConfigError, unknown_name
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.reporting.table_files import FORMATS
from orchestrator.results.ranking import Axes, axes_of, chosen_axes

PART = "report"
"""The folder, within the sweep's, of a report that is only of a part of it."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The methods by label, the two metrics of the Pareto front, and the endings of the files."""

    labels: tuple[str, ...]
    axes: Axes
    formats: tuple[str, ...] = FORMATS


def everything(config: SweepConfig) -> Selection:
    """Returns the selection of a whole report."""
    return Selection(tuple(config.methods), axes_of(config.search))


def is_whole(selection: Selection, config: SweepConfig) -> bool:
    """Returns whether it is of all methods, on the sweep's own axes, in whatever formats."""
    whole = everything(config)
    return {*selection.labels} == {*whole.labels} and selection.axes == whole.axes


def selected(
    config: SweepConfig,
    *,
    methods: Sequence[str] = (),
    objectives: Sequence[str] = (),
    formats: Sequence[str] = (),
) -> Selection:
    """Returns what a person has asked for; what is empty is left as in a whole report.

    Raises:
        ConfigError: a name that the sweep does not know, with the nearest one that it does.
    """
    for key, given, known in (
        ("--methods", methods, tuple(config.methods)),
        ("--objectives", objectives, config.evaluation.metrics),
        ("--formats", formats, FORMATS),
    ):
        _check(given, known, key=key)
    whole = everything(config)
    axes = chosen_axes(objectives, config.search, key="--objectives") if objectives else whole.axes
    return Selection(tuple(methods) or whole.labels, axes, tuple(formats) or whole.formats)


def _check(given: Sequence[str], known: Sequence[str], *, key: str) -> None:
    for name in given:
        if name not in known:
            raise unknown_name(key, name, known)
    twice = [name for name in given if given.count(name) > 1]
    if twice:
        raise ConfigError(f"{key} must be different names but got {twice[0]!r} twice; leave it out")
