import pytest
import torch

from trainers.control_vector import control_vector


def test_the_vector_has_the_asked_length_and_no_negative_entry():
    vector = control_vector(64, seed=(3,), length=20.0)
    assert vector.norm().item() == pytest.approx(20.0)
    assert (vector >= 0).all()


def test_equal_seeds_give_equal_vectors_and_others_differ():
    assert torch.equal(
        control_vector(8, seed=(3,), length=1.0), control_vector(8, seed=(3,), length=1.0)
    )
    assert not torch.equal(
        control_vector(8, seed=(3,), length=1.0), control_vector(8, seed=(3, 1), length=1.0)
    )
