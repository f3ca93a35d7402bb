"""The sweep's tables: under CLEAR's headings, the Pareto front, and every trial."""

import math
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.config import SearchSettings
from orchestrator.entry import Entry
from orchestrator.floor import is_feasible
from orchestrator.layout import Cell, Column, Table
from orchestrator.pareto import front, gain
from orchestrator.records import Result, State
from trainers.job import Phase

CLEAR_HEADINGS = {
    "real": "Real",
    "retain": "Retain",
    "forget": "Forget",
    "log_forget_quality": "Log Forget Quality",
}
UNMOVED = "the model did not move"


def method_table(
    entries: Sequence[Entry], *, labels: Sequence[str], search: SearchSettings, floor: float
) -> Table:
    """Returns Original, Gold and the best trial of each method, under CLEAR's headings.

    `labels` are the methods' labels, in the order of their rows. The best trial is the feasible
    one with the best objective; where none is feasible, the one that misses the floor by least,
    marked "no".
    """
    trials = {label: [e for e in entries if e.label == label and _is_trial(e)] for label in labels}
    metrics = _metric_names(entries)
    further = _further(e for group in trials.values() for e in group)
    lines = [_baseline_cells(e, search=search, floor=floor) for e in _baselines(entries)]
    lines += [_method_cells(label, group, search=search) for label, group in trials.items()]
    columns = [Column("Method"), Column("lr", ".2e"), Column("L1", ".2e")]
    columns += [_metric_column(name) for name in metrics[0]]
    columns += [Column("Feasible")]
    columns += [_metric_column(name) for name in metrics[1]]
    columns += [Column(name, ".3g") for name in further]
    columns += [Column("Done", "d"), Column("Failed", "d"), Column("Note")]
    return _assembled(columns, lines, notes=(_floor_note(search, floor),))


def pareto_table(entries: Sequence[Entry], *, search: SearchSettings) -> Table:
    """Returns the trials that no other beats in both objective and floor metric."""
    done = [entry for entry in entries if _is_done(entry)]
    points = [(_gain(entry, search), entry.result.metrics[search.floor.metric]) for entry in done]
    best = [done[i] for i in front(points)]
    best.sort(key=lambda entry: -entry.result.metrics[search.floor.metric])
    columns = [Column("Method"), Column("Trial", "d"), Column("lr", ".2e"), Column("L1", ".2e")]
    columns += [Column(name, ".3g") for name in _further(best)]
    columns += [_metric_column(name) for group in _metric_names(best) for name in group]
    columns += [Column("Feasible"), Column("Job")]
    lines = [{**_cells(e.result), **_trial_cells(e), "Method": e.label} for e in best]
    return _assembled(columns, lines)


def trials_table(entries: Sequence[Entry]) -> Table:
    """Returns every trial of the sweep, by method and number."""
    trials = [entry for entry in entries if _is_trial(entry)]
    trials.sort(key=lambda entry: (entry.label, entry.number or 0))
    columns = [Column("Method"), Column("Trial", "d"), Column("lr", ".2e"), Column("L1", ".2e")]
    columns += [Column(name, ".3g") for name in _further(trials)]
    columns += [_metric_column(name) for group in _metric_names(trials) for name in group]
    columns += [Column("Feasible"), Column("State"), Column("Reason"), Column("Job")]
    columns += [Column("Seconds", ".1f")]
    lines = [{**_cells(e.result), **_trial_cells(e), "Method": e.label} for e in trials]
    return _assembled(columns, lines)


def best(entries: Iterable[Entry], search: SearchSettings) -> Entry | None:
    """Returns the feasible trial with the best objective, or else the least violating one.

    None if no trial was measured. Among equals the earliest wins.
    """
    done = [entry for entry in entries if _is_done(entry)]
    feasible = [entry for entry in done if entry.feasible]
    if feasible:
        return max(feasible, key=lambda entry: _gain(entry, search))
    return min(done, key=lambda entry: entry.violation or 0.0, default=None)


def _is_trial(entry: Entry) -> bool:
    return entry.result.job.phase == Phase.TRIAL


def _is_done(entry: Entry) -> bool:
    return entry.result.state == State.DONE and entry.violation is not None


def _baselines(entries: Sequence[Entry]) -> list[Entry]:
    order = [Phase.ORIGINAL, Phase.GOLD]
    found = [entry for entry in entries if not _is_trial(entry)]
    return sorted(found, key=lambda entry: order.index(entry.result.job.phase))


def _gain(entry: Entry, search: SearchSettings) -> float:
    return gain(search.objective, entry.result.metrics[search.objective])


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
        "Reason": result.reason,
        "Job": result.job.hash,
        "Seconds": result.wall_s,
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


def _baseline_cells(entry: Entry, *, search: SearchSettings, floor: float) -> Mapping[str, Cell]:
    measured = entry.result.metrics[search.floor.metric]
    feasible = math.isfinite(measured) and is_feasible(floor, measured)
    name = str(entry.result.job.phase).capitalize()
    return {**_cells(entry.result), "Method": name, "Feasible": _said(feasible)}


def _method_cells(
    label: str, trials: Sequence[Entry], *, search: SearchSettings
) -> Mapping[str, Cell]:
    num_done = sum(_is_done(entry) for entry in trials)
    counts: dict[str, Cell] = {"Done": num_done, "Failed": len(trials) - num_done}
    chosen = best(trials, search)
    if chosen is None:
        reason = trials[0].result.reason if trials else "no trial ended"
        return {"Method": label, "Feasible": "no", **counts, "Note": f"nothing measured: {reason}"}
    cells = {**_cells(chosen.result), **_trial_cells(chosen), "Method": label, **counts}
    notes = [str(cells["Note"])] if cells["Note"] else []
    if not chosen.feasible:
        notes.insert(0, f"none feasible, {chosen.violation:.2g} below the floor")
    return {**cells, "Note": "; ".join(notes)}


def _said(feasible: bool) -> str:
    return "yes" if feasible else "no"


def _floor_note(search: SearchSettings, floor: float) -> str:
    origin = f" ({search.floor.value:g} x the original's)"
    relative = origin if search.floor.relative_to == "original" else ""
    return (
        f"Feasible: {search.floor.metric} >= {floor:.4g}{relative}. "
        f"Each method's row is its best feasible trial by {search.objective}, "
        "or the one nearest to the floor."
    )


def _assembled(
    columns: Sequence[Column], lines: Sequence[Mapping[str, Cell]], *, notes: tuple[str, ...] = ()
) -> Table:
    rows = tuple(tuple(line.get(column.heading) for column in columns) for line in lines)
    return Table(tuple(columns), rows, notes)
