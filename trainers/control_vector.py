"""The random directions that RMU steers hidden states to."""

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def control_vector(width: int, *, seed: tuple[int, ...], length: float) -> Tensor:
    """Returns length * u / |u| with u uniform on [0, 1)^width: equal for equal seeds everywhere.

    Drawn on the CPU by numpy, so that every rank, device and version gets the same numbers.
    """
    drawn = np.random.default_rng(seed).random(width)
    return torch.from_numpy(length * drawn / np.linalg.norm(drawn))


def row_targets(ids: Sequence[str], width: int, *, seed: int, largest: float) -> Tensor:
    """Returns targets_BH, uniform on [-largest, largest): each depends on its id and the seed."""
    drawn = [
        np.random.default_rng([seed, *hashlib.sha256(row_id.encode()).digest()]).uniform(
            -largest, largest, width
        )
        for row_id in ids
    ]
    return torch.from_numpy(np.stack(drawn))
