import math

import pytest
import torch

from trainers.methods.gd_kl_clear_repo import Config, Method
from trainers.requirements import Source

SAME = {Source.FORGET: [[0.0]], Source.RETAIN: [[0.0]]}


def test_the_loss_by_hand(word_step):
    # Reference p = 3/4 on forget rows: KL = (3/4 ln 3/2 + 1/4 ln 1/2) / 2; none on retain rows.
    step = word_step(SAME, {**SAME, Source.FORGET: [[math.log(3)]]})
    expected = -2 * (0.75 * math.log(1.5) + 0.25 * math.log(0.5)) / 2
    assert Method(Config(gamma=2.0)).loss(step).item() == pytest.approx(expected)


def test_at_the_start_nothing_moves(word_step):
    step = word_step(SAME)
    Method(Config()).loss(step).backward()
    for x in step.student.x.values():
        torch.testing.assert_close(x.grad, torch.zeros_like(x.grad))
