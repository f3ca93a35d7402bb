import math

import pytest

from trainers.methods.mmunlearner import Config, Method
from trainers.requirements import Source

LN3 = math.log(3)
STUDENT = {Source.FORGET: [[LN3]], Source.RETAIN: [[0.0]]}


def test_it_ascends_in_the_first_of_so_many_steps_and_descends_in_the_others(word_step):
    # NLL: ln 4/3 on forget rows, ln 2 on retain rows.
    method = Method(Config(alpha=0.5, retain_steps=2))
    found = [method.loss(word_step(STUDENT, index=index)).item() for index in range(4)]
    ascent, descent = -0.5 * math.log(4 / 3), math.log(2)
    assert found == pytest.approx([ascent, descent, descent, ascent])


def test_it_has_new_forget_rows_where_it_ascends_and_asks_for_salient_weights():
    asked = Method(Config(retain_steps=9, threshold=1.5)).requirements
    assert asked.forget_every == 10
    assert asked.saliency == 1.5
