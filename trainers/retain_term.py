"""The optional term by which a forgetting loss holds on to the retain set.

`nll` is the mean NLL of retain answers ("gradient difference"); `kl` is KL(reference || student)
over the attended positions of retain rows ("KL minimisation"); `kl_padded` is the same over all
positions of the batch, padding included, as the codes of TOFU, NPO, CLEAR and open-unlearning
have it.
"""

from enum import StrEnum

from torch import Tensor

from evals.errors import FieldError
from trainers import losses
from trainers.method import Step
from trainers.positions import Positions
from trainers.requirements import Requirements, Source


class RetainTerm(StrEnum):
    """Which retain term a method adds to its forget term."""

    NONE = "none"
    NLL = "nll"
    KL = "kl"
    KL_PADDED = "kl_padded"

    @property
    def requirements(self) -> Requirements:
        """What the term adds to a method's requirements."""
        retain = frozenset({Source.RETAIN})
        return {
            RetainTerm.NONE: Requirements(),
            RetainTerm.NLL: Requirements(retain, together=retain),
            RetainTerm.KL: Requirements(
                retain, compared=retain, every_position=retain, together=retain
            ),
            RetainTerm.KL_PADDED: Requirements(retain, compared=retain, every_position=retain),
        }[self]


WEIGHT = 1.0
"""Default weight of the term, which says nothing where there is no term."""


def require_term(term: RetainTerm, alpha: float) -> None:
    """Refuses a weight of no term: a search over it would compare a job with itself."""
    if term is RetainTerm.NONE and alpha != WEIGHT:
        raise FieldError(
            f"alpha must be left out where retain_term is none but got {alpha:g}; "
            "set retain_term: nll, kl or kl_padded, or leave alpha out"
        )


def add_retain_term(forget_loss: Tensor, step: Step, *, term: RetainTerm, alpha: float) -> Tensor:
    """Returns forget_loss + alpha * term(retain rows)."""
    if term is RetainTerm.NONE:
        return forget_loss
    return forget_loss + alpha * _retain_loss(step, term=term)


def _retain_loss(step: Step, *, term: RetainTerm) -> Tensor:
    batch = step.batches[Source.RETAIN]
    if term is RetainTerm.NLL:
        return losses.mean_nll(step.student.answer_logits(batch), batch)
    if term is RetainTerm.KL:
        return losses.mean_kl(
            step.reference.attended_logits(batch), step.student.attended_logits(batch), batch
        )
    counted = Positions.PADDED.of(batch)
    return losses.mean_kl(
        losses.at_attended(step.reference.logits(batch), counted),
        losses.at_attended(step.student.logits(batch), counted),
        counted,
    )
