import pytest
import torch
from torch import Tensor, nn

from tests.fixtures.golden import GOLDEN
from trainers.optimizer import L1SGD, L1AdamW, soft_threshold_
from trainers.settings import L1Mode

CASE = GOLDEN["lora_l1_l0"]


def entries() -> Tensor:
    """The golden case's nine LoRA entries in one row."""
    tensors = CASE["inputs"]["lora_params"].values()
    return torch.cat([torch.tensor(rows).flatten() for rows in tensors])


def optimizer(parameters: list[nn.Parameter], **group) -> L1AdamW:
    options = {"l1": 0.01, "l1_mode": L1Mode.PROXIMAL, "weight_decay": 0.0, **group}
    return L1AdamW([{"params": parameters, **options}], lr=0.1)


def train(mode: L1Mode, start: Tensor, *, l1: float, in_loss: float = 0.0, steps: int = 5):
    parameter = nn.Parameter(start.clone())
    taught = optimizer([parameter], l1=l1, l1_mode=mode, weight_decay=0.01)
    for _ in range(steps):
        loss = (parameter - 1).square().sum() + in_loss * parameter.abs().sum()
        taught.zero_grad()
        loss.backward()
        taught.step()
    return parameter.detach()


def test_soft_threshold_shrinks_by_the_threshold_and_makes_exact_zeros():
    values = torch.tensor([0.3, -0.05, -1.0, 0.0, 0.1])
    soft_threshold_([values], threshold=0.1)
    # 0.3 - 0.1; |-0.05| < 0.1; -(1.0 - 0.1); 0; 0.1 - 0.1
    assert torch.allclose(values, torch.tensor([0.2, 0.0, -0.9, 0.0, 0.0]))
    assert (values == 0).sum() == 3


def test_soft_threshold_is_the_proximal_point_of_the_penalty():
    start, threshold = torch.tensor([0.7, -0.02, -0.4], dtype=torch.float64), 0.15
    grid = torch.linspace(-1, 1, 20001, dtype=torch.float64)[:, None]
    objective = 0.5 * (grid - start) ** 2 + threshold * grid.abs()
    best = grid[objective.argmin(0), 0]
    soft_threshold_([start], threshold=threshold)
    assert torch.allclose(start, best, atol=1e-4)


def test_soft_threshold_moves_towards_anchors_and_reaches_them_exactly():
    values, anchors = torch.tensor([0.3, 1.04, -1.0]), torch.tensor([0.1, 1.1, 0.0])
    soft_threshold_([values], threshold=0.1, anchors=[anchors])
    # 0.1 + (0.2 - 0.1); |1.04 - 1.1| < 0.1; 0 - (1.0 - 0.1)
    assert torch.allclose(values, torch.tensor([0.2, 1.1, -0.9]))
    assert values[1] == anchors[1]


def test_soft_threshold_keeps_nan_as_nan():
    values = torch.tensor([float("nan"), 1.0])
    soft_threshold_([values], threshold=0.5)
    assert values[0].isnan()
    assert values[1] == 0.5


def test_a_proximal_step_on_a_zero_gradient_shrinks_by_lr_times_l1():
    parameter = nn.Parameter(torch.tensor([0.5, -0.5, 0.0005]))
    parameter.grad = torch.zeros(3)
    optimizer([parameter], l1=0.01).step()
    # lr * l1 = 0.001
    assert torch.allclose(parameter, torch.tensor([0.499, -0.499, 0.0]))
    assert parameter[2] == 0


def test_the_subgradient_is_that_of_the_published_penalty():
    start = entries()
    expected = CASE["expected"]["penalty_l1_lambda0_01"]
    assert 0.01 * float(start.abs().sum()) == pytest.approx(expected, abs=1e-6)
    parameter = nn.Parameter(start.clone())
    parameter.grad = torch.zeros_like(start)
    optimizer([parameter], l1=0.01, l1_mode=L1Mode.SUBGRADIENT).step()
    assert torch.equal(parameter.grad, 0.01 * start.sign())
    assert sorted(set(start.sign().tolist())) == CASE["expected"]["l1_grad_values"]


def test_the_subgradient_mode_equals_the_penalty_in_the_loss_bit_for_bit():
    in_loss = train(L1Mode.SUBGRADIENT, entries(), l1=0.0, in_loss=0.3)
    in_optimizer = train(L1Mode.SUBGRADIENT, entries(), l1=0.3)
    assert torch.equal(in_optimizer, in_loss)
    assert not torch.equal(in_optimizer, train(L1Mode.SUBGRADIENT, entries(), l1=0.0))


