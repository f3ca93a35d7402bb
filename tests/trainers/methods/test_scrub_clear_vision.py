import math

import pytest

from trainers.methods.scrub_clear_vision import Config, Method
from trainers.requirements import Source

LN3 = math.log(3)

# Hidden states of the fake at layer 0 are its logits, (x, 0) and (0, 0): with x = ln 3 the softmax
# of the first position is (3/4, 1/4), with x = 0 it is even.
STUDENT = {Source.FORGET: [[LN3]], Source.RETAIN: [[0.0]]}
REFERENCE = {Source.FORGET: [[0.0]], Source.RETAIN: [[LN3]]}
EVEN_TO_THREE = math.log(4 / 3) / 2
"""KL((1/2, 1/2) || (3/4, 1/4)) = (ln 2/3 + ln 2) / 2"""
THREE_TO_EVEN = 3 * math.log(3 / 2) / 4 + math.log(1 / 2) / 4
"""KL((3/4, 1/4) || (1/2, 1/2))"""


def test_the_loss_by_hand(word_step):
    # KL(reference || student) of both sets, nothing at the second of two positions; the retain
    # answer has likelihood 1/2.
    method = Method(Config(gamma=2.0, alpha=3.0))
    expected = -2.0 * EVEN_TO_THREE / 2 + 3.0 * THREE_TO_EVEN / 2 + math.log(2)
    assert method.loss(word_step(STUDENT, REFERENCE)).item() == pytest.approx(expected)


def test_it_leaves_the_reference_on_forget_rows_and_comes_to_it_on_retain_rows(word_step):
    step = word_step(STUDENT, REFERENCE)
    Method(Config()).loss(step).backward()
    assert step.student.x[Source.FORGET].grad.item() < 0
    assert step.student.x[Source.RETAIN].grad.item() < 0


def test_at_the_start_it_is_retain_fine_tuning(word_step):
    step = word_step(STUDENT)
    Method(Config()).loss(step).backward()
    assert step.student.x[Source.FORGET].grad.item() == pytest.approx(0.0, abs=1e-6)
    assert step.student.x[Source.RETAIN].grad.item() == pytest.approx(-0.5)
