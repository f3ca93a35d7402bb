"""What the finalists came to: means with intervals on items that no search has seen, and ranks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from evals.metric import load_metric
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.reporting.estimates.finals import Final, Finals
from orchestrator.reporting.estimates.inference import Interval
from orchestrator.reporting.provenance import command
from orchestrator.reporting.sweep_record import Replicate, SweepRecord
from orchestrator.reporting.table import DAGGER, Cell, Column, Estimate, Printed, Table
from orchestrator.reporting.tables.final_notes import final_notes
from orchestrator.reporting.tables.lines import (
    FEASIBLE_APART,
    Line,
    assembled,
    baseline_name,
    forgot_columns,
    keeps,
    marks,
    missed,
    setting_line,
)
from orchestrator.reporting.tables.search import search_line, unequal
from orchestrator.reporting.tables.shared_columns import (
    REPEAT,
    SETTING_APART,
    attack_cells,
    attack_columns,
    down_to_gold,
    metric_column,
    metric_heading,
    metric_names,
    parameter_columns,
)
from orchestrator.reporting.tables.untelling import untelling_notes
from orchestrator.results.chance import has_moved
from orchestrator.results.hypervolume import corner_of, dominated
from orchestrator.results.ranking import best_trials, trials_of
from orchestrator.storage.result import State
from trainers.job import Phase

HYPERVOLUME = "Hypervolume"


def finals_table(record: SweepRecord, finals: Finals, labels: Sequence[str]) -> Table:
    """Returns Original, Gold, Gold under another seed and each method's finalist or finalists.

    Methods are in the order of `labels`. What is bold can be told apart from every other feasible
    finalist of the sweep, shown or not.
    """
    heads = list(_heads(record, finals))
    lines = [line for label in labels for line in _lines(record, finals, label)]
    those = [final for final in finals.finals if final.label in labels]
    known, others = metric_names([finals.original, *(final.metrics for final in those)])
    apart = Printed.APART
    columns = [Column("Method"), *SETTING_APART]
    columns += [metric_column(name, explained=True) for name in known]
    columns += attack_columns(record)
    columns += [_standing(record.config), FEASIBLE_APART, *forgot_columns(record, printed=apart)]
    columns += [Column("Seeds", "d", printed=apart)]
    columns += [Column("Tried", "d", printed=apart)] if record.tried else []
    columns += [metric_column(name, explained=True) for name in others]
    columns += parameter_columns((final.params for final in those), printed=apart)
    columns += [Column("Trials", "d", printed=apart), Column("Note", printed=apart)]
    columns += [Column("Job", wide=True), REPEAT]
    best = _best(finals)
    bold = {
        (len(heads) + row, column)
        for row, line in enumerate(lines)
        for column, found in enumerate(columns)
        if best.get(found.key, "") == line["Method"]
    }
    made = assembled(
        columns,
        [*heads, *lines],
        title=f"Each method's finalist in the sweep {record.config.name}",
        notes=[
            *final_notes(record, finals, bold=bool(bold)),
            *untelling_notes(finals.original, finals.gold, finals.blind),
            *record.by_hand,
            unequal(record),
            *record.attack_notes,
            *record.gaps,
        ],
        num_heads=len(heads),
        dagger=finals_forgot_note(record),
    )
    return replace(made, bold=frozenset(bold))


def final_line(record: SweepRecord, finals: Finals, label: str) -> Line:
    """Returns the first row of a method: its finalist's means, or why there is none."""
    return _lines(record, finals, label)[0]


def _lines(record: SweepRecord, finals: Finals, label: str) -> list[Line]:
    """Returns the rows of a method: one, or as many as it has finalists."""
    own = [final for final in finals.finals if final.label == label]
    if own:
        return [_line_of(record, finals, final) for final in own]
    best = best_trials(record.entries, [label], search=record.config.search)
    why = "not run again yet" if best else search_line(record, label)["Note"]
    trials = len(trials_of(record.entries, label))
    return [{"Method": label, "Trials": trials, "Feasible": None if best else False, "Note": why}]


def _line_of(record: SweepRecord, finals: Finals, final: Final) -> Line:
    label, trials = final.label, trials_of(record.entries, final.label)
    trial = next(entry.result for entry in trials if entry.number == final.number)
    first = final.place == 1
    return {
        "Method": final.name,
        "Trials": len(trials),
        **{metric_heading(name): estimate(value) for name, value in final.metrics.items()},
        **(attack_cells(record, label) if first else {}),
        **setting_line(trial, final.params),
        "Rank": final.rank,
        HYPERVOLUME: _hypervolume(record, finals, label) if first else None,
        "Feasible": final.feasible if final.results else None,
        "Moved": has_moved(final.results),
        "Forgot": final.forgot,
        "Seeds": len(final.results),
        "Tried": record.tried.get(label) if first else None,
        "Note": _note(record, finals, final),
        "Job": trial.job.hash,
        "Repeat": command(record, *(final.results or (trial,))),
    }