@pytest.mark.parametrize("mode", L1Mode)
def test_without_a_penalty_it_is_adamw(mode):
    parameter = nn.Parameter(entries())
    plain = torch.optim.AdamW([parameter], lr=0.1, weight_decay=0.01)
    for _ in range(5):
        plain.zero_grad()
        (parameter - 1).square().sum().backward()
        plain.step()
    assert torch.equal(train(mode, entries(), l1=0.0), parameter.detach())


@pytest.mark.parametrize("mode", L1Mode)
def test_a_strong_penalty_wins_over_the_loss(mode):
    start = torch.tensor([0.5])  # the loss pulls to 1
    assert train(mode, start, l1=0.0, steps=1) > start
    assert train(mode, start, l1=5.0, steps=1) < start


def test_only_the_proximal_mode_makes_exact_zeros():
    start = torch.full((50,), 1e-3)
    counts = {}
    for mode in L1Mode:
        parameter = nn.Parameter(start.clone())
        held = optimizer([parameter], l1=0.02, l1_mode=mode)
        for _ in range(3):
            parameter.grad = torch.zeros(50)
            held.step()
        counts[mode] = int((parameter == 0).sum())
    assert counts == {L1Mode.PROXIMAL: 50, L1Mode.SUBGRADIENT: 0}


@pytest.mark.parametrize("mode", L1Mode)
def test_a_sharded_vector_moves_as_the_whole_one_does(mode):
    start, gradient = entries(), torch.linspace(-1, 1, 9)
    whole = nn.Parameter(start.clone())
    parts = [nn.Parameter(part.clone()) for part in start.split(4)]
    together = optimizer([whole], l1_mode=mode)
    apart = [optimizer([part], l1_mode=mode) for part in parts]
    for _ in range(3):
        whole.grad = gradient.clone()
        together.step()
        for part, slice_, own in zip(parts, gradient.split(4), apart, strict=True):
            part.grad = slice_.clone()
            own.step()
    assert torch.equal(torch.cat([part.detach() for part in parts]), whole.detach())


@pytest.mark.parametrize("mode", L1Mode)
def test_a_parameter_without_a_gradient_stays(mode):
    moved, kept = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    moved.grad = torch.ones(2)
    optimizer([moved, kept], l1=1.0, l1_mode=mode).step()
    assert torch.equal(kept.detach(), torch.ones(2))
    assert not torch.equal(moved.detach(), torch.ones(2))


def test_each_group_has_its_own_coefficient():
    free, held = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    free.grad, held.grad = torch.zeros(1), torch.zeros(1)
    groups = [{"params": [free], "l1": 0.0}, {"params": [held], "l1": 1.0}]
    L1AdamW([{"weight_decay": 0.0, **group} for group in groups], lr=0.25).step()
    assert (free.item(), held.item()) == (1.0, 0.75)


@pytest.mark.parametrize(("mode", "expected"), [("proximal", 0.98), ("subgradient", 0.9)])
def test_a_step_pulls_towards_the_anchor(mode: str, expected: float):
    parameter = nn.Parameter(torch.tensor([1.0]))
    taught = optimizer([parameter], l1=0.2, l1_mode=L1Mode(mode))
    taught.anchors = {parameter: torch.tensor([0.5])}
    parameter.grad = torch.zeros(1)
    taught.step()
    # 0.5 + (0.5 - 0.1 * 0.2); Adam's first step on the gradient 0.2 * sign(0.5) is the whole lr
    assert parameter.item() == pytest.approx(expected)


def test_a_weight_at_its_anchor_feels_no_penalty():
    parameter = nn.Parameter(torch.tensor([1.0]))
    for mode in L1Mode:
        taught = optimizer([parameter], l1=0.2, l1_mode=mode)
        taught.anchors = {parameter: torch.tensor([1.0])}
        parameter.grad = torch.zeros(1)
        taught.step()
        assert parameter.item() == 1.0


def test_sgd_shrinks_by_lr_times_l1_after_its_step() -> None:
    weight = nn.Parameter(torch.tensor([1.0, 0.015, -1.0]))
    group = {"params": [weight], "l1": 0.1, "weight_decay": 0.0}
    taught = L1SGD([group], lr=0.1, momentum=0.9)
    weight.grad = torch.tensor([1.0, 0.0, 0.0])
    taught.step()
    # 1 - 0.1 x 1 - 0.1 x 0.1; 0.015 is 0.005 further than the threshold; -(1 - 0.01)
    assert torch.allclose(weight.detach(), torch.tensor([0.89, 0.005, -0.99]))
    weight.grad = torch.zeros(3)
    taught.step()
    # The momentum alone moves the first: 0.89 - 0.1 x 0.9 - 0.01; the second becomes zero.
    assert torch.allclose(weight.detach(), torch.tensor([0.79, 0.0, -0.98]))
    assert weight[1] == 0
