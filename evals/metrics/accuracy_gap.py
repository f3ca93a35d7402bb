"""Distance of forget accuracy from holdout accuracy: 0 where the forgotten are like strangers.

    |accuracy(forget) - accuracy(holdout)|

Both by enrolment cosine. Who recognises the forgotten less often than people whom nobody trained on
has not forgotten them either: they stand out.
"""

import numpy as np

from evals.benchmark import Role
from evals.draws import Draws, Resampling, Values
from evals.estimate import Estimate
from evals.faces.scores import accuracy
from evals.faces.signed_gap import margins, signed_gap
from evals.means import Mean
from evals.metric import Metric, Need
from evals.scores import ScoreSheet

_FORGET, _HOLDOUT = Mean(Role.FORGET, accuracy), Mean(Role.HOLDOUT, accuracy)


def compute(sheet: ScoreSheet, gold: ScoreSheet | None) -> float:
    """Returns the distance, between 0 and 1."""
    return abs(_FORGET.compute(sheet, gold) - _HOLDOUT.compute(sheet, gold))


def guide(sheet: ScoreSheet, _gold: ScoreSheet | None) -> Estimate:
    """Returns how much more the forgotten are recognised than strangers: below 0, less."""
    return signed_gap(margins(sheet, Role.FORGET), margins(sheet, Role.HOLDOUT))


def _drawn(sheet: ScoreSheet, gold: ScoreSheet | None, draws: Draws) -> Values:
    forget = _FORGET.resampling.values(sheet, gold, draws)
    return np.abs(forget - _HOLDOUT.resampling.values(sheet, gold, draws))


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="faces",
    heading="Accuracy Gap",
    needs=frozenset({Need.HOLDOUT}),
    resampling=Resampling(frozenset({Role.FORGET, Role.HOLDOUT}), _drawn),
    guide=guide,
)
