import math

import pytest
from pydantic import ValidationError

from trainers.methods import ga, gd, kl, retain_ft
from trainers.requirements import Source

STUDENT = {Source.FORGET: [[math.log(3)]], Source.RETAIN: [[0.0]]}
REFERENCE = {Source.FORGET: [[0.0]], Source.RETAIN: [[math.log(3)]]}


def test_the_loss_is_the_weighted_difference(word_step):
    # -2 ln 4/3 + 3 ln 2
    method = gd.Method(gd.Config(gamma=2.0, alpha=3.0))
    expected = -2 * math.log(4 / 3) + 3 * math.log(2)
    assert method.loss(word_step(STUDENT)).item() == pytest.approx(expected)


def test_without_one_weight_it_is_the_other_method(word_step):
    step = word_step(STUDENT)
    forgets = gd.Method(gd.Config(alpha=0.0)).loss(step)
    retains = gd.Method(gd.Config(gamma=0.0)).loss(step)
    assert forgets.item() == pytest.approx(ga.Method(ga.Config()).loss(step).item())
    assert retains.item() == pytest.approx(retain_ft.Method(retain_ft.Config()).loss(step).item())


def test_its_gradients_push_the_two_sets_apart(word_step):
    step = word_step(STUDENT)
    gd.Method(gd.Config()).loss(step).backward()
    assert step.student.x[Source.FORGET].grad.item() > 0
    assert step.student.x[Source.RETAIN].grad.item() < 0


def test_with_the_kl_it_is_kl_minimisation(word_step):
    step = word_step(STUDENT, REFERENCE)
    weights = {"gamma": 0.3, "alpha": 0.7}
    same = kl.Method(kl.Config(**weights)).loss(step)
    ours = gd.Method(gd.Config(**weights, retain_term="kl")).loss(step)
    assert ours.item() == same.item()


def test_a_difference_needs_a_retain_term():
    with pytest.raises(ValidationError):
        gd.Config(retain_term="none")