def _standing(config: SweepConfig) -> Column:
    """Returns the column that methods are compared by: their rank, or what they dominate."""
    return Column("Rank", "d") if len(config.search.objectives) == 1 else Column(HYPERVOLUME, ".4g")


def _hypervolume(record: SweepRecord, finals: Finals, label: str) -> float | None:
    search = record.config.search
    own = [final for final in finals.finals if final.label == label and final.feasible]
    if len(search.objectives) == 1 or not own:
        return None
    means = [{name: found.mean for name, found in final.metrics.items()} for final in own]
    return dominated(means, search, corner_of(search, finals.bounds, finals.original))


def finals_forgot_note(record: SweepRecord) -> str:
    """Says what the dagger of a finalist means, and by which rule it is set."""
    objective = record.config.search.primary
    return (
        f"{DAGGER} forgot nothing beyond chance: the model did not move, or the 95 % interval of "
        f"its difference from Original in {objective}, on the same items, is not all better."
    )


def estimate(interval: Interval) -> Estimate:
    """Returns the interval as a cell."""
    return Estimate(interval.mean, interval.low, interval.high)


def _heads(record: SweepRecord, finals: Finals) -> Iterator[Line]:
    assert record.reference is not None
    measured = {Phase.ORIGINAL: finals.original, Phase.GOLD: finals.gold}
    runs = {Phase.ORIGINAL: record.reference.original, Phase.GOLD: record.reference.gold}
    for phase, metrics in measured.items():
        yield {
            **_by_heading(metrics),
            **attack_cells(record, str(phase)),
            "Method": baseline_name(phase),
            "Feasible": keeps(finals.bounds, metrics),
            "Seeds": 1,
            "Job": runs[phase].job.hash,
            "Repeat": command(record, runs[phase]),
        }
    if finals.gold_again is not None and record.gold_again is not None:
        yield {
            **_by_heading(finals.gold_again),
            "Method": f"Gold, seed {record.gold_again.job.seed}",
            "Feasible": keeps(finals.bounds, finals.gold_again),
            "Seeds": 1,
            "Job": record.gold_again.job.hash,
            "Repeat": command(record, record.gold_again),
        }


def _by_heading(metrics: Mapping[str, float]) -> Mapping[str, Cell]:
    return {metric_heading(name): value for name, value in metrics.items()}


def _note(record: SweepRecord, finals: Finals, final: Final) -> str:
    settings = record.config.finalists
    due = len(final.results) if settings is None else settings.seeds
    own = [one.result for one in record.replicates if _is_of(one, final)]
    reasons = [result.reason for result in own if result.state == State.FAILED]
    lost = (
        f"{_runs(len(reasons), due)} failed ({reasons[0]}) and {_is(len(reasons))} not in the mean"
        if reasons
        else ""
    )
    waiting = due - len(final.results) - len(reasons)
    lacking = f"{_runs(waiting, due)} {_is(waiting)} not done yet" if waiting > 0 else ""
    beyond = missed(finals.bounds, final.violations) if final.violations else ""
    idle = marks(moved=has_moved(final.results), forgot=final.forgot)
    return "; ".join(filter(None, (beyond, lost, lacking, idle)))


def _is_of(one: Replicate, final: Final) -> bool:
    return (one.label, one.number) == (final.label, final.number)


def _runs(count: int, due: int) -> str:
    return f"{count} of {due} runs"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _best(finals: Finals) -> Mapping[str, str]:
    """Returns the finalist that is best in a metric, where it can be told apart from all others.

    Only feasible finalists that forgot something count, and only metrics with a best direction.
    What lies below the gold model's value, where less is better only down to that, is not the best.
    """
    found = {}
    feasible = [
        final
        for final in finals.finals
        if final.feasible and final.metrics and final.forgot is not False
    ]
    for metric in dict.fromkeys(name for final in feasible for name in final.metrics):
        better = load_metric(metric).better
        if better == "gold" or len(feasible) < 2:
            continue
        sign = -1 if better == "lower" else 1
        top = max(feasible, key=lambda final: sign * final.metrics[metric].mean)  # noqa: B023
        if down_to_gold(metric) and not top.metrics[metric].mean >= finals.gold.get(metric, 0.0):
            continue
        apart = {
            frozenset((each.first, each.second))
            for each in finals.comparisons
            if each.metric == metric and each.separable
        }
        others = {final.name for final in feasible} - {top.name}
        if all(frozenset((top.name, other)) in apart for other in others):
            found[metric] = top.name
    return found
