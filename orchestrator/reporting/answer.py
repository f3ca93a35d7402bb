"""What a sweep came to, in a few sentences: what people read before any table."""

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.reporting.estimates.finals import Final, Finals
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import Estimate, shown
from orchestrator.reporting.tables.shared_columns import metric_column, metric_title
from orchestrator.results.pareto import gain
from orchestrator.results.ranking import best_trials
from orchestrator.searching.constraints import Bound, said
from orchestrator.searching.shared_parameters import SHARED
from orchestrator.searching.space import Value


def answer(record: SweepRecord, finals: Finals | None) -> tuple[str, ...]:
    """Returns the sentences: the best method and setting, its bounds, and how sure that is.

    Without finalists they are of the search, on the items that it has seen, and say so. Before both
    baselines are done there are none. Last comes what was done by hand.
    """
    if record.reference is None:
        return ()
    if finals is None:
        said = _of_search(record)
    elif len(record.config.search.objectives) > 1:
        said = _of_fronts(record, finals)
    else:
        said = _of_finals(record, finals)
    return (*said, *record.by_hand)


def _of_finals(record: SweepRecord, finals: Finals) -> Iterator[str]:
    objective = record.config.search.primary
    known = [final for final in finals.finals if _is_known(final)]
    forgot = [final for final in known if final.feasible and final.forgot]
    idle = [final.name for final in known if final.feasible and not final.forgot]
    broke = [final.name for final in known if not final.feasible]
    unknown = [final.name for final in finals.finals if final not in known]
    if forgot:
        best = max(forgot, key=lambda final: gain(objective, final.metrics[objective].mean))
        yield _best_of(best, record, finals)
        yield from _kept(best, finals.bounds)
        yield _rivals(
            best, [final.name for final in forgot if final is not best], finals, objective
        )
    elif known:
        yield (
            f"No method{' of which it can be said' if unknown else ''} forgot anything beyond "
            f"chance{_while(finals.bounds)}: in {metric_title(objective)}, none is shown to be "
            "better than Original."
        )
    if idle and forgot:
        yield f"Nothing was forgotten beyond chance by {_listed(idle)}."
    if broke:
        yield f"A bound is broken under other seeds by {_listed(broke)}."
    if unknown:
        yield (
            "What was measured does not say whether anything was forgotten beyond chance"
            f"{' within the bounds' if finals.bounds else ''} by {_listed(unknown)}."
        )


def _is_known(final: Final) -> bool:
    """Whether it can be said of a finalist that it broke a bound, or else whether it forgot.

    Not so of one without a finished run, with NaN in what is bounded, or with too few items.
    """
    return final.forgot is not None if final.feasible else bool(final.violations)


def _best_of(best: Final, record: SweepRecord, finals: Finals) -> str:
    seeds, objective = len(best.results), record.config.search.primary
    seen = "that no search has seen" if record.config.held_out else "that the search has seen"
    return (
        f"{best.name} forgets best: {metric_title(objective)} "
        f"{_estimated(best, objective)} with {_setting(best.params)}, where Original comes to "
        f"{_number(objective, finals.original[objective])} and Gold to "
        f"{_number(objective, finals.gold[objective])} (mean of {seeds} "
        f"{'seed' if seeds == 1 else 'seeds'}, on items {seen})."
    )


def _kept(best: Final, bounds: Sequence[Bound]) -> Iterator[str]:
    """Says what the best finalist has of what is bounded."""
    parts = [
        f"{metric_title(bound.metric)} {_estimated(best, bound.metric)} (bound: {said(bound)})"
        for bound in bounds
        if bound.metric in best.metrics
    ]
    if parts:
        yield f"It has {'; '.join(parts)}."


def _rivals(best: Final, others: Sequence[str], finals: Finals, objective: str) -> str:
    """Says which other methods that forgot cannot be told apart from the best one."""
    if not others:
        kept = " and kept the bounds" if finals.bounds else ""
        return f"No other method is shown to have forgotten anything beyond chance{kept}."
    apart = {
        name
        for each in finals.comparisons
        if each.metric == objective and each.separable and best.name in (each.first, each.second)
        for name in (each.first, each.second)
    }
    close = [name for name in others if name not in apart]
    if not close:
        return "It is better, beyond chance, than every other method that forgot."
    return f"These forget, too, and cannot be told apart from it: {_listed(close)}."


def _of_fronts(record: SweepRecord, finals: Finals) -> Iterator[str]:
    names = _listed([metric_title(name) for name in record.config.search.objectives])
    kept = list(dict.fromkeys(final.label for final in finals.finals if final.feasible))
    if not kept:
        yield f"No method has a feasible finalist on its front of {names}."
        return
    yield (
        f"{len(kept)} of {len(record.config.methods)} methods have feasible finalists on their "
        f"front of {names}: {_listed(kept)}. The table has what each front dominates."
    )


def _of_search(record: SweepRecord) -> Iterator[str]:
    search, reference = record.config.search, record.reference
    assert reference is not None
    objective = search.primary
    best = best_trials(record.entries, record.config.methods, search=search)
    forgot = [entry for entry in best.values() if entry.forgot]
    if not forgot:
        yield (
            f"So far no trial is shown to have forgotten anything{_while(reference.bounds)}, in "
            f"{metric_title(objective)}."
        )
        return
    top = max(forgot, key=lambda entry: gain(objective, entry.result.metrics[objective]))
    found, original, gold = (
        _number(objective, result.metrics[objective])
        for result in (top.result, reference.original, reference.gold)
    )
    yield (
        f"In the search {top.label} comes nearest: {metric_title(objective)} {found} with "
        f"{_setting(top.params or {})}, where Original comes to {original} and Gold to {gold}. "
        "That is one seed, on the items that the search sees: no finalist says whether it holds."
    )


def _while(bounds: Sequence[Bound]) -> str:
    kept = " and ".join(said(bound) for bound in bounds)
    return f" while it kept {kept}" if kept else ""


def _setting(params: Mapping[str, Value]) -> str:
    """Returns the searched values, learning rate and L1 under their headings in tables."""
    names = {name: each.heading for name, each in SHARED.items()}
    ordered = [*(n for n in names if n in params), *(n for n in params if n not in names)]
    parts = [f"{names.get(name, name)} {_value(params[name])}" for name in ordered]
    return ", ".join(parts) if parts else "its defaults"


def _value(value: Value) -> str:
    return f"{value:.3g}" if isinstance(value, int | float) else str(value)


def _estimated(final: Final, metric: str) -> str:
    found = final.metrics[metric]
    return shown(Estimate(found.mean, found.low, found.high), metric_column(metric))


def _number(metric: str, value: float) -> str:
    return shown(value, metric_column(metric))


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
