"""The columns that a sweep's tables share: CLEAR's headings, and what is to be known of them."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import replace

from evals import plugins
from evals.metric import PACKAGE, load_metric
from orchestrator.reporting.layout import Column, Printed
from orchestrator.searching.space import SHARED

CLEAR_HEADINGS = {
    "real": "Real",
    "retain": "Retain",
    "forget": "Forget",
    "log_forget_quality": "Log Forget Quality",
}
FORMULAS = {
    "real": "harmonic mean of probability and truth ratio, without ROUGE (real)",
    "retain": "harmonic mean of probability and truth ratio, without ROUGE (retain)",
    "forget": "harmonic mean of ROUGE-L, probability and truth ratio (forget)",
    "log_forget_quality": "natural log of the p-value of a KS test against Gold; 0 is best",
}
"""Which variant a column of CLEAR's holds; of other metrics their name says it."""
SETTING = (Column("lr", ".2e"), Column("L1", ".2e"))
SETTING_APART = tuple(replace(column, printed=Printed.APART) for column in SETTING)
REPEAT = Column("Repeat", wide=True)
"""The command that repeats the jobs of a row."""


def metric_names(measured: Iterable[Mapping[str, object]]) -> tuple[list[str], list[str]]:
    """Returns the metrics that were measured: CLEAR's in its order, then the others."""
    names = dict.fromkeys(name for metrics in measured for name in metrics)
    known = [name for name in CLEAR_HEADINGS if name in names]
    return known, [name for name in names if name not in CLEAR_HEADINGS]


def metric_heading(name: str) -> str:
    """Returns CLEAR's heading, or the metric's own name."""
    return CLEAR_HEADINGS.get(name, name)


def metric_column(name: str, *, explained: bool = False) -> Column:
    """Returns the column of a metric; `explained` adds what it is."""
    note = _formula(name) if explained else ""
    shown_as = "z.2f" if name.startswith("log") else "z.3f"
    return Column(metric_heading(name), shown_as, key=name, note=note)


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


def _formula(name: str) -> str:
    known = FORMULAS.get(name)
    doc = inspect.getdoc(plugins.load(PACKAGE, name, key="metrics")) or ""
    said = known or doc.partition("\n")[0].rstrip(".")
    return f"{said}; better down to Gold's value" if down_to_gold(name) else said
