import math

import pytest

from trainers.methods.sku import Config, Method
from trainers.requirements import Source

LN3 = math.log(3)
STUDENT = {
    Source.FORGET: [[LN3]],
    Source.RANDOM: [[0.0], [LN3]],
    Source.RETAIN: [[0.0]],
}


def test_the_loss_adds_what_is_learned_and_takes_the_distance_off(word_step):
    # NLL: ln 4/3 on forget; ln 2 and ln 4/3 on random. KL of (3/4, 1/4) to (1/2, 1/2) at one of two
    # positions: 3/4 ln 3/2 + 1/4 ln 1/2.
    step = word_step(STUDENT, {**STUDENT, Source.RETAIN: [[LN3]]})
    learn, confuse = math.log(4 / 3), (math.log(2) + math.log(4 / 3)) / 2
    batch = step.batches[Source.RETAIN]
    away = (0.75 * math.log(1.5) + 0.25 * math.log(0.5)) / batch.position_norm
    found = Method(Config(bad=2.5, random=1.5, normal=0.5)).loss(step).item()
    assert found == pytest.approx(2.5 * learn + 1.5 * confuse - 0.5 * away)


def test_it_learns_what_is_to_be_forgotten_and_says_that_it_goes_back(word_step):
    step = word_step(STUDENT)
    method = Method(Config(strength=0.7))
    method.loss(step).backward()
    assert step.student.x[Source.FORGET].grad.item() < 0
    assert method.requirements.negation == 0.7
