"""Every method under DeepSpeed: neither two ranks nor ZeRO change a loss."""

from pathlib import Path

import pytest

from evals import plugins
from trainers.method import PACKAGE

STUDY = Path(__file__).with_name("ranks_study.py")
VARIANTS = ("npo with nll", "dpo with kl")
CASES = (*plugins.names(PACKAGE), *VARIANTS)

pytestmark = [pytest.mark.dist, pytest.mark.slow]


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
@pytest.mark.parametrize("name", CASES)
def test_two_ranks_under_zero_learn_what_one_rank_without_learns(name, stage, one_rank, two_ranks):
    losses, moved = one_rank[0][name]
    for found in two_ranks:
        also_losses, also_moved = found[stage][name]
        assert also_losses == pytest.approx(losses, rel=1e-3, abs=1e-4)
        assert far_apart(moved, also_moved) < 0.05 * far_apart(moved, {})


@pytest.mark.parametrize("name", CASES)
def test_the_weights_move(name, one_rank):
    _, moved = one_rank[0][name]
    assert far_apart(moved, {}) > 0


def far_apart(one, other):
    """Returns the norm of the difference of two states; what `other` has not is zero there."""
    squares = ((value - other.get(key, 0.0)).square().sum() for key, value in one.items())
    return float(sum(squares)) ** 0.5
