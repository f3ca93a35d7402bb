"""The part of a sweep that is about some of its methods."""

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.reporting.estimates.finals import Finals
from orchestrator.reporting.row_names import method_of
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.results.ranking import is_trial


def subset_of(
    record: SweepRecord, finals: Finals | None, labels: Sequence[str]
) -> tuple[SweepRecord, Finals | None]:
    """Returns the record and the finalists with the methods `labels` alone, in that order.

    The baselines stay, and a finalist's rank is still the one among all.
    """
    methods = {label: record.config.methods[label] for label in labels}
    config = record.config.model_copy(update={"methods": methods})
    entries = tuple(e for e in record.entries if e.label in methods or not is_trial(e))
    part = replace(record, config=config, entries=entries)
    if finals is None:
        return part, None
    kept = tuple(final for final in finals.finals if final.label in methods)
    pairs = tuple(
        c for c in finals.comparisons if {method_of(c.first), method_of(c.second)} <= methods.keys()
    )
    return part, replace(finals, finals=kept, comparisons=pairs)
