"""Every method under DeepSpeed: neither two ranks nor ZeRO change a loss."""

from pathlib import Path

import pytest

from evals import plugins
from trainers.method import PACKAGE

STUDY = Path(__file__).with_name("ranks_study.py")
VARIANTS = ("npo with nll", "dpo with kl")
CASES = (*plugins.names(PACKAGE), *VARIANTS)

pytestmark = [pytest.mark.dist, pytest.mark.slow]


@pytest.fixture(scope="module")
def one_rank(on_ranks):
    return on_ranks(STUDY, 1)[0]


@pytest.fixture(scope="module")
def two_ranks(on_ranks):
    return on_ranks(STUDY, 2)


@pytest.mark.parametrize("stage", [2, 3])
@pytest.mark.parametrize("name", CASES)
def test_two_ranks_under_zero_have_the_losses_of_one_rank_without(name, stage, one_rank, two_ranks):
    for found in two_ranks:
        assert found[stage][name] == pytest.approx(one_rank[0][name], rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("name", CASES)
def test_the_weights_move(name, one_rank):
    losses = one_rank[0][name]
    assert losses[2] != losses[0]
