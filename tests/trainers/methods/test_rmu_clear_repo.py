from dataclasses import replace

import pytest

from trainers.control_vector import control_vector
from trainers.methods.rmu_clear_repo import Config, Method
from trainers.requirements import Source

STUDENT = {Source.FORGET: [[1.0]], Source.RETAIN: [[3.0]]}
REFERENCE = {Source.FORGET: [[9.0]], Source.RETAIN: [[1.0]]}


def test_the_loss_by_hand(word_step):
    # As in `rmu`, with this step's vector, gamma on the forget term and 1 on the retain term.
    a, b = control_vector(2, seed=(7, 3), length=300.0).tolist()
    scramble = ((1 - a) ** 2 + b**2 + a**2 + b**2) / 4
    loss = Method(Config(layer=0, gamma=0.5)).loss(word_step(STUDENT, REFERENCE, seed=7, index=3))
    assert loss.item() == pytest.approx(0.5 * scramble + 1.0)


def test_the_target_moves_at_every_step(word_step):
    method = Method(Config(layer=0))
    step = word_step(STUDENT, REFERENCE)
    assert method.loss(step).item() != method.loss(replace(step, index=1)).item()
