"""The scale that objectives are told on; `study` says why."""

import math


def signed_root(value: float) -> float:
    """Returns sign(x) sqrt(|x|): the same order, with tails that a Gaussian process can fit."""
    return math.copysign(math.sqrt(abs(value)), value)


def unrooted(root: float) -> float:
    """Returns the value whose signed root it is."""
    return math.copysign(root * root, root)


def error_on_scale(root: float, error: float) -> float:
    """Returns the standard error of `root` where that of the objective itself is `error`."""
    value = unrooted(root)
    return (signed_root(value + error) - signed_root(value - error)) / 2
