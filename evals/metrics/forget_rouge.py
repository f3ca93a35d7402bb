"""Mean ROUGE-L recall (stemmed) of the generations on the forget task."""

from evals.benchmark import Role
from evals.metric import Metric, Need
from evals.scores import ScoreSheet
from evals.text.components import of_role, rouge


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the ROUGE-L recall of the FORGET task."""
    return of_role(sheet, Role.FORGET, rouge)


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="lower",
    needs=frozenset({Need.GENERATION}),
    generates=frozenset({Role.FORGET}),
)
