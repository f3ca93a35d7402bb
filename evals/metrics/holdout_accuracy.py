"""Share of the holdout's pictures whose person is recognised by enrolment cosine.

Nobody trained on these people: what is recognised of them is the floor of `forget_accuracy`.

A person's enrolment vector is the mean embedding of some pictures that are not scored; everybody of
the benchmark is enrolled. Source: CLEAR's vision evaluation (arXiv 2410.18057).
"""

from evals.benchmark import Role
from evals.faces.scores import accuracy
from evals.means import Mean
from evals.metric import Metric, Need

_MEAN = Mean(Role.HOLDOUT, accuracy)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="gold",
    suite="faces",
    heading="Holdout Accuracy",
    needs=frozenset({Need.HOLDOUT}),
    resampling=_MEAN.resampling,
)
