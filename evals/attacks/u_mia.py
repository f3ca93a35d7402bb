"""Accuracy of U-MIA, which tells trained from untrained pictures by the height of the logit alone.

A logistic regression learns from shadow models' logits of all pictures, of which world they are,
and is asked about those of the targets. Unlike U-LIRA it does not know of which picture a logit is.
An attacker who can only guess is right half of the time.

Source: Hayes et al. 2024 (arXiv 2403.01218), as in CLEAR's vision evaluation (arXiv 2410.18057).
"""

from evals.attack import Attack, Attacked, Scored
from evals.faces import attacks
from evals.faces.worlds import LEAST_MODELS, STEADY_MODELS, is_usable, worlds


def compute(forget: Scored, holdout: Scored) -> Attacked:
    """Returns the accuracy over all pairs of a target and a picture."""
    models = worlds(forget, holdout)
    return Attacked(attacks.u_mia(models).linear, models.caveat)


ATTACK = Attack(
    compute=compute,
    usable=is_usable,
    bounds=(0.0, 1.0),
    better="gold",
    suite="faces",
    chance=0.5,
    least=LEAST_MODELS,
    steady=STEADY_MODELS,
    heading="U-MIA",
    short="U-MIA",
    note="accuracy of an attacker who sees logits without knowing of which picture; 0.5 is a guess",
)
