"""Weight saliency: a gradient only for weights that matter to what is to be forgotten, and more to
that than to what is retained.

    m = [F(forget) >= threshold * F(retain)]

F is a weight's squared gradient of a step's mean NLL, averaged over steps. Gradients are looked at
on their way to the engine, whole on every rank and whatever its ZeRO stage makes of them, by steps
at a learning rate of 0; the engine must be restarted behind that.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import torch
import torch.distributed as dist
from torch import Tensor, nn

from trainers import losses
from trainers.adapters import trainable
from trainers.distributed import Place
from trainers.engine import Engine
from trainers.job import Beat
from trainers.method import View
from trainers.requirements import Source
from trainers.sampler import Sampler

Masks = Mapping[str, Tensor]
"""By the name of a weight that trains, which of its entries are salient."""


class Saliency:
    """Multiplies gradients by masks in the steps that it is on for."""

    def __init__(self, masks: Masks, *, every: int) -> None:
        self._masks = masks
        self._every = every
        self._is_on = False

    def begin(self, index: int) -> None:
        """Says which step comes next: it is on for the first of each `every`."""
        self._is_on = index % self._every == 0

    @contextmanager
    def over(self, module: nn.Module) -> Iterator[None]:
        """Watches the gradients of the weights that train."""
        hooks = [
            value.register_hook(partial(self._masked, self._masks[name]))  # type: ignore[no-untyped-call]
            for name, value in trainable(module)
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _masked(self, mask: Tensor, gradient: Tensor) -> Tensor:
        return gradient * mask if self._is_on else gradient


def salient(
    engine: Engine,
    student: View,
    sampler: Sampler,
    *,
    threshold: float,
    every: int,
    place: Place,
) -> Generator[Beat, None, Masks]:
    """Returns the masks of the weights as they are; forget rows are new every `every` steps.

    They are measured over as many steps as a pass over the forget rows takes. All ranks give a Beat
    after each.
    """
    gradients = _Gradients(place)
    gains: dict[str, Tensor] = {}
    with gradients.watched(engine.module):
        for number in range(max(1, round(sampler.steps_per_epoch))):
            micro_batches = sampler.step(number * every)
            for source, sign in ((Source.FORGET, 1.0), (Source.RETAIN, -threshold)):
                for batches in micro_batches:
                    batch = batches[source]
                    engine.backward(losses.mean_nll(student.answer_logits(batch), batch))
                    engine.step(0.0)
                for name, gradient in gradients.taken():
                    gain = sign * gradient.square()
                    gains[name] = gain if name not in gains else gains[name].add_(gain)
            yield Beat()
    return {name: gain >= 0 for name, gain in gains.items()}


class _Gradients:
    """The gradient of one step, summed over its micro-batches and, when taken, over ranks."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._sums: dict[str, Tensor] = {}

    @contextmanager
    def watched(self, module: nn.Module) -> Iterator[None]:
        """Sums the gradients of the weights that train."""
        hooks = []
        for name, value in trainable(module):
            hooks.append(value.register_hook(partial(self._add, name)))  # type: ignore[no-untyped-call]
            size = getattr(value, "ds_shape", value.shape)
            self._sums[name] = torch.zeros(size, device=value.device)
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def taken(self) -> Iterator[tuple[str, Tensor]]:
        """Yields each weight's gradient, and begins with none again."""
        for name, total in self._sums.items():
            if self._place.world > 1:
                dist.all_reduce(total)
            yield name, total / self._place.world
            total.zero_()

    def _add(self, name: str, gradient: Tensor) -> None:
        self._sums[name] += gradient.detach().float()
