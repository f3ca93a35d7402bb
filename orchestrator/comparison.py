"""Holds a stored result against the gold model of this sweep."""

from dataclasses import replace

from evals.metric import Need, load_metric
from evals.scores import ScoreSheet
from evals.suites.text import measure
from orchestrator.records import Result, Storage


def compared(result: Result, storage: Storage, gold: ScoreSheet | None) -> Result:
    """Returns the result with its metrics that look at the gold model measured against `gold`.

    The hash of a trial says nothing of the gold model, so the sweep that stored the result may
    have had another one.
    """
    job = result.job
    names = [name for name in job.evaluation.metrics if Need.GOLD in load_metric(name).needs]
    measured = measure(storage.sheet(job.hash), gold, names)
    return replace(result, metrics={**result.metrics, **measured})
