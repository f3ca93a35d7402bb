"""The DeepSpeed engine: one model under ZeRO that serves many trials.

Starting an engine costs seconds, a trial may take one. So between trials the engine stays:
`reset` puts the trainable weights back and forgets everything the last trial left behind, and
the next trial repeats bit for bit what a fresh engine would do.
"""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from trainers import shards
from trainers.adapted_weights import base_norm
from trainers.adapters import trainable
from trainers.deepspeed_config import deepspeed_config
from trainers.deepspeed_library import deepspeed
from trainers.job import Diverged
from trainers.one_rank import spare_reductions
from trainers.optimizer import WithL1, build_optimizer
from trainers.settings import EngineSettings, L1Mode, TrainingSettings
from trainers.starting_weights import Change, StartingWeights


class Engine:
    """A model being trained by DeepSpeed; every method is for all ranks to call together.

    `module` is the model to call; `base_norm` the norm of the weights under its adapter (0
    without one).
    """

    def __init__(
        self, module: nn.Module, wrapped: Any, optimizer: WithL1, *, base_norm: float
    ) -> None:
        self.module = module
        self.base_norm = base_norm
        self._deepspeed = wrapped
        self._optimizer = optimizer
        self._start: StartingWeights | None = None
        self._buffers: dict[str, Tensor] = {}

    @classmethod
    def start(
        cls,
        model: nn.Module,
        *,
        settings: EngineSettings,
        training: TrainingSettings,
        world: int,
        groups: Sequence[Mapping[str, Any]],
    ) -> "Engine":
        """Puts `model` under DeepSpeed, in the process group that the caller started.

        `groups` are the optimizer's. A world of one needs no process group.

        Raises:
            ConfigError: the batch does not split into micro-batches and ranks.
        """
        config = deepspeed_config(settings, training, world=world)
        if world == 1 and not dist.is_initialized():
            _start_group_of_one()
        shards.avoid_compiling()
        shards.silence_deprecations()
        _name_device(model)
        norm = base_norm(model)
        # The learning rate is 0 until the first step: DeepSpeed may step the optimizer on zero
        # gradients while it starts, which must neither decay nor shrink the weights.
        optimizer = build_optimizer(groups, training)
        wrapped, *_ = deepspeed.initialize(model=model, optimizer=optimizer, config=config)
        spare_reductions(wrapped)
        engine = cls(model, wrapped, optimizer, base_norm=norm)
        shards.forget(wrapped, optimizer)
        return engine

    def backward(self, loss: Tensor) -> None:
        """Adds the gradient of one micro-batch's loss, averaged over ranks and accumulation.

        An exception in here (out of memory, say) leaves a broken engine: close it.
        """
        shards.prepare_backward(self._deepspeed)
        self._deepspeed.backward(loss)

    def step(self, lr: float) -> None:
        """Ends a micro-batch; on the last one of the batch, moves the weights at rate `lr`.

        Raises:
            Diverged: the gradient was not finite and DeepSpeed skipped the step.
        """
        for group in self._groups():
            group["lr"] = lr
        last = self._deepspeed.is_gradient_accumulation_boundary()
        self._deepspeed.step()
        if last and not self._applied():
            raise Diverged("the gradient became infinite or NaN")

    def reset(
        self, initial: Mapping[str, Tensor], *, l1: float, l1_mode: L1Mode, weight_decay: float
    ) -> None:
        """Makes the engine as good as new, with `initial` as its trainable weights.

        Undone are the weights in every precision, the optimizer's moments and step counts, and
        gradients of an accumulation that was never finished.
        """
        self.put(initial)
        shards.forget(self._deepspeed, self._optimizer)
        for group in self._groups():
            group.update(lr=0.0, l1=l1, l1_mode=l1_mode, weight_decay=weight_decay)

    def put(self, weights: Mapping[str, Tensor]) -> None:
        """Sets the trainable weights, in every precision; the optimizer stays as it is."""
        for name, parameter in trainable(self.module):
            shards.write(self._deepspeed, parameter, weights[name])

    def negate(self, strength: float) -> None:
        """Puts the weights `strength` as far on the other side of those that were kept."""
        assert self._start is not None
        self._start.negate(strength)
        shards.refresh_copies(self._deepspeed)

    def keep_start(self) -> None:
        """Remembers the weights as they are, for `rewind` and `change`; call it on a new engine."""
        self._start = StartingWeights(shards.optimized(self._deepspeed, self._optimizer))
        self._buffers = _copied_buffers(self.module)

    def rewind(
        self, *, l1: float, l1_mode: L1Mode, weight_decay: float, towards_start: bool = True
    ) -> None:
        """Makes the engine as good as new, with the weights that were kept.

        L1 pulls to them, or to zero.
        """
        assert self._start is not None
        self._start.restore()
        _set_buffers(self.module, self._buffers)
        shards.refresh_copies(self._deepspeed)
        shards.forget(self._deepspeed, self._optimizer)
        if l1 == 0 or not towards_start:
            self._optimizer.anchors = {}
        elif not self._optimizer.anchors:
            self._optimizer.anchors = self._start.anchors()
        for group in self._groups():
            group.update(lr=0.0, l1=l1, l1_mode=l1_mode, weight_decay=weight_decay)

    def change(self) -> Change:
        """Returns how the weights differ from those that were kept, the same on every rank.

        Both are as the model holds them, which is how they are saved.
        """
        assert self._start is not None
        parameters = [value for _, value in trainable(self.module)]
        return self._start.change(
            sum(getattr(value, "ds_numel", value.numel()) for value in parameters),
            dtype=parameters[0].dtype,
            is_sharded=self._deepspeed.zero_optimization_stage() > 0,
            device=parameters[0].device,
        )

    def trainable_state(self) -> dict[str, Tensor]:
        """Returns whole float32 CPU copies of the trainable weights, on every rank."""
        return {
            name: shards.read(self._deepspeed, parameter)
            for name, parameter in trainable(self.module)
        }

    def state(self) -> Iterator[tuple[str, Tensor]]:
        """Yields what the next step depends on, whole and on the CPU, the same on every rank.

        That is float32 weights, the optimizer's moments and step counts, and buffers (the running
        statistics of a batch normalisation), by names that know nothing of ranks or ZeRO stages;
        frozen parameters are left out. The engine must be between two steps, and every rank must
        read to the end.
        """
        for name, parameter in trainable(self.module):
            yield f"weight/{name}", shards.read(self._deepspeed, parameter)
            moments = shards.read_moments(self._deepspeed, self._optimizer, parameter)
            yield from ((f"{kind}/{name}", value) for kind, value in moments.items())
        yield from ((f"buffer/{n}", value) for n, value in _copied_buffers(self.module).items())

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Takes over what `state` yielded, of any ranks and ZeRO stage, after a start or reset."""
        for name, parameter in trainable(self.module):
            shards.write(self._deepspeed, parameter, state[f"weight/{name}"])
            kinds = [k for k in shards.kinds_of(self._optimizer) if f"{k}/{name}" in state]
            moments = {kind: state[f"{kind}/{name}"] for kind in kinds}
            shards.write_moments(self._deepspeed, self._optimizer, parameter, moments)
        names = [name for name, _ in self.module.named_buffers()]
        kept = {name: f"buffer/{name}" for name in names if f"buffer/{name}" in state}
        _set_buffers(self.module, {name: state[key] for name, key in kept.items()})

    def whole_state(self) -> dict[str, Tensor]:
        """Returns the model's whole state dict on the CPU of rank 0; empty elsewhere."""
        return shards.whole_state(self.module)

    def close(self) -> None:
        """Frees the engine; below ZeRO-3 the model may be called or put under another one."""
        shards.close(self._deepspeed, self.module)

    def _applied(self) -> bool:
        """Returns whether the weights were moved by a finite gradient.

        Without ZeRO nobody asks, so the weights are looked at; the ranks' are equal and so are
        their answers.
        """
        if not self._deepspeed.was_step_applied():
            return False
        if self._deepspeed.zero_optimization_stage() > 0:
            return True
        weights = [value for group in self._optimizer.param_groups for value in group["params"]]
        return bool(torch.stack(torch._foreach_norm(weights, math.inf)).isfinite().all())

    def _groups(self) -> list[dict[str, Any]]:
        return [*self._deepspeed.optimizer.param_groups, *self._optimizer.param_groups]


def _copied_buffers(module: nn.Module) -> dict[str, Tensor]:
    """Returns CPU copies of the buffers that a model is saved with."""
    saved = module.state_dict(keep_vars=True).keys()
    buffers = ((name, value) for name, value in module.named_buffers() if name in saved)
    return {name: value.detach().to("cpu", copy=True) for name, value in buffers}


@torch.no_grad()
def _set_buffers(module: nn.Module, values: Mapping[str, Tensor]) -> None:
    own = dict(module.named_buffers())
    for name, value in values.items():
        own[name].copy_(value)


def _start_group_of_one() -> None:
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    store = torch.distributed.HashStore()  # type: ignore[attr-defined]  # no port, no file
    dist.init_process_group(backend, store=store, rank=0, world_size=1)


def _name_device(model: nn.Module) -> None:
    """Tells DeepSpeed the device's number, for which its only channel is the environment."""
    device = next(model.parameters()).device
    os.environ["LOCAL_RANK"] = str(device.index or 0)
