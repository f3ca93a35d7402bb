"""The sweep's tables: under CLEAR's headings, the Pareto front, and every trial."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from orchestrator.constraints import (
    AT_LEAST,
    AT_MOST,
    Bound,
    is_feasible,
    said,
    violations,
)
from orchestrator.entry import Entry
from orchestrator.reporting.layout import Cell, Column, Table
from orchestrator.result import Result
from orchestrator.searching.settings import SearchSettings
from orchestrator.standing import best_feasible, is_measured, is_trial, nearest, sweep_front
from trainers.job import Phase

CLEAR_HEADINGS = {
    "real": "Real",
    "retain": "Retain",
    "forget": "Forget",
    "log_forget_quality": "Log Forget Quality",
}
UNMOVED = "the model did not move"


def method_table(
    entries: Sequence[Entry],
    *,
    labels: Sequence[str],
    search: SearchSettings,
    bounds: Sequence[Bound],
) -> Table:
    """Returns Original, Gold and the best trial of each method, under CLEAR's headings.

    `labels` are the methods' labels, in the order of their rows. The best trial is the feasible
    one with the best objective; where none is feasible, the one nearest to it, marked "no".
    """
    trials = {label: [e for e in entries if e.label == label and is_trial(e)] for label in labels}
    metrics = _metric_names(entries)
    further = _further(e for group in trials.values() for e in group)
    lines = [_baseline_cells(e, bounds) for e in _baselines(entries)]
    lines += [
        _method_cells(label, group, search=search, bounds=bounds) for label, group in trials.items()
    ]
    columns = [Column("Method"), Column("lr", ".2e"), Column("L1", ".2e")]
    columns += [_metric_column(name) for name in metrics[0]]
    columns += [Column("Feasible")]
    columns += [_metric_column(name) for name in metrics[1]]
    columns += [Column(name, ".3g") for name in further]
    columns += [Column("Done", "d"), Column("Stopped", "d"), Column("Failed", "d"), Column("Note")]
    notes = (_note(search, bounds), *_saved([e for group in trials.values() for e in group]))
    return _assembled(columns, lines, notes=notes)


def pareto_table(entries: Sequence[Entry], *, search: SearchSettings) -> Table:
    """Returns the trials that no other beats in both the objective and `search.horizontal`."""
    best = sweep_front(entries, search=search)
    columns = [Column("Method"), Column("Trial", "d"), Column("lr", ".2e"), Column("L1", ".2e")]
    columns += [Column(name, ".3g") for name in _further(best)]
    columns += [_metric_column(name) for group in _metric_names(best) for name in group]
    columns += [Column("Feasible"), Column("Job")]
    lines = [{**_cells(e.result), **_trial_cells(e), "Method": e.label} for e in best]
    return _assembled(columns, lines)


def trials_table(entries: Sequence[Entry]) -> Table:
    """Returns every trial of the sweep, by method and number."""
    trials = [entry for entry in entries if is_trial(entry)]
    trials.sort(key=lambda entry: (entry.label, entry.number or 0))
    columns = [Column("Method"), Column("Trial", "d"), Column("lr", ".2e"), Column("L1", ".2e")]
    columns += [Column(name, ".3g") for name in _further(trials)]
    columns += [_metric_column(name) for group in _metric_names(trials) for name in group]
    columns += [Column("Feasible"), Column("State"), Column("Reason"), Column("Job")]
    columns += [Column("Seconds", ".1f"), Column("Weights")]
    lines = [{**_cells(e.result), **_trial_cells(e), "Method": e.label} for e in trials]
    return _assembled(columns, lines)


def _baselines(entries: Sequence[Entry]) -> list[Entry]:
    order = [Phase.ORIGINAL, Phase.GOLD]
    found = [entry for entry in entries if not is_trial(entry)]
    return sorted(found, key=lambda entry: order.index(entry.result.job.phase))


def _metric_names(entries: Iterable[Entry]) -> tuple[list[str], list[str]]:
    """Returns the metrics that were measured: CLEAR's in its order, then the others."""
    measured = dict.fromkeys(name for entry in entries for name in entry.result.metrics)
    known = [name for name in CLEAR_HEADINGS if name in measured]
    return known, [name for name in measured if name not in CLEAR_HEADINGS]


