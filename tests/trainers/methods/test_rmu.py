from dataclasses import replace

import pytest
import torch

from trainers.control_vector import control_vector
from trainers.methods.rmu import Config, Method
from trainers.requirements import Source

# Hidden states of the fake are its logits plus the layer's number: (x + l, l) and (l, l).
STUDENT = {Source.FORGET: [[1.0]], Source.RETAIN: [[3.0]]}
REFERENCE = {Source.FORGET: [[9.0]], Source.RETAIN: [[1.0]]}


def test_the_loss_by_hand(word_step):
    # Layer 0: forget states (1, 0) and (0, 0) against the control vector (a, b);
    # retain states differ by 2 in one of four entries: 4 / 4 = 1, times alpha = 10.
    a, b = control_vector(2, seed=(7,), length=5.0).tolist()
    scramble = ((1 - a) ** 2 + b**2 + a**2 + b**2) / 4
    method = Method(Config(layer=0, steering=5.0, alpha=10.0))
    loss = method.loss(word_step(STUDENT, REFERENCE, seed=7))
    assert loss.item() == pytest.approx(scramble + 10.0)


def test_the_target_is_the_same_at_every_step_and_another_for_another_seed(word_step):
    method = Method(Config(layer=0))
    step = word_step(STUDENT, REFERENCE, seed=7)
    first = method.loss(step).item()
    assert method.loss(replace(step, index=5)).item() == first
    assert method.loss(replace(step, seed=8)).item() != first


def test_it_steers_that_layer(word_step):
    step = word_step(STUDENT, REFERENCE)
    losses = {Method(Config(layer=layer)).loss(step).item() for layer in (0, 1, 2)}
    assert len(losses) == 3


def test_at_the_start_only_the_forget_term_acts(word_step):
    step = word_step(STUDENT)
    Method(Config(layer=0)).loss(step).backward()
    # The target lies at a positive coordinate far beyond 1: descent raises x.
    assert step.student.x[Source.FORGET].grad.item() < 0
    assert torch.count_nonzero(step.student.x[Source.RETAIN].grad) == 0
