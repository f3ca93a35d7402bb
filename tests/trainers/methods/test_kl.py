import math

import pytest

from trainers.methods.kl import Config, Method
from trainers.requirements import Source


def test_the_loss_is_the_kl_of_retain_less_the_nll_of_forget(word_step):
    # Reference p = 3/4, student p = 1/2 on the first of two positions, equal on the second:
    # KL = (3/4 ln 3/2 + 1/4 ln 1/2) / 2; forget NLL = ln 2.
    step = word_step(
        {Source.FORGET: [[0.0]], Source.RETAIN: [[0.0]]},
        {Source.FORGET: [[0.0]], Source.RETAIN: [[math.log(3)]]},
    )
    divergence = (0.75 * math.log(1.5) + 0.25 * math.log(0.5)) / 2
    method = Method(Config(gamma=2.0, alpha=3.0))
    assert method.loss(step).item() == pytest.approx(-2 * math.log(2) + 3 * divergence)


def test_it_pulls_the_student_to_the_reference_on_retain_rows(word_step):
    step = word_step(
        {Source.FORGET: [[0.0]], Source.RETAIN: [[0.0], [2.0]]},
        {Source.FORGET: [[0.0]], Source.RETAIN: [[1.0], [1.0]]},
    )
    Method(Config()).loss(step).backward()
    below, above = step.student.x[Source.RETAIN].grad.flatten().tolist()
    assert below < 0 < above


def test_at_the_start_only_the_forget_term_acts(word_step):
    step = word_step({Source.FORGET: [[0.0]], Source.RETAIN: [[1.0]]})
    Method(Config()).loss(step).backward()
    assert step.student.x[Source.RETAIN].grad.item() == pytest.approx(0.0, abs=1e-12)
    assert step.student.x[Source.FORGET].grad.item() == pytest.approx(0.5)
