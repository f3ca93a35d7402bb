"""The random direction that RMU steers hidden states to."""

import numpy as np
import torch
from torch import Tensor


def control_vector(width: int, *, seed: tuple[int, ...], length: float) -> Tensor:
    """Returns length * u / |u| with u uniform on [0, 1)^width: equal for equal seeds everywhere.

    Drawn on the CPU by numpy, so that every rank, device and version gets the same numbers.
    """
    drawn = np.random.default_rng(seed).random(width)
    return torch.from_numpy(length * drawn / np.linalg.norm(drawn))
