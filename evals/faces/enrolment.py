"""People by one vector each: enrolled by a few pictures, recognised by the largest cosine.

Shapes: N pictures, P people, E width of the embedding.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize


def enrolment_vectors(embeddings_NE: Tensor, labels_N: Tensor, *, num_people: int) -> Tensor:
    """Returns vectors_PE of length 1: each person's mean embedding, normalised.

    The mean is over raw embeddings, as in CLEAR's evaluation.

    Raises:
        ValueError: somebody has no picture.
    """
    counts_P = torch.bincount(labels_N, minlength=num_people)
    missing = torch.nonzero(counts_P == 0).flatten().tolist()
    if missing:
        raise ValueError(f"people without a picture to enrol them by: {missing[:5]}")
    sums_PE = torch.zeros(num_people, embeddings_NE.shape[1], dtype=torch.float64)
    sums_PE.index_add_(0, labels_N, embeddings_NE.double())
    return normalize(sums_PE / counts_P[:, None], dim=1)


def cosines(embeddings_NE: Tensor, vectors_PE: Tensor) -> Tensor:
    """Returns cosines_NP of pictures to people, in float64."""
    return normalize(embeddings_NE.double(), dim=1) @ vectors_PE.T
