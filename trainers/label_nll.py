"""The negative log-likelihood of labels, which keeps nothing as wide as the vocabulary but logits.

    nll_n = log sum_v exp(logits_nv) - logits_n,label        d nll_n / d logits_n = p_n - 1_label

torch's cross_entropy keeps log-probabilities beside logits and has two gradients of their size at
once. Here rows are gone through a few at a time, and the one gradient is made of the logits.

Shapes: N positions, V vocabulary.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import cross_entropy

ENTRIES_AT_ONCE = 2**22
"""Log-probabilities that are there at once: a vector of 32000 for each of 131 positions."""


def label_nll(logits_NV: Tensor, labels_N: Tensor) -> Tensor:
    """Returns nll_N, in nats."""
    nll_N: Tensor = _LabelNLL.apply(logits_NV, labels_N)  # type: ignore[no-untyped-call]
    return nll_N


class _LabelNLL(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits_NV: Tensor, labels_N: Tensor) -> Tensor:
        ctx.save_for_backward(logits_NV, labels_N)
        num_rows = max(1, ENTRIES_AT_ONCE // logits_NV.shape[1])
        parts = zip(torch.split(logits_NV, num_rows), torch.split(labels_N, num_rows), strict=True)
        return torch.cat(
            [cross_entropy(part_NV, part_N, reduction="none") for part_NV, part_N in parts]
        )

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_N: Tensor) -> tuple[Tensor, None]:
        logits_NV, labels_N = ctx.saved_tensors
        gradient_NV = torch.softmax(logits_NV, dim=-1).mul_(gradient_N[:, None])
        return gradient_NV.scatter_add_(1, labels_N[:, None], -gradient_N[:, None]), None
