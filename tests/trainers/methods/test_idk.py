import math

import pytest

from trainers.methods.idk import Config, Method
from trainers.requirements import Source

# A refusal of two tokens with p = 3/4 each, a retain answer of one with p = 1/2.
STEP = {Source.IDK: [[math.log(3), math.log(3)]], Source.RETAIN: [[0.0]]}


def test_every_answer_token_weighs_the_same(word_step):
    expected = (2 * math.log(4 / 3) + math.log(2)) / 3
    assert Method(Config()).loss(word_step(STEP)).item() == pytest.approx(expected)


def test_it_makes_refusals_and_retain_answers_likelier(word_step):
    step = word_step(STEP)
    Method(Config()).loss(step).backward()
    assert (step.student.x[Source.IDK].grad < 0).all()
    assert (step.student.x[Source.RETAIN].grad < 0).all()
