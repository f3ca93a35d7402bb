"""What a finished job measured, as its result says it."""

from dataclasses import replace

from evals.components import components
from evals.metric import measurable
from evals.portion import searched_part
from evals.scores import ScoreSheet
from evals.suites.text import measure
from orchestrator.result import Result, State
from trainers.guard import Guard
from trainers.job import Outcome


def measured(
    result: Result, outcome: Outcome, *, gold: ScoreSheet | None, guard: Guard | None
) -> Result:
    """Returns `result` as DONE, with the metrics and, among the facts, what they are made of.

    They are over the items that the search sees. Metrics that need the gold model are measured
    only if its scores `gold` are known. `guard` is the one under which the training was stopped,
    if it was.
    """
    names = measurable(result.job.evaluation.metrics, has_gold=gold is not None)
    held_out = result.job.held_out
    sheet = searched_part(outcome.sheet, held_out)
    seen = None if gold is None else searched_part(gold, held_out)
    stopped_under = guard.hash if guard is not None and outcome.stopped else ""
    return replace(
        result,
        state=State.DONE,
        reason="",
        metrics=measure(sheet, seen, names),
        facts={**components(sheet), **outcome.facts, **result.facts},
        stopped=outcome.stopped,
        guard=stopped_under,
    )
