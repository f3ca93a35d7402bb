"""What a result tells a search beside the objective and by how much each bound is missed."""

import math
from collections.abc import Sequence

from orchestrator.searching.constraints import Bound
from orchestrator.searching.signals import Signals, known
from orchestrator.storage.result import Result


def signals_of(result: Result, objective: str, bounds: Sequence[Bound]) -> Signals:
    """Returns the objective's guide, and how sure it, the objective and the violations are.

    A bound is a number, so that a violation is as sure as its metric is.
    """
    evidence = result.evidence
    return Signals(
        guide=guide_of(result, objective),
        guide_error=known(evidence.guide_errors.get(objective)),
        objective_error=known(evidence.errors.get(objective)),
        violation_errors={b.name: known(evidence.errors.get(b.metric)) for b in bounds},
    )


def guide_of(result: Result, objective: str) -> float | None:
    """Returns what the objective's guide says of the model; None where there is no number."""
    guide = result.evidence.guides.get(objective, math.nan)
    return guide if math.isfinite(guide) else None
