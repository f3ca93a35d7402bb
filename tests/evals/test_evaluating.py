import pytest
import torch
from torch import nn

from evals.evaluating import evaluating


def model() -> nn.Sequential:
    """In training, but for a part that is frozen."""
    frozen = nn.Sequential(nn.BatchNorm1d(4)).eval()
    return nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), frozen)


def modes(module: nn.Module) -> list[bool]:
    return [part.training for part in module.modules()]


def test_a_model_is_asked_without_dropout_or_gradients():
    asked = model()
    x = torch.ones(3, 4)
    with evaluating(asked):
        assert not any(modes(asked))
        found = asked(x)
    assert not found.requires_grad
    assert torch.equal(found, asked.eval()(x))


def test_every_part_has_its_own_mode_back_whatever_happens():
    asked = model()
    before = modes(asked)
    assert True in before
    assert False in before
    with pytest.raises(ZeroDivisionError), evaluating(asked):
        1 / 0  # noqa: B018
    assert modes(asked) == before
    assert torch.is_grad_enabled()
