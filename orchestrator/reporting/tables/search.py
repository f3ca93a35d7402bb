"""What the search has found: each method's best trial, under CLEAR's headings."""

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.jobs.finalists import candidates_of
from orchestrator.reporting.row_names import name_of
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import Cell, Column, Printed, Table
from orchestrator.reporting.tables.ledger import inequality
from orchestrator.reporting.tables.lines import (
    FEASIBLE_APART,
    Line,
    assembled,
    baseline_name,
    forgot_columns,
    forgot_note,
    keeps,
    missed,
    result_line,
    splits_note,
    trial_line,
)
from orchestrator.reporting.tables.shared_columns import (
    REPEAT,
    SETTING_APART,
    attack_cells,
    attack_columns,
    metric_column,
    metric_names,
    parameter_columns,
)
from orchestrator.reporting.tables.untelling import untelling_in
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import (
    best_or_nearest,
    best_trials,
    is_measured,
    is_trial,
    trials_of,
)
from orchestrator.searching.constraints import Bound, said
from orchestrator.searching.settings import SearchSettings
from trainers.job import Phase

APART = Printed.APART
COUNTS = tuple(Column(name, "d", printed=APART) for name in ("Done", "Stopped", "Failed"))


def search_table(record: SweepRecord, labels: Sequence[str]) -> Table:
    """Returns Original, Gold and the best trial of each method, in the order of `labels`.

    The best trial is the feasible one with the best objective; where none is feasible, the one
    nearest to it. Of several objectives those follow that lie elsewhere on the front. All of it is
    over the items that the search has seen.
    """
    heads = [_baseline_line(entry, record) for entry in _baselines(record.entries)]
    lines = [line for label in labels for line in _lines(record, label)]
    trials = [entry for label in labels for entry in trials_of(record.entries, label)]
    known, others = metric_names(entry.result.metrics for entry in record.entries)
    columns = [Column("Method"), *SETTING_APART]
    columns += [metric_column(name, explained=True) for name in known]
    columns += attack_columns(record)
    columns += [FEASIBLE_APART, *forgot_columns(record, printed=APART)]
    columns += [metric_column(name, explained=True) for name in others]
    columns += parameter_columns((entry.params for entry in trials), printed=APART)
    columns += [*COUNTS, Column("Note", printed=APART), Column("Job", wide=True), REPEAT]
    search, bounds = record.config.search, bounds_in(record)
    return assembled(
        columns,
        [*heads, *lines],
        title=f"{_chosen(record, labels)} of the sweep {record.config.name}",
        notes=(
            _note(search, bounds),
            splits_note(record),
            *untelling_in(record),
            *_saved(trials),
            *record.by_hand,
            unequal(record),
            *record.attack_notes,
            *record.gaps,
        ),
        num_heads=len(heads),
        dagger=forgot_note(record),
    )


def _lines(record: SweepRecord, label: str) -> list[Line]:
    """Returns the rows of a method: one, or as many as there are points of its front to show."""
    return [search_line(record, label), *_along_front(record, label)]


def _along_front(record: SweepRecord, label: str) -> Iterator[Line]:
    config, reference = record.config, record.reference
    if len(config.search.objectives) == 1 or reference is None:
        return
    trials = trials_of(record.entries, label)
    best = best_or_nearest(trials, reference.bounds, search=config.search)
    found = candidates_of(label, config, record.entries, reference)
    others = [entry for entry in found.front if entry is not best][: config.num_points - 1]
    for place, entry in enumerate(others, start=2):
        yield {**trial_line(entry, record), "Method": name_of(label, place)}


def search_line(record: SweepRecord, label: str) -> Line:
    """Returns the row of a method: its best trial, or the one nearest to feasible."""
    trials, bounds = trials_of(record.entries, label), bounds_in(record)
    measured = [entry for entry in trials if is_measured(entry)]
    num_stopped = sum(bool(entry.result.stopped) for entry in measured)
    counts: dict[str, Cell] = {
        "Done": len(measured) - num_stopped,
        "Stopped": num_stopped,
        "Failed": len(trials) - len(measured),
    }
    chosen = best_or_nearest(trials, bounds, search=record.config.search)
    if chosen is None:
        reason = trials[0].result.reason if trials else "no trial ended"
        return {"Method": label, "Feasible": False, **counts, "Note": f"nothing measured: {reason}"}
    line = trial_line(chosen, record)
    lacking = "" if chosen.feasible else f"none feasible, {missed(bounds, chosen.violations or {})}"
    notes = (lacking, chosen.result.stopped.partition(":")[0], str(line["Note"]))
    attacked = attack_cells(record, label) if chosen.feasible else {}
    return {**line, **attacked, **counts, "Note": "; ".join(filter(None, notes))}


def bounds_in(record: SweepRecord) -> tuple[Bound, ...]:
    """Returns the bounds that trials are held against; none without baselines."""
    return () if record.reference is None else record.reference.bounds


def unequal(record: SweepRecord) -> str:
    """Says how the budgets of the sweep's methods turned out unequal; empty if they are equal."""
    return inequality(record.config, record.entries)


def _chosen(record: SweepRecord, labels: Sequence[str]) -> str:
    """Returns what the rows are of: some may have no feasible trial to show."""
    if not bounds_in(record):
        return "Each method's best trial"
    best = best_trials(record.entries, labels, search=record.config.search)
    lacking = any(label not in best for label in labels)
    return "Each method's best feasible trial" + (", or the one nearest to that," * lacking)


def _baselines(entries: Sequence[Entry]) -> list[Entry]:
    order = [Phase.ORIGINAL, Phase.GOLD]
    found = [entry for entry in entries if not is_trial(entry)]
    return sorted(found, key=lambda entry: order.index(entry.result.job.phase))


def _baseline_line(entry: Entry, record: SweepRecord) -> Mapping[str, Cell]:
    feasible = keeps(bounds_in(record), entry.result.metrics)
    phase = entry.result.job.phase
    line = {**result_line(entry.result, record), **attack_cells(record, str(phase))}
    return {**line, "Method": baseline_name(phase), "Feasible": feasible}


def _note(search: SearchSettings, bounds: Sequence[Bound]) -> str:
    also = (
        f" Further rows of a method lie along its front in {search.said}."
        if len(search.objectives) > 1
        else ""
    )
    if not bounds:
        best = f"Each method's row is its best trial by {search.primary}."
        return f"Nothing is constrained. {best}{also}"
    return (
        f"Feasible: {' and '.join(said(bound) for bound in bounds)}. "
        f"Each method's row is its best feasible trial by {search.primary}, "
        f"or the one nearest to feasible.{also}"
    )


def _saved(trials: Sequence[Entry]) -> Iterator[str]:
    """Says how many trials were stopped early, and what that was good for, if any were."""
    num_stopped = sum(bool(entry.result.stopped) for entry in trials)
    if num_stopped:
        yield (
            f"Stopped early, as they were sure to miss a bound: {num_stopped} of {len(trials)} "
            f"trials, which saved {_steps_saved(trials):.0%} of all training steps."
        )


def _steps_saved(trials: Sequence[Entry]) -> float:
    """Returns the share of all trials' steps that those which were stopped have not taken."""
    last = [(entry, entry.result.reports[-1]) for entry in trials if entry.result.reports]
    saved = sum(report.num_steps - report.step for entry, report in last if entry.result.stopped)
    return saved / sum(report.num_steps for _, report in last)
