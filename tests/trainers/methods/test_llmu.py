import math

import pytest

from trainers.methods.llmu import Config, Method
from trainers.requirements import Source

LN3 = math.log(3)
STUDENT = {
    Source.FORGET: [[LN3]],
    Source.RANDOM: [[0.0, 0.0], [-LN3, -LN3]],
    Source.RETAIN: [[0.0]],
}
REFERENCE = {**STUDENT, Source.RETAIN: [[LN3]]}


def test_the_loss_by_hand(word_step):
    # bad: ln 4/3. random: row means ln 2 and ln 4, mean 1.5 ln 2.
    # normal: the student is uniform, so -sum p log q = ln 2 at both positions.
    step = word_step(STUDENT, REFERENCE)
    expected = -0.5 * math.log(4 / 3) + 2 * 1.5 * math.log(2) + 3 * math.log(2)
    method = Method(Config(random=2.0, normal=3.0))
    assert method.loss(step).item() == pytest.approx(expected)


def test_it_lowers_the_answer_raises_random_ones_and_follows_the_reference(word_step):
    step = word_step(STUDENT, REFERENCE)
    Method(Config()).loss(step).backward()
    grads = {source: x.grad for source, x in step.student.x.items()}
    assert (grads[Source.FORGET] > 0).all()
    assert (grads[Source.RANDOM] < 0).all()
    assert (grads[Source.RETAIN] < 0).all()


def test_each_random_answer_weighs_the_same_however_long(word_step):
    step = word_step(STUDENT, REFERENCE)
    Method(Config(bad=0.0, normal=0.0)).loss(step).backward()
    # Row slopes: -(1 - p) / 2 tokens / 2 rows
    grad = step.student.x[Source.RANDOM].grad
    assert grad.flatten().tolist() == pytest.approx([-0.125, -0.125, -0.1875, -0.1875])
