"""What checkpoints measure, as a table."""

from evals.metric import load_metric
from orchestrator.evaluating.evaluation import Judged
from orchestrator.reporting.table import Cell, Column, Estimate, Table
from orchestrator.reporting.tables.shared_columns import metric_column, metric_names
from orchestrator.results.entry import Entry

WIDTH = 1.959963984540054
"""Standard errors to either end of a 95 % interval."""


def scoreboard(judged: Judged) -> Table:
    """Returns a row for each checkpoint, gold first, with an interval over items where known."""
    first, others = metric_names(entry.result.metrics for entry in judged.entries)
    names = [*first, *others]
    columns = (
        Column("Model"),
        *(metric_column(name, explained=True) for name in names),
        Column("Job", wide=True),
    )
    rows = tuple(
        (entry.label, *(_cell(entry, name) for name in names), entry.result.job.hash)
        for entry in judged.entries
    )
    return Table(columns, rows, notes=tuple(_notes(judged)), num_heads=int(judged.has_gold))


def _cell(entry: Entry, name: str) -> Cell:
    value = entry.result.metrics.get(name)
    error = entry.result.evidence.errors.get(name)
    if value is None or error is None or not error < float("inf"):
        return value
    low, high = load_metric(name).bounds
    ends = max(low, value - WIDTH * error), min(high, value + WIDTH * error)
    return Estimate(value, *ends)


def _notes(judged: Judged) -> list[str]:
    benchmark = judged.benchmark
    notes = [
        f"Scored on {_items(judged)} {benchmark.name} ({benchmark.fingerprint[:12]}). In brackets: "
        "95 % intervals from standard errors over items drawn anew; what another training of the "
        "same model would change is not in them.",
    ]
    if judged.left_out:
        headings = ", ".join(load_metric(name).heading for name in judged.left_out)
        notes.append(f"Not measured without a gold model (--gold): {headings}.")
    if judged.strange:
        notes.append(
            "Run on another benchmark, or another split of it, than they are scored on here: "
            f"{', '.join(judged.strange)}. What they were to forget is not what Forget is of."
        )
    notes += [
        f"{label}: {', '.join(names)} came out as no number; "
        "its weights or its logits are not finite."
        for label, names in judged.not_finite.items()
    ]
    for entry in judged.entries:
        cut = int(entry.result.facts.get("num_truncated", 0))
        if cut:
            notes.append(
                f"{entry.label}: {cut} items were scored with an answer cut at "
                "evaluation.max_length; raise it."
            )
    return notes


def _items(judged: Judged) -> str:
    """Says which items were scored, as `evaluation.max_items` may leave some out."""
    most = judged.config.evaluation.max_items
    if all(len(task.examples) <= most for task in judged.benchmark.tasks):
        return "every item of"
    return f"the first {most} items at most (evaluation.max_items) of each task of"
