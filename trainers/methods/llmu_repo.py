"""LLMU as its published code computes it, which miscounts the tokens of answers.

    loss = -bad * NLL+(forget) + random * NLL-(forget questions, random retain answers)
           + normal * CE(reference, student) on retain rows

Yao et al. 2023 (arXiv 2310.10683), kevinyaobytedance/llm_unlearn, utils.py. Weights lie on a row's
positions from a start on, are divided by their number, and the last is dropped. NLL+ is a row's
summed NLL over its answer tokens *plus one*, as the position of the last token counts and predicts
nothing. NLL- leaves the first answer token out and divides by the answer tokens, as the start is
meant to be one further on. (As run the start of NLL- is the number of fields that a tokenizer
returns, 2, so that most of the question is learnt along with the answer; that is not done here.)
CE = -sum p_ref log(p + 1e-12) is averaged over all positions, padding included.
"""

import math
from typing import Annotated

from pydantic import Field
from torch import Tensor, logaddexp
from torch.nn.functional import log_softmax

from evals.choice import Settings
from trainers import losses
from trainers.hyperparameters import Range
from trainers.method import Step
from trainers.positions import Positions
from trainers.requirements import Requirements, Source

LOG_SMALLEST = math.log(1e-12)


class Config(Settings):
    """Weights of the three terms, and random answers for each forget row."""

    bad: Annotated[float, Range(0.1, 1.0, log=True), Field(ge=0)] = 0.5
    random: Annotated[float, Range(0.5, 2.0, log=True), Field(ge=0)] = 1.0
    normal: Annotated[float, Range(0.1, 10.0, log=True), Field(ge=0)] = 1.0
    num_random: Annotated[int, Range(1, 8, integer=True), Field(ge=1)] = 5


class Method:
    """Minimises the weighted sum of the three terms."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.requirements = Requirements(
            frozenset({Source.FORGET, Source.RANDOM, Source.RETAIN}),
            compared=frozenset({Source.RETAIN}),
            every_position=frozenset({Source.RETAIN}),
            num_random=config.num_random,
        )

    def loss(self, step: Step) -> Tensor:
        """Returns -bad * NLL+(forget) + random * NLL-(random) + normal * CE(retain)."""
        config = self.config
        unlearn = -config.bad * _with_one_more(step)
        replace = config.random * _without_the_first(step)
        return unlearn + replace + config.normal * _cross_entropy(step)


def _with_one_more(step: Step) -> Tensor:
    batch = step.batches[Source.FORGET]
    nll_B = losses.sequence_nll(step.student.answer_logits(batch), batch)
    return losses.row_mean(nll_B / (losses.labelled(batch).sum(dim=1) + 1), batch)


def _without_the_first(step: Step) -> Tensor:
    batch = step.batches[Source.RANDOM]
    nll_BT = losses.token_nll(step.student.answer_logits(batch), batch)
    mask_BT = losses.labelled(batch)
    is_later_BT = mask_BT.cumsum(dim=1) > 1
    nll_B = (nll_BT * is_later_BT).sum(dim=1) / mask_BT.sum(dim=1).clamp(min=1)
    return losses.row_mean(nll_B, batch)


def _cross_entropy(step: Step) -> Tensor:
    batch = step.batches[Source.RETAIN]
    reference_BTV = log_softmax(step.reference.logits(batch), dim=-1)
    student_BTV = log_softmax(step.student.logits(batch), dim=-1)
    floored_BTV = logaddexp(student_BTV, student_BTV.new_tensor(LOG_SMALLEST))
    norm = Positions.PADDED.of(batch).position_norm
    return -(reference_BTV.exp() * floored_BTV).sum() / norm
