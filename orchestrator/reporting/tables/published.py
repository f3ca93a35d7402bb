"""A sweep beside CLEAR's published figures, where it has their setting."""

from collections.abc import Iterator, Sequence
from functools import partial
from statistics import fmean

from evals.measure import measure
from evals.scores import ScoreSheet
from orchestrator.config.method_settings import MethodSettings
from orchestrator.reporting.estimates.finals import Finals
from orchestrator.reporting.provenance import command
from orchestrator.reporting.published.paper_table import PaperTable, Row, paper_table
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import Column, Printed, Table
from orchestrator.reporting.tables.lines import Line, assembled, baseline_name
from orchestrator.reporting.tables.shared_columns import REPEAT, metric_column, metric_heading
from orchestrator.results.ranking import best_trials
from orchestrator.searching.shared_parameters import SHARED
from orchestrator.storage.result import Result


def published_table(
    record: SweepRecord, finals: Finals | None, labels: Sequence[str]
) -> Table | None:
    """Returns each method here and in CLEAR's table; None where the setting is another.

    What is measured here is over all items, as there, those that the search has seen included.
    """
    paper = paper_table(record.config)
    rows = paper.published_rows(record.config)
    reference = record.reference
    if rows is None or reference is None:
        return None
    names = [name for name in paper.METRICS if name in record.config.evaluation.metrics]
    gold = record.storage.sheet(reference.gold.job.hash)
    measured = partial(_measured, record, gold, names)
    heads: list[Line] = [
        {"Method": name, **measured([each]), **_there(paper, rows.get(name))}
        for each in (reference.original, reference.gold)
        for name in [baseline_name(each.job.phase)]
    ]
    lines: list[Line] = []
    for label in labels:
        results = _results(record, finals, label)
        row = paper.published_row(record.config.methods[label], rows)
        own = _own_line(paper, record.config.methods[label], row, found=bool(results))
        lines.append({"Method": label, "Seeds": len(results), **measured(results), **own})
    columns = [Column("Method")]
    for name in names:
        columns += [metric_column(name, explained=True), _column_there(name)]
    columns += [Column("Seeds", "d", printed=Printed.APART)]
    columns += [Column("Note", printed=Printed.APART), REPEAT]
    return assembled(
        columns,
        [*heads, *lines],
        title=f"The sweep {record.config.name} beside CLEAR's {paper.TABLE}",
        notes=tuple(_notes(record, paper)),
        num_heads=len(heads),
    )


def published_note(record: SweepRecord) -> str:
    """Says where the published figures are, or why there are none."""
    found = paper_table(record.config).mismatches(record.config)
    if found:
        return f"CLEAR's published figures are of another setting: {'; '.join(found)}."
    return "CLEAR's published figures, beside these models on all items: see the table published."


def _results(record: SweepRecord, finals: Finals | None, label: str) -> tuple[Result, ...]:
    """Returns what stands for a method: its finalist's runs, or its best feasible trial."""
    if finals is not None:
        return next((final.results for final in finals.finals if final.label == label), ())
    best = best_trials(record.entries, [label], search=record.config.search)
    return tuple(entry.result for entry in best.values())


def _measured(
    record: SweepRecord, gold: ScoreSheet, names: Sequence[str], results: Sequence[Result]
) -> Line:
    """Returns the means over the results, each measured on all items, and how to repeat them."""
    each = [measure(record.storage.sheet(r.job.hash), gold, names) for r in results]
    means = {metric_heading(name): fmean(m[name] for m in each) for name in names} if each else {}
    return {**means, "Repeat": command(record, *results)}


def _own_line(paper: PaperTable, method: MethodSettings, row: Row | None, *, found: bool) -> Line:
    """Returns what was published of a method, and how far that is the same."""
    lacking = () if found else ("no feasible trial here",)
    if row is None:
        return {"Note": "; ".join((*lacking, "not published"))}
    note = "; ".join((*lacking, *paper.method_differences(method)))
    return {**_there(paper, row), "Note": note}


def _there(paper: PaperTable, row: Row | None) -> Line:
    """Returns the figures of a published row."""
    if row is None:
        return {}
    figures = zip(paper.METRICS, row, strict=True)
    return {_column_there(name).heading: value for name, value in figures}


def _column_there(name: str) -> Column:
    return Column(f"{metric_heading(name)} (CLEAR)", "z.2f", key=f"{name}_clear")


def _searched(record: SweepRecord) -> str:
    """Says what is searched of lr and L1 here, and whether under a constraint."""
    spaces = [record.config.space(label) for label in record.config.methods]
    found = {each.heading: [name in space for space in spaces] for name, each in SHARED.items()}
    parts = [
        said if all(where) else f"{said} of {sum(where)} of {len(where)} methods"
        for said, where in found.items()
        if any(where)
    ]
    under = " under a constraint" if record.config.search.constraints else ", unconstrained"
    verb = "are" if len(parts) > 1 else "is"
    return (
        f"Here {' and '.join(parts)} {verb} searched{under}"
        if parts
        else "Here neither is searched"
    )


def _notes(record: SweepRecord, paper: PaperTable) -> Iterator[str]:
    yield f"(CLEAR): {paper.TABLE} of {paper.SOURCE}."
    yield f"{_searched(record)}; {paper.THERE}."
    yield "Measured here is on all items, those that the search has selected on among them."
    found = paper.differences(record.config)
    if found:
        yield f"The recipe differs: {'; '.join(found)}."
