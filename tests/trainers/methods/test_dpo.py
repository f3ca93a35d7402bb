import math

import pytest
import torch

from trainers.methods.dpo import Config, Method
from trainers.requirements import Source

STUDENT = {Source.FORGET: [[1.0, -0.5], [0.3, 2.0]], Source.IDK: [[0.5], [-1.0]]}
REFERENCE = {Source.FORGET: [[0.8, 0.1], [0.2, 1.0]], Source.IDK: [[0.1], [0.2]]}


def test_the_loss_by_hand(word_step):
    # Refusal p = 3/4 from 1/2: ln 3/2. Answer p = 1/4 from 1/2: ln 1/2. Margin ln 3, beta 1:
    # 2 * -ln sigmoid(ln 3) = 2 ln 4/3
    step = word_step(
        {Source.FORGET: [[-math.log(3)]], Source.IDK: [[math.log(3)]]},
        {Source.FORGET: [[0.0]], Source.IDK: [[0.0]]},
    )
    expected = 2 * math.log(4 / 3)
    assert Method(Config(beta=1.0)).loss(step).item() == pytest.approx(expected, rel=1e-6)


def test_it_starts_at_two_ln_two_over_beta(word_step):
    loss = Method(Config(beta=0.5)).loss(word_step(STUDENT))
    assert loss.item() == pytest.approx(4 * math.log(2))


def test_it_raises_the_refusal_and_lowers_the_answer(word_step):
    step = word_step(STUDENT, REFERENCE)
    Method(Config()).loss(step).backward()
    assert (step.student.x[Source.IDK].grad < 0).all()
    assert (step.student.x[Source.FORGET].grad > 0).all()


def test_small_beta_is_the_plain_difference_of_likelihoods(word_step):
    # d/dx of mean over 2 rows of (NLL_idk - NLL_forget): -(1 - p) / 2 and +(1 - p) / 2
    step = word_step(STUDENT, REFERENCE)
    Method(Config(beta=1e-6)).loss(step).backward()
    for source, sign in ((Source.IDK, -1), (Source.FORGET, 1)):
        x = step.student.x[source]
        expected = sign * torch.sigmoid(-x.detach()) / 2
        torch.testing.assert_close(x.grad, expected, rtol=1e-5, atol=1e-7)
