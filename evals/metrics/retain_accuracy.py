"""Share of the retain set's pictures whose person is recognised by enrolment cosine.

A person's enrolment vector is the mean embedding of some pictures that are not scored; everybody of
the benchmark is enrolled. Source: CLEAR's vision evaluation (arXiv 2410.18057).
"""

from evals.benchmark import Role
from evals.faces.scores import accuracy
from evals.means import Mean
from evals.metric import Aspect, Metric

_MEAN = Mean(Role.RETAIN, accuracy)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="faces",
    heading="Retain Accuracy",
    sums_up=Aspect.RETAIN,
    probe=frozenset({Role.RETAIN}),
    resampling=_MEAN.resampling,
)
