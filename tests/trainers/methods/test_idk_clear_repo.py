import math

import pytest

from trainers.methods.idk_clear_repo import Config, Method
from trainers.requirements import Source


def test_each_set_weighs_the_same_however_long_its_answers(word_step):
    # Refusal: two tokens with p = 3/4, mean ln 4/3. Retain: one with p = 1/2.
    step = word_step({Source.IDK: [[math.log(3), math.log(3)]], Source.RETAIN: [[0.0]]})
    expected = math.log(4 / 3) + math.log(2)
    assert Method(Config()).loss(step).item() == pytest.approx(expected)
