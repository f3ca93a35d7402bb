"""Mean probability of the true answers among the options, on the retain task.

p_true / (p_true + sum of p_wrong), p = exp(-nll per token): the multiple-choice form that CLEAR's
text (arXiv 2410.18057) gives for all sets, where its code has `retain_probability`.
"""

from evals.benchmark import Role
from evals.means import Mean
from evals.metric import Metric
from evals.text.components import choice_probability

_MEAN = Mean(Role.RETAIN, choice_probability)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="text",
    probe=frozenset({Role.RETAIN}),
    resampling=_MEAN.resampling,
)
