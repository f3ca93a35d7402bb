import math
from dataclasses import replace

import pytest
import torch

from evals.collated import IGNORE
from trainers.methods.npo_clear_repo import Config, Method
from trainers.requirements import Source


def test_the_loss_by_hand(word_step):
    # Position 1: ratios (1/4)/(3/4) = 1/3 and 3; position 2: 1 and 1. beta = 1:
    # 2 * (ln 4/3 + ln 4 + 2 ln 2) / 4
    step = word_step({Source.FORGET: [[-math.log(3)]]}, {Source.FORGET: [[math.log(3)]]})
    expected = (math.log(4 / 3) + math.log(4) + 2 * math.log(2)) / 2
    assert Method(Config()).loss(step).item() == pytest.approx(expected)


def test_it_never_looks_at_the_answer(word_step):
    step = word_step({Source.FORGET: [[1.0]]}, {Source.FORGET: [[0.5]]})
    forget = step.batches[Source.FORGET]
    blind = replace(forget, labels_BT=torch.full_like(forget.labels_BT, IGNORE))
    without = Method(Config()).loss(replace(step, batches={Source.FORGET: blind}))
    assert without.item() == Method(Config()).loss(step).item()


def test_the_text_formula_is_finite_only_near_the_reference(word_step):
    config = Config(formula="log_ratio")
    near = word_step({Source.FORGET: [[0.1]]}, {Source.FORGET: [[0.0]]})
    far = word_step({Source.FORGET: [[-5.0]]}, {Source.FORGET: [[0.0]]})
    assert math.isfinite(Method(config).loss(near).item())
    assert math.isnan(Method(config).loss(far).item())
