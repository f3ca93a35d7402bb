"""A model as it is asked, in the middle of a training perhaps."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Switches dropout and gradients off, and puts every module's mode back afterwards."""
    in_training = [module for module in model.modules() if module.training]
    _set_training(in_training, False)
    try:
        with torch.no_grad():
            yield
    finally:
        _set_training(in_training, True)


def _set_training(modules: Sequence[nn.Module], mode: bool) -> None:
    """Sets modules' modes past torch's own way of setting, which looks for a parameter first.

    Hundreds of modules are switched twice in a step that has a reference.
    """
    for module in modules:
        object.__setattr__(module, "training", mode)
