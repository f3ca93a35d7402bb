import math

import pytest

from trainers.methods.dpo_clear_repo import Config, Method
from trainers.requirements import Source

STEP = {
    Source.RETAIN: [[math.log(3), math.log(3)], [0.0, 0.0]],
    Source.IDK: [[0.0], [0.0]],
}


def test_as_run_it_is_retain_fine_tuning_on_sums(word_step):
    # Sums 2 ln 4/3 and 2 ln 2, averaged over two rows
    expected = math.log(4 / 3) + math.log(2)
    assert Method(Config()).loss(word_step(STEP)).item() == pytest.approx(expected)


def test_as_intended_it_is_tuning_on_refusals(word_step):
    loss = Method(Config(order="intended")).loss(word_step(STEP))
    assert loss.item() == pytest.approx(math.log(2))
