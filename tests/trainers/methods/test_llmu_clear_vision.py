import math

import pytest

from trainers.methods.llmu_clear_vision import Config, Method
from trainers.requirements import Source

LN3 = math.log(3)
STUDENT = {Source.FORGET: [[LN3]], Source.RANDOM: [[-LN3]], Source.RETAIN: [[0.0]]}
REFERENCE = {**STUDENT, Source.RETAIN: [[LN3]]}


def test_the_loss_by_hand(word_step):
    # The forget answer's likelihood is 3/4, the random one's 1/4, the retain one's 1/2. Hidden
    # states of the fake are its logits: KL((3/4, 1/4) || (1/2, 1/2)), at one position of two.
    kl = (3 * math.log(3 / 2) / 4 + math.log(1 / 2) / 4) / 2
    published = -0.02 * math.log(4 / 3) + 0.01 * math.log(4) + kl
    step = word_step(STUDENT, REFERENCE)
    assert Method(Config()).loss(step).item() == pytest.approx(published)
    with_retain = Method(Config(alpha=2.0)).loss(step).item()
    assert with_retain == pytest.approx(published + 2.0 * math.log(2))


def test_it_lowers_the_answer_raises_random_ones_and_follows_the_reference(word_step):
    step = word_step(STUDENT, REFERENCE)
    Method(Config()).loss(step).backward()
    grads = {source: x.grad.item() for source, x in step.student.x.items()}
    assert grads[Source.FORGET] > 0
    assert grads[Source.RANDOM] < 0
    assert grads[Source.RETAIN] < 0
