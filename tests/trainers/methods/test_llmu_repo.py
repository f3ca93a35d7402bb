import math

import pytest
import torch
from torch import nn

from trainers.methods.llmu_repo import Config, Method
from trainers.requirements import Source

LN3 = math.log(3)
STUDENT = {
    Source.FORGET: [[LN3]],
    Source.RANDOM: [[0.0, 0.0], [-LN3, -LN3]],
    Source.RETAIN: [[0.0]],
}
REFERENCE = {**STUDENT, Source.RETAIN: [[LN3]]}


def published_answer_loss(logits, labels, starts):
    """`get_answer_loss` of the published code, "gd", for rows without padding."""
    position_loss = nn.functional.cross_entropy(
        logits[:, :-1].transpose(1, 2), labels[:, 1:], reduction="none"
    )
    rows = []
    for row, start in enumerate(starts):
        weight = torch.zeros(logits.shape[1], dtype=torch.float64)
        weight[start:] = 1
        weight = weight / weight.sum()
        rows.append((weight[:-1] * position_loss[row]).sum())
    return torch.stack(rows).mean()


def published_cross_entropy(reference, student):
    """`compute_kl` of the published code."""
    p, q = reference.softmax(-1), student.softmax(-1)
    return -(p * torch.log(q + 1e-12)).sum(-1).mean()


def test_the_loss_is_the_published_code_s(word_step):
    # A question token and then the answer's: for the answer loss positions count from 0 on, from 1
    # on for random answers.
    step = word_step(STUDENT, REFERENCE)
    views = {source: step.student.logits(batch) for source, batch in step.batches.items()}
    zeros = {source: torch.zeros(x.shape[:2], dtype=torch.long) for source, x in views.items()}
    bad = published_answer_loss(views[Source.FORGET], zeros[Source.FORGET], [0])
    random = published_answer_loss(views[Source.RANDOM], zeros[Source.RANDOM], [1, 1])
    reference = step.reference.logits(step.batches[Source.RETAIN])
    normal = published_cross_entropy(reference, views[Source.RETAIN])
    method = Method(Config(random=2.0, normal=3.0))
    expected = (-0.5 * bad + 2 * random + 3 * normal).item()
    assert method.loss(step).item() == pytest.approx(expected, abs=1e-7)


def test_the_terms_by_hand(word_step):
    # bad: ln 4/3 over one token and one more. random: the second tokens, ln 2 and ln 4, each over
    # two tokens, mean 0.75 ln 2.
    step = word_step(STUDENT, REFERENCE)
    expected = -0.5 * math.log(4 / 3) / 2 + 2 * 0.75 * math.log(2)
    assert Method(Config(random=2.0, normal=0.0)).loss(step).item() == pytest.approx(expected)


def test_what_the_student_finds_impossible_costs_no_more_than_1e_12(word_step):
    step = word_step({**STUDENT, Source.RETAIN: [[-1e4]]}, {**STUDENT, Source.RETAIN: [[1e4]]})
    # One of two positions: -ln(0 + 1e-12); the other is uniform, ln 2.
    loss = Method(Config(bad=0.0, random=0.0)).loss(step).item()
    assert loss == pytest.approx((12 * math.log(10) + math.log(2)) / 2)
