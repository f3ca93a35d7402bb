"""Logarithms of what a normal variable is expected to exceed 0 by, however unlikely that is."""

import math

import numpy as np

from orchestrator.searching.gaussian_process import Array


def log_improvement(z: Array) -> Array:
    """Returns log E[max(0, z + e)] of a standard normal e: log of z Phi(z) + phi(z)."""
    from scipy.special import erfcx, ndtr

    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    near = np.log(np.maximum(z * ndtr(z) + density, 1e-300))
    # The two terms nearly cancel far below; there, Phi / phi by the scaled error function.
    low = np.minimum(z, -1.0)
    rest = 1 + low * math.sqrt(math.pi / 2) * erfcx(-low / math.sqrt(2))
    # Of that 1 / z^2 is left, and beyond some thousand nothing but rounding.
    rest = np.where(low > -1e3, rest, low**-2)
    far = -0.5 * low * low - 0.5 * math.log(2 * math.pi) + np.log(rest)
    found: Array = np.where(z > -5, near, far)
    return found


def averaged(log_SM: Array, weights_S: Array) -> Array:
    """Returns the logarithm of the weighted mean over the draws."""
    from scipy.special import logsumexp

    found: Array = logsumexp(log_SM, axis=0, b=weights_S[:, None])
    return found
