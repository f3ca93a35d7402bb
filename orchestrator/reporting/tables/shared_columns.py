"""The columns that a sweep's tables share, as metrics and hyperparameters say of themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from evals.attack import load_attack
from evals.metric import Aspect, load_metric
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import Column, Printed
from orchestrator.searching.shared_parameters import SHARED

SETTING = tuple(Column(each.heading, ".2e") for each in SHARED.values())
SETTING_APART = tuple(replace(column, printed=Printed.APART) for column in SETTING)
REPEAT = Column("Repeat", wide=True)
"""The command that repeats the jobs of a row."""


def metric_names(measured: Iterable[Mapping[str, object]]) -> tuple[list[str], list[str]]:
    """Returns the metrics that were measured: those to look at first in their order, the others."""
    names = list(dict.fromkeys(name for metrics in measured for name in metrics))
    aspects = {name: load_metric(name).sums_up for name in names}
    first = [name for aspect in Aspect for name in names if aspects[name] == aspect]
    return first, [name for name in names if aspects[name] is None]


def metric_heading(name: str) -> str:
    """Returns a metric's heading in tables."""
    return load_metric(name).heading


def metric_title(name: str) -> str:
    """Returns a metric's heading in figures and on the page, where there is room for spaces."""
    return metric_heading(name).replace("_", " ")


def metric_column(name: str, *, explained: bool = False) -> Column:
    """Returns the column of a metric; `explained` adds what it is."""
    metric = load_metric(name)
    note = metric.note if explained else ""
    if explained and down_to_gold(name):
        note = f"{note}; better down to Gold's value"
    return Column(metric.heading, f"z.{metric.digits}f", key=name, note=note)


def attack_columns(record: SweepRecord) -> list[Column]:
    """Returns a column for each attack that was made on the sweep's models."""
    names = dict.fromkeys(name for found in record.attacks.values() for name in found)
    found = {name: load_attack(name) for name in names}
    return [
        Column(each.heading, f"z.{each.digits}f", key=name, note=each.note)
        for name, each in found.items()
    ]


def attack_cells(record: SweepRecord, label: str) -> Mapping[str, float]:
    """Returns what attacks on the models of a label came to, by heading."""
    values = record.attacks.get(label, {})
    return {load_attack(name).heading: value for name, value in values.items()}


def further(params: Iterable[Mapping[str, object] | None]) -> list[str]:
    """Returns the hyperparameters that were searched beside learning rate and L1."""
    names = dict.fromkeys(name for found in params for name in found or {})
    return [name for name in names if name not in SHARED]


def parameter_columns(
    params: Iterable[Mapping[str, object] | None], *, printed: Printed = Printed.HERE
) -> list[Column]:
    """Returns a column for each hyperparameter that was searched beside learning rate and L1."""
    names = further(params)
    return [Column(name, ".3g", printed=printed, parameter=True) for name in names]


def down_to_gold(metric: str) -> bool:
    """Returns whether less is better only down to the gold model's value.

    So it is of all that less of is better: what is measured is what is left of the forget set, and
    a model that never saw it has some, too.
    """
    return load_metric(metric).better == "lower"
