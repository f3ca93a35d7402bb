"""Labels' likelihoods are cross_entropy's, with no more kept than logits."""

import math
from functools import partial

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.functional import cross_entropy

from trainers import label_nll as module
from trainers.label_nll import label_nll


@pytest.fixture
def few_at_once(monkeypatch):
    monkeypatch.setattr(module, "ENTRIES_AT_ONCE", 64)  # two of the vectors below


def drawn(*, num_rows=7, vocabulary=30, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    logits_NV = 5 * torch.randn(num_rows, vocabulary, generator=generator, dtype=dtype)
    return logits_NV.requires_grad_(), torch.randint(vocabulary, (num_rows,), generator=generator)


def both(given, labels_N, weights_N):
    """Returns likelihoods and gradients of cross_entropy and of label_nll."""
    for nll in (partial(cross_entropy, reduction="none"), label_nll):
        logits_NV = given.detach().clone().requires_grad_()
        nll_N = nll(logits_NV, labels_N)
        (nll_N * weights_N).sum().backward()
        yield nll_N, logits_NV.grad


def test_the_label_of_an_even_choice_costs_the_logarithm_of_its_number():
    logits_NV = torch.zeros(1, 4, requires_grad=True)
    nll_N = label_nll(logits_NV, torch.tensor([2]))
    nll_N.sum().backward()
    assert nll_N.item() == pytest.approx(math.log(4))
    assert logits_NV.grad.tolist() == [[0.25, 0.25, -0.75, 0.25]]


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("num_rows", [1, 6, 7])
def test_likelihoods_are_those_of_torch_to_the_last_bit_and_gradients_to_rounding(num_rows):
    logits_NV, labels_N = drawn(num_rows=num_rows)
    plain, own = both(logits_NV, labels_N, torch.linspace(-2, 2, num_rows))
    assert torch.equal(own[0], plain[0])
    torch.testing.assert_close(own[1], plain[1], rtol=0, atol=5e-7)
    assert own[1].abs().max() > 0.1


@pytest.mark.usefixtures("few_at_once")
def test_the_gradient_is_that_of_the_likelihood():
    logits_NV, labels_N = drawn(dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: label_nll(x, labels_N), logits_NV)


def test_what_is_not_finite_stays_so():
    logits_NV = torch.tensor([[0.0, math.inf], [math.nan, 0.0], [0.0, -math.inf]])
    plain, own = both(logits_NV, torch.tensor([0, 1, 1]), torch.ones(3))
    torch.testing.assert_close(own[0], plain[0], equal_nan=True)
    assert own[1][:2].isnan().all()


def test_no_position_has_no_likelihood():
    logits_NV, labels_N = drawn(num_rows=0)
    nll_N = label_nll(logits_NV, labels_N)
    nll_N.sum().backward()
    assert nll_N.shape == (0,)
    assert logits_NV.grad.shape == logits_NV.shape


@pytest.mark.usefixtures("few_at_once")
def test_nothing_as_wide_as_the_vocabulary_is_kept_beside_the_logits():
    logits_NV, labels_N = drawn()
    kept = []
    with saved_tensors_hooks(lambda value: kept.append(value) or value, lambda value: value):
        label_nll(logits_NV, labels_N)
    wide = [value for value in kept if value.numel() >= logits_NV.numel()]
    assert [value.data_ptr() for value in wide] == [logits_NV.data_ptr()]
