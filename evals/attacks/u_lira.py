"""Accuracy of U-LIRA, which holds a model's answer to a picture against those of shadow models.

    p = N_in / (N_in + N_out + 1e-45),    trained on the picture if p > 0.5

of the logit of the cosine to the picture's own person. N_in is the Gaussian density under the
shadows that were trained on the picture and unlearned it, N_out under those of the other world;
means are medians, deviations median absolute deviations / 0.6745. An attacker who can only guess is
right half of the time, and so it is for a method that forgets as retraining does.

Source: Hayes et al. 2024 (arXiv 2403.01218), as in CLEAR's vision evaluation (arXiv 2410.18057).
"""

from evals.attack import Attack, Attacked, Scored
from evals.faces import attacks
from evals.faces.worlds import LEAST_MODELS, STEADY_MODELS, is_usable, worlds


def compute(forget: Scored, holdout: Scored) -> Attacked:
    """Returns the accuracy over all pairs of a target and a picture."""
    models = worlds(forget, holdout)
    return Attacked(attacks.u_lira(models), models.caveat)


ATTACK = Attack(
    compute=compute,
    usable=is_usable,
    bounds=(0.0, 1.0),
    better="gold",
    suite="faces",
    chance=0.5,
    least=LEAST_MODELS,
    steady=STEADY_MODELS,
    heading="U-LIRA",
    short="U-LIRA",
    note="accuracy of an attacker who knows how shadow models answer each picture; 0.5 is a guess",
)
