"""What the page's picture and cards say of the finalists, as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.reporting.estimates.finals import Final, Finals
from orchestrator.reporting.provenance import command
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.tables.lines import missed, setting_line
from orchestrator.searching.constraints import Bound
from orchestrator.storage.result import Result

Json = dict[str, Any]


def finalists_of(record: SweepRecord, finals: Finals) -> list[Json]:
    """Returns the finalists that were measured, with the numbers and the command of the table."""
    return [_final(record, finals.bounds, final) for final in finals.finals if final.results]


def _final(record: SweepRecord, bounds: Sequence[Bound], final: Final) -> Json:
    trial = _trial(record, final)
    return {
        "label": final.label,
        "name": final.name,
        "number": final.number,
        "feasible": final.feasible,
        "forgot": final.forgot,
        "missed": missed(bounds, final.violations) if final.violations else "",
        "rank": final.rank,
        "seeds": [result.job.seed for result in final.results],
        "settings": setting_line(trial, final.params),
        "metrics": {name: asdict(interval) for name, interval in final.metrics.items()},
        "job": trial.job.hash,
        "command": command(record, *final.results),
    }


def _trial(record: SweepRecord, final: Final) -> Result:
    """Returns the trial that was repeated; a run of it where its own record is gone."""
    own = (e.result for e in record.entries if (e.label, e.number) == (final.label, final.number))
    return next(own, final.results[0])
