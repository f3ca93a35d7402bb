import pytest
import torch
from torch import Tensor

from trainers.distributed import Place
from trainers.job import TrialFailure
from trainers.merging import TOLERANCES, require_same_answers, row_nlls
from trainers.model_call import Arguments


def require(before: list[float], after: list[float], dtype: torch.dtype = torch.float32) -> None:
    require_same_answers(torch.tensor(before), torch.tensor(after), dtype, Place())


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES.items())
def test_rows_may_differ_by_the_rounding_of_the_weights(dtype, tolerance):
    require([0.3, 0.5], [0.3, 0.5 + 1.9 * tolerance], dtype)
    with pytest.raises(TrialFailure, match=rf"0\.4 nats .* torch\.\w+ allows {tolerance:.4g};"):
        require([0.3, 0.5], [0.3, 0.5 + 2.1 * tolerance], dtype)


def test_differences_of_two_rows_do_not_cancel():
    with pytest.raises(TrialFailure, match="2 rows .* 1 apart"):
        require([2.0, 2.0], [1.0, 3.0])


def test_rows_that_no_model_finds_likely_may_differ_by_a_share():
    require([500.0], [500.04])
    with pytest.raises(TrialFailure):
        require([500.0], [500.06])


@pytest.mark.parametrize(("before", "after"), [(0.3, float("nan")), (float("nan"), 0.3)])
def test_what_is_no_number_is_no_agreement(before, after):
    with pytest.raises(TrialFailure):
        require([before], [after])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_right_merge_is_within_half_of_its_tolerance(dtype, tiny_lora, make_batch):
    before_B, after_B = merged_nlls(tiny_lora().to(dtype), make_batch([(3, 9), (4, 8)]))
    require_same_answers(before_B, after_B, dtype, Place())
    assert float((after_B - before_B).abs().mean()) < TOLERANCES[dtype] / 2


def merged_nlls(model, batch) -> tuple[Tensor, Tensor]:
    before_B = row_nlls(model, batch, Arguments())
    return before_B, row_nlls(model.merge_and_unload(), batch, Arguments())


def test_scoring_rows_changes_neither_mode_nor_random_numbers(tiny_lora, make_batch):
    model, batch = tiny_lora(dropout=0.5), make_batch([(2, 3), (3, 3)])
    state = torch.get_rng_state()
    nll_B = row_nlls(model, batch, Arguments())
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(nll_B, row_nlls(model, batch, Arguments()))
    assert model.training
    assert not nll_B.requires_grad
