import math

import pytest

from trainers.methods.retain_ft import Config, Method
from trainers.requirements import Source


def test_the_loss_is_the_retain_nll(word_step):
    # x = ln 3 is p = 3/4, x = 0 is p = 1/2: (ln 4/3 + ln 2) / 2
    step = word_step({Source.RETAIN: [[math.log(3)], [0.0]]})
    expected = (math.log(4 / 3) + math.log(2)) / 2
    assert Method(Config()).loss(step).item() == pytest.approx(expected)


def test_it_makes_retain_answers_likelier(word_step):
    step = word_step({Source.RETAIN: [[0.0]]})
    Method(Config()).loss(step).backward()
    assert step.student.x[Source.RETAIN].grad.item() == pytest.approx(-0.5)