def _metric_column(name: str) -> Column:
    return Column(CLEAR_HEADINGS.get(name, name), "z.2f" if name.startswith("log") else "z.3f")


def _further(entries: Iterable[Entry]) -> list[str]:
    """Returns the hyperparameters that were searched beside learning rate and L1."""
    names = dict.fromkeys(name for entry in entries for name in entry.params or {})
    return [name for name in names if name not in ("lr", "l1")]


def _cells(result: Result) -> dict[str, Cell]:
    """Returns what a table may say about any result, by heading."""
    metrics = {CLEAR_HEADINGS.get(name, name): value for name, value in result.metrics.items()}
    return {
        **metrics,
        "State": str(result.state),
        "Reason": result.reason or result.stopped,
        "Job": result.job.hash,
        "Seconds": result.wall_s,
        "Weights": "removed" if result.weights_removed else "",
    }


def _trial_cells(entry: Entry) -> dict[str, Cell]:
    training = entry.result.job.training
    return {
        **{name: value for name, value in (entry.params or {}).items() if name not in ("lr", "l1")},
        "lr": training.lr,
        "L1": training.l1,
        "Trial": entry.number,
        "Feasible": _said(entry.feasible),
        "Note": UNMOVED if entry.result.facts.get("moved") == 0.0 else "",
    }


def _baseline_cells(entry: Entry, bounds: Sequence[Bound]) -> Mapping[str, Cell]:
    metrics = entry.result.metrics
    known = all(math.isfinite(metrics[bound.metric]) for bound in bounds)
    feasible = known and is_feasible(violations(bounds, metrics))
    name = str(entry.result.job.phase).capitalize()
    return {**_cells(entry.result), "Method": name, "Feasible": _said(feasible)}


def _method_cells(
    label: str, trials: Sequence[Entry], *, search: SearchSettings, bounds: Sequence[Bound]
) -> Mapping[str, Cell]:
    measured = [entry for entry in trials if is_measured(entry)]
    num_stopped = sum(bool(entry.result.stopped) for entry in measured)
    counts: dict[str, Cell] = {
        "Done": len(measured) - num_stopped,
        "Stopped": num_stopped,
        "Failed": len(trials) - len(measured),
    }
    chosen = best_feasible(trials, search) or nearest(trials, bounds)
    if chosen is None:
        reason = trials[0].result.reason if trials else "no trial ended"
        return {"Method": label, "Feasible": "no", **counts, "Note": f"nothing measured: {reason}"}
    cells = {**_cells(chosen.result), **_trial_cells(chosen), "Method": label, **counts}
    lacking = "" if chosen.feasible else f"none feasible, {_missed(chosen, bounds)}"
    notes = (lacking, chosen.result.stopped.partition(":")[0], str(cells["Note"]))
    return {**cells, "Note": "; ".join(filter(None, notes))}


def _said(feasible: bool) -> str:
    return "yes" if feasible else "no"


def _missed(entry: Entry, bounds: Sequence[Bound]) -> str:
    """Says by how much a trial misses which bounds, "retain 0.05 below its floor"."""
    missed = entry.violations or {}
    sides = {AT_LEAST: "below its floor", AT_MOST: "above its ceiling"}
    return " and ".join(
        f"{bound.metric} {missed[bound.name]:.2g} {sides[bound.side]}"
        for bound in bounds
        if missed[bound.name] > 0
    )


def _note(search: SearchSettings, bounds: Sequence[Bound]) -> str:
    if not bounds:
        return f"Nothing is constrained. Each method's row is its best trial by {search.objective}."
    return (
        f"Feasible: {' and '.join(said(bound) for bound in bounds)}. "
        f"Each method's row is its best feasible trial by {search.objective}, "
        "or the one nearest to feasible."
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


def _assembled(
    columns: Sequence[Column], lines: Sequence[Mapping[str, Cell]], *, notes: tuple[str, ...] = ()
) -> Table:
    rows = tuple(tuple(line.get(column.heading) for column in columns) for line in lines)
    return Table(tuple(columns), rows, notes)
