import math

import pytest

from trainers.methods.gd_entropy_clear_repo import Config, Method
from trainers.requirements import Source


def test_the_loss_by_hand(word_step):
    # Two uniform positions in the row: 2 ln 2, counted for 4 rows; retain NLL ln 2.
    step = word_step({Source.FORGET: [[0.0]], Source.RETAIN: [[0.0]]})
    assert Method(Config()).loss(step).item() == pytest.approx((4 * 2 + 1) * math.log(2))


def test_with_the_kl_a_student_on_its_reference_pays_for_entropy_alone(word_step):
    rows = {Source.FORGET: [[0.0]], Source.RETAIN: [[0.7]]}
    method = Method(Config(retain_term="kl"))
    assert method.requirements.compared == {Source.RETAIN}
    assert method.loss(word_step(rows, rows)).item() == pytest.approx(4 * 2 * math.log(2))


def test_its_sign_sharpens_predictions_instead_of_blurring_them(word_step):
    step = word_step({Source.FORGET: [[1.0]], Source.RETAIN: [[0.0]]})
    Method(Config()).loss(step).backward()
    assert step.student.x[Source.FORGET].grad.item() < 0
