import math

import pytest
import torch

from trainers.methods.scrub import Config, Method
from trainers.requirements import Source

LN3 = math.log(3)
STUDENT = {Source.FORGET: [[0.0]], Source.RETAIN: [[0.0]]}
REFERENCE = {Source.FORGET: [[2 * LN3]], Source.RETAIN: [[2 * LN3]]}
# Temperature 2 softens x = 2 ln 3 to ln 3: p = 3/4 against 1/2 on one of two positions, times 4.
DISTILLATION = 4 * (0.75 * math.log(1.5) + 0.25 * math.log(0.5)) / 2


def test_a_min_step_fits_and_follows_the_reference_on_retain_rows(word_step):
    method = Method(Config(gamma=2.0, alpha=0.5))
    loss = method.loss(word_step(STUDENT, REFERENCE, index=0))
    assert loss.item() == pytest.approx(2 * math.log(2) + 0.5 * DISTILLATION)


def test_a_max_step_leaves_the_reference_on_forget_rows(word_step):
    step = word_step(STUDENT, REFERENCE, index=1)
    loss = Method(Config()).loss(step)
    loss.backward()
    assert loss.item() == pytest.approx(-DISTILLATION)
    # The student is below the reference; ascent drives it further down: positive slope.
    assert step.student.x[Source.FORGET].grad.item() > 0


def test_there_are_no_max_steps_after_the_first_passes_over_the_forget_rows(word_step):
    # Every other step is a max step, so one pass over the forget rows takes two epochs.
    method = Method(Config(max_epochs=2))
    kinds = [
        method.loss(word_step(STUDENT, REFERENCE, index=index, epoch=epoch)).item() < 0
        for epoch in (3, 4)
        for index in (4, 5)
    ]
    assert kinds == [False, True, False, False]


def test_the_first_step_moves_a_student_that_equals_its_teacher(word_step):
    first, second = word_step(STUDENT, index=0), word_step(STUDENT, index=1)
    Method(Config()).loss(first).backward()
    Method(Config()).loss(second).backward()
    assert first.student.x[Source.RETAIN].grad.item() == pytest.approx(-0.5)
    torch.testing.assert_close(
        second.student.x[Source.FORGET].grad, torch.zeros(1, 1, dtype=torch.float64)
    )
