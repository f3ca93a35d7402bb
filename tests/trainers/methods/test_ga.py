import math

import pytest

from trainers.methods.ga import Config, Method
from trainers.requirements import Source


def test_the_loss_is_minus_the_forget_nll(word_step):
    # p = 3/4 and 1/2: -(ln 4/3 + ln 2) / 2
    step = word_step({Source.FORGET: [[math.log(3)], [0.0]]})
    expected = -(math.log(4 / 3) + math.log(2)) / 2
    assert Method(Config()).loss(step).item() == pytest.approx(expected)


def test_it_makes_forget_answers_less_likely(word_step):
    step = word_step({Source.FORGET: [[0.0]]})
    Method(Config()).loss(step).backward()
    assert step.student.x[Source.FORGET].grad.item() == pytest.approx(0.5)


def test_it_never_stops_pushing(word_step):
    step = word_step({Source.FORGET: [[-50.0]]})
    Method(Config()).loss(step).backward()
    assert step.student.x[Source.FORGET].grad.item() == pytest.approx(1.0)
