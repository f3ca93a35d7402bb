"""The weights that a full fine-tuning starts from, and how far it has come from them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

CHUNK = 1 << 24
"""Entries that are compared at once, so that no second copy of the weights is made for it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a training did to the weights: of `num` entries `num_kept` are what they were.

    `num_zero` are zero now.

    The norms are over all entries: the L1 norm and the Frobenius norm of the change, and the
    Frobenius norm of the start.
    """

    num: int
    num_kept: int
    num_zero: int
    l1_norm: float
    norm: float
    start_norm: float


class StartingWeights:
    """A copy, on the CPU, of the tensors that this rank's optimizer steps.

    Those are the whole weights, or this rank's part of them with zeros at its end, in the
    optimizer's own precision.
    """

    def __init__(self, weights: Sequence[Tensor]) -> None:
        self._weights = weights
        self._copies = [weight.detach().to("cpu", copy=True) for weight in weights]

    @torch.no_grad()
    def restore(self) -> None:
        """Sets the weights to what they were."""
        for weight, copy in zip(self._weights, self._copies, strict=True):
            weight.copy_(copy)

    @torch.no_grad()
    def negate(self, strength: float) -> None:
        """Sets the weights to start - strength * (weights - start)."""
        for weight, copy in zip(self._weights, self._copies, strict=True):
            start = copy.to(weight.device)
            weight.copy_(start - strength * (weight - start))

    def anchors(self) -> dict[Tensor, Tensor]:
        """Returns the start of each weight, on its own device; no second copy on a CPU."""
        pairs = zip(self._weights, self._copies, strict=True)
        return {weight: copy.to(weight.device) for weight, copy in pairs}

    def change(
        self, num: int, *, dtype: torch.dtype, is_sharded: bool, device: torch.device
    ) -> Change:
        """Returns how the weights have changed, on all ranks, which meet on `device`.

        It is that of the weights as a model in `dtype` holds them: there an optimizer's small steps
        may come to nothing. `num` are the entries of all ranks together, zeros at the ends aside.
        """
        sums = torch.zeros(6, dtype=torch.float64, device=device)
        for now, start in self._chunks(dtype, device):
            offset = now - start
            kept = (offset == 0).double()
            counts = (kept, (now == 0).double(), torch.ones_like(kept))
            parts = (*counts, offset.abs(), offset.square(), start.square())
            sums += torch.stack([part.sum() for part in parts])
        if is_sharded:
            dist.all_reduce(sums)
        num_kept, num_zero, entries, l1_norm, square, start_square = sums.tolist()
        num_padding = int(entries) - num  # zeros, then as now
        return Change(
            num=num,
            num_kept=int(num_kept) - num_padding,
            num_zero=int(num_zero) - num_padding,
            l1_norm=l1_norm,
            norm=math.sqrt(square),
            start_norm=math.sqrt(start_square),
        )

    def _chunks(self, dtype: torch.dtype, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        for weight, copy in zip(self._weights, self._copies, strict=True):
            pieces = (torch.split(flat.flatten(), CHUNK) for flat in (weight.detach(), copy))
            for now, start in zip(*pieces, strict=True):
                yield tuple(flat.to(device).to(dtype).double() for flat in (now, start))
