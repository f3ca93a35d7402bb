import pytest

from trainers.methods import retain_ft
from trainers.methods.scrub_clear_repo import Config, Method
from trainers.requirements import Source

STUDENT = {Source.FORGET: [[0.3]], Source.RETAIN: [[0.7]]}


def test_at_the_start_it_is_retain_fine_tuning(word_step):
    ours, plain = word_step(STUDENT), word_step(STUDENT)
    Method(Config()).loss(ours).backward()
    retain_ft.Method(retain_ft.Config()).loss(plain).backward()
    expected = plain.student.x[Source.RETAIN].grad.item()
    assert ours.student.x[Source.RETAIN].grad.item() == pytest.approx(expected)
    assert ours.student.x[Source.FORGET].grad.item() == pytest.approx(0.0, abs=1e-12)


def test_it_drives_forget_rows_away_from_the_reference(word_step):
    step = word_step(STUDENT, {Source.FORGET: [[1.0]], Source.RETAIN: [[0.7]]})
    Method(Config()).loss(step).backward()
    assert step.student.x[Source.FORGET].grad.item() > 0
