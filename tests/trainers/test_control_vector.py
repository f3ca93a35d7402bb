import pytest
import torch

from trainers.control_vector import control_vector, row_targets


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


def test_a_rows_target_is_its_own_whatever_stands_beside_it() -> None:
    both = row_targets(["a", "b"], 5, seed=3, largest=2.0)
    assert torch.equal(row_targets(["b"], 5, seed=3, largest=2.0)[0], both[1])
    assert not torch.equal(both[0], both[1])
    assert not torch.equal(row_targets(["b"], 5, seed=4, largest=2.0)[0], both[1])
    many = row_targets([str(n) for n in range(200)], 50, seed=0, largest=2.0)
    assert -2 <= many.min() < -1.99
    assert 1.99 < many.max() < 2
    assert many.mean() == pytest.approx(0, abs=0.05)
