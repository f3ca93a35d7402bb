import math

import pytest
import torch

from trainers.methods import ga
from trainers.methods.npo import Config, Method
from trainers.requirements import Source

FORGET = {Source.FORGET: [[1.0, -0.5], [0.3, 2.0]]}
REFERENCE = {Source.FORGET: [[0.8, 0.1], [0.2, 1.0]]}


def gradient(method, step):
    method.loss(step).backward()
    return step.student.x[Source.FORGET].grad


def test_the_loss_by_hand(word_step):
    # p = 1/4, p_ref = 3/4: (2 / beta) ln(1 + (1/3)^beta) with beta = 1
    step = word_step({Source.FORGET: [[-math.log(3)]]}, {Source.FORGET: [[math.log(3)]]})
    expected = 2 * math.log(1 + 1 / 3)
    assert Method(Config(beta=1.0)).loss(step).item() == pytest.approx(expected, rel=1e-6)


def test_it_starts_at_two_ln_two_over_beta(word_step):
    loss = Method(Config(beta=0.1)).loss(word_step(FORGET))
    assert loss.item() == pytest.approx(20 * math.log(2))


def test_small_beta_gives_the_gradient_of_ascent_on_summed_likelihood(word_step):
    # Both rows have two tokens, so the summed likelihood is twice the token mean.
    limit = gradient(Method(Config(beta=1e-6)), word_step(FORGET, REFERENCE))
    ascent = gradient(ga.Method(ga.Config()), word_step(FORGET, REFERENCE))
    torch.testing.assert_close(limit, 2 * ascent, rtol=1e-5, atol=1e-7)


def test_it_pushes_less_what_is_forgotten_already(word_step):
    reference = {Source.FORGET: [[3.0], [3.0]]}
    step = word_step({Source.FORGET: [[3.0], [-3.0]]}, reference)
    Method(Config(beta=5.0)).loss(step).backward()
    known, forgotten = step.student.x[Source.FORGET].grad.flatten().tolist()
    # Slope per row: (1 / 2 rows) * 2 sigmoid(-beta margin) * (1 - p)
    margin = math.log1p(math.exp(3)) - math.log1p(math.exp(-3))
    assert known == pytest.approx(0.5 * 1.0 / (1 + math.exp(3)))
    assert forgotten == pytest.approx(1 / (1 + math.exp(5 * margin)) / (1 + math.exp(-3)), rel=1e-5)
    assert 0 < forgotten < known


def test_the_reference_is_asked_for_likelihoods_and_never_for_logits(word_step, monkeypatch):
    step = word_step(FORGET, REFERENCE)
    expected = Method(Config()).loss(step).item()
    nll = step.reference.sequence_nll(step.batches[Source.FORGET])
    monkeypatch.setattr(step.reference, "sequence_nll", lambda batch: nll)
    monkeypatch.setattr(step.reference, "logits", None)
    assert Method(Config()).loss(step).item() == expected
