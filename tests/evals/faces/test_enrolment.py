"""People are enrolled by mean embeddings, and the largest cosine recognises them."""

import pytest
import torch

from evals.faces.enrolment import cosines, enrolment_vectors


def test_a_person_is_the_direction_of_the_mean_of_raw_embeddings() -> None:
    # The longer embedding weighs more: (3, 0) and (0, 1) have the mean (1.5, 0.5).
    embeddings = torch.tensor([[3.0, 0.0], [0.0, -2.0], [0.0, 1.0]])
    vectors = enrolment_vectors(embeddings, torch.tensor([0, 1, 0]), num_people=2)
    expected = torch.tensor([[1.5, 0.5], [0.0, -1.0]], dtype=torch.float64)
    expected[0] /= 2.5**0.5
    assert torch.allclose(vectors, expected)


def test_cosines_know_no_length() -> None:
    vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    found = cosines(torch.tensor([[30.0, 40.0], [0.0, -1e-3]]), vectors)
    assert torch.allclose(found, torch.tensor([[0.6, 0.8], [0.0, -1.0]], dtype=torch.float64))


def test_somebody_without_a_picture_is_named() -> None:
    with pytest.raises(ValueError, match=r"\[1\]"):
        enrolment_vectors(torch.ones(2, 3), torch.tensor([0, 2]), num_people=3)
