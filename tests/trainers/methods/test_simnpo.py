import math

import pytest
import torch

from trainers.methods import ga, retain_ft
from trainers.methods.simnpo import Config, Method
from trainers.requirements import Source

ALONE = {"gamma": 1.0, "retain_term": "none"}


def test_the_loss_by_hand(word_step):
    # Two tokens with p = 1/4: mean NLL ln 4. beta 1, delta ln 4/3: margin ln 3, sigmoid 3/4.
    step = word_step({Source.FORGET: [[-math.log(3)] * 2]})
    method = Method(Config(beta=1.0, delta=math.log(4 / 3), **ALONE))
    assert method.loss(step).item() == pytest.approx(2 * math.log(4 / 3))


def test_a_longer_answer_of_the_same_tokens_costs_the_same(word_step):
    method = Method(Config(**ALONE))
    short = method.loss(word_step({Source.FORGET: [[0.4]]}))
    long = method.loss(word_step({Source.FORGET: [[0.4] * 5]}))
    assert short.item() == pytest.approx(long.item())


def test_small_beta_gives_the_gradient_of_ascent(word_step):
    # Rows of equal length, so that the mean over rows is the mean over tokens.
    rows = {Source.FORGET: [[1.0, -0.5], [0.3, 2.0]]}
    ours, ascent = word_step(rows), word_step(rows)
    Method(Config(beta=1e-6, **ALONE)).loss(ours).backward()
    ga.Method(ga.Config()).loss(ascent).backward()
    torch.testing.assert_close(
        ours.student.x[Source.FORGET].grad,
        ascent.student.x[Source.FORGET].grad,
        rtol=1e-5,
        atol=1e-7,
    )


def test_the_default_adds_the_retain_nll_with_weight_one(word_step):
    step = word_step({Source.FORGET: [[1.0]], Source.RETAIN: [[0.0]]})
    alone = Method(Config(retain_term="none")).loss(step)
    retain = retain_ft.Method(retain_ft.Config()).loss(step)
    assert Method(Config()).loss(step).item() == pytest.approx((alone + retain).item())
