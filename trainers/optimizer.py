"""AdamW and SGD that also apply an L1 penalty, as a proximal step or as a subgradient.

A penalty added to the loss is silently zero under ZeRO-3, where parameters are placeholders
between steps. The optimizer, though, is handed the real (flat, sharded) values at every ZeRO
stage, and L1 acts on each entry alone, so that it needs no gather here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from trainers.settings import L1Mode, TrainingSettings


class WithL1(torch.optim.Optimizer):
    """Gives an optimizer groups that carry `l1`, the coefficient, and `l1_mode`.

    L1 is of d = p - a, where `anchors` give a weight's a, and a = 0 where there are none.
    PROXIMAL: after the optimizer's step d <- sign(d) max(|d| - lr * l1, 0), which makes exact zeros
    (Parikh and Boyd, "Proximal Algorithms", 2014, section 6.5.2).
    SUBGRADIENT: gradient += l1 * sign(d) before the step, sign(0) = 0: the gradient of
    loss + l1 * sum |d|. It is added after DeepSpeed has clipped the gradient.

    Either acts on every weight that trains. DeepSpeed fills in zero gradients, so at any ZeRO
    stage a layer that the loss does not reach (those above RMU's) shrinks all the same; its B is
    zero, so the model does not notice, but the sparsity of A does.
    """

    moments: ClassVar[tuple[str, ...]]
    """What is kept for each weight, in its shape, under these names of the optimizer's state."""
    counts_steps: ClassVar[bool]
    """Whether the state has the number of steps, too."""
    anchors: Mapping[Tensor, Tensor]
    """For all weights or none, by the tensor that is stepped: what L1 pulls it towards."""

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Takes one step; a closure would compute gradients after the penalty was added."""
        assert closure is None
        for group in self.param_groups:
            if group["l1_mode"] == L1Mode.SUBGRADIENT:
                values = _trained(group)
                _add_subgradient(values, self._anchors_of(values), l1=group["l1"])
        super().step()
        for group in self.param_groups:
            if group["l1_mode"] == L1Mode.PROXIMAL:
                values = _trained(group)
                threshold = float(group["lr"]) * group["l1"]
                soft_threshold_(values, threshold=threshold, anchors=self._anchors_of(values))

    def _anchors_of(self, values: Sequence[Tensor]) -> list[Tensor]:
        return [self.anchors[value] for value in values] if self.anchors else []


class L1AdamW(WithL1, torch.optim.AdamW):
    """AdamW with L1."""

    moments = ("exp_avg", "exp_avg_sq")
    counts_steps = True

    def __init__(self, groups: Iterable[Mapping[str, Any]], *, lr: float) -> None:
        super().__init__(_complete(groups), lr=lr)
        self.anchors = {}


class L1SGD(WithL1, torch.optim.SGD):
    """SGD with momentum and L1; weight decay is added to the gradient, as in torch's."""

    moments = ("momentum_buffer",)
    counts_steps = False

    def __init__(
        self, groups: Iterable[Mapping[str, Any]], *, lr: float, momentum: float = 0.0
    ) -> None:
        super().__init__(_complete(groups), lr=lr, momentum=momentum)
        self.anchors = {}


def build_optimizer(groups: Iterable[Mapping[str, Any]], training: TrainingSettings) -> WithL1:
    """Returns the optimizer that the settings name, with a learning rate of 0 until it is set."""
    if training.optimizer == "sgd":
        return L1SGD(groups, lr=0.0, momentum=training.momentum)
    return L1AdamW(groups, lr=0.0)


def _complete(groups: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"l1": 0.0, "l1_mode": L1Mode.PROXIMAL, **group} for group in groups]


def soft_threshold_(
    values: list[Tensor], *, threshold: float, anchors: Sequence[Tensor] = ()
) -> None:
    """Moves every entry by `threshold` towards its anchor (zero without any), in place.

    What is nearer than that becomes the anchor itself, to the last bit; NaN stays NaN.
    """
    if not values or threshold == 0:
        return
    if anchors:
        torch._foreach_sub_(values, list(anchors))
    signs = torch._foreach_sign(values)
    torch._foreach_abs_(values)
    torch._foreach_sub_(values, threshold)
    torch._foreach_clamp_min_(values, 0.0)
    torch._foreach_mul_(values, signs)
    if anchors:
        torch._foreach_add_(values, list(anchors))


def _add_subgradient(values: list[Tensor], anchors: list[Tensor], *, l1: float) -> None:
    if not values or l1 == 0:
        return
    if anchors:
        signs = list(torch._foreach_sub(values, anchors))
        torch._foreach_sign_(signs)
    else:
        signs = list(torch._foreach_sign(values))
    gradients = [value.grad for value in values if value.grad is not None]
    torch._foreach_add_(gradients, signs, alpha=l1)


def _trained(group: Mapping[str, Any]) -> list[Tensor]:
    """Returns the tensors that this step changes: those with a gradient, as in AdamW."""
    return [value for value in group["params"] if value.grad is not None]
