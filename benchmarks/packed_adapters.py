"""K LoRA adapters over one frozen model: their layers, and the optimizer that tells them apart.

Shapes: K slots, A of them active, B rows of each, T positions, I and O features in and out, r rank.
A pass takes the active slots' rows one slot after the other, as many of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from trainers.settings import AdapterSettings

PEFT = "base_model.model.{layer}.lora_{factor}.default.weight"
"""What peft calls a factor, and so do files of adapters."""


@dataclass(slots=True)
class Active:
    """The slots whose rows a pass takes, in their order; none: all adapters are off."""

    slots_A: Tensor | None = None


class PackedLinear(nn.Module):
    """A frozen layer under K adapters: y = W x + (alpha / r) B_k A_k x for the rows of slot k."""

    def __init__(
        self, base: nn.Linear, settings: AdapterSettings, active: Active, *, num_slots: int
    ) -> None:
        super().__init__()
        self.base = base
        zeros = partial(torch.zeros, device=base.weight.device, dtype=base.weight.dtype)
        self.a_KrI = nn.Parameter(zeros((num_slots, settings.rank, base.in_features)))
        self.b_KOr = nn.Parameter(zeros((num_slots, base.out_features, settings.rank)))
        self._scaling = settings.alpha / settings.rank
        self._active = active

    def forward(self, x: Tensor) -> Tensor:
        """Returns the layer's output for each slot's rows under its own adapter."""
        y: Tensor = self.base(x)
        slots_A = self._active.slots_A
        if slots_A is None:
            return y
        x_ANI = x.reshape(len(slots_A), -1, x.shape[-1])
        low_ANr = torch.bmm(x_ANI, self.a_KrI[slots_A].transpose(1, 2))
        update_ANO = torch.bmm(low_ANr, self.b_KOr[slots_A].transpose(1, 2))
        return y + self._scaling * update_ANO.reshape(y.shape)


class PackedModel:
    """A model whose linear layers, all but the output head, have K adapters that train."""

    def __init__(self, model: nn.Module, settings: AdapterSettings, *, num_slots: int) -> None:
        self.module = model.requires_grad_(False)
        self._active = Active()
        self._layers: dict[str, PackedLinear] = {}
        heads = {id(head) for head in [model.get_output_embeddings()]}  # type: ignore[operator]
        for name, layer in list(model.named_modules()):
            if isinstance(layer, nn.Linear) and id(layer) not in heads:
                packed = PackedLinear(layer, settings, self._active, num_slots=num_slots)
                parent, _, child = name.rpartition(".")
                setattr(model.get_submodule(parent), child, packed)
                self._layers[name] = packed

    @property
    def factors(self) -> list[nn.Parameter]:
        """What trains: of each layer A and B of all slots."""
        return [factor for layer in self._layers.values() for factor in (layer.a_KrI, layer.b_KOr)]

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self.factors[0].device

    def use(self, slots_A: Tensor | None) -> None:
        """Says whose rows the next pass takes; None switches all adapters off."""
        self._active.slots_A = slots_A

    @torch.no_grad()
    def write(self, slot: int, state: Mapping[str, Tensor]) -> None:
        """Puts an adapter into a slot, by peft's names."""
        for name, layer in self._layers.items():
            layer.a_KrI[slot] = state[PEFT.format(layer=name, factor="A")].to(layer.a_KrI)
            layer.b_KOr[slot] = state[PEFT.format(layer=name, factor="B")].to(layer.b_KOr)

    def read(self, slot: int) -> dict[str, Tensor]:
        """Returns a CPU copy of the adapter in a slot, by peft's names."""
        found = {}
        for name, layer in self._layers.items():
            for factor, values in (("A", layer.a_KrI), ("B", layer.b_KOr)):
                found[PEFT.format(layer=name, factor=factor)] = values[slot].detach().cpu().clone()
        return found


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a slot trains by."""

    lr: float
    l1: float = 0.0
    weight_decay: float = 0.0


@dataclass(slots=True)
class PackedAdamW:
    """AdamW with clipping and proximal L1 for each slot by itself, as torch and `WithL1` have it.

    A slot has a step count, moments and a gradient norm of its own, so that nothing of a slot says
    with whom it shared a pass.
    """

    factors: Sequence[nn.Parameter]
    num_slots: int
    clipping: float
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    _moments: list[tuple[Tensor, Tensor]] = field(init=False)
    _steps_K: Tensor = field(init=False)
    _recipes: dict[int, Recipe] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._moments = [(torch.zeros_like(v), torch.zeros_like(v)) for v in self.factors]
        self._steps_K = torch.zeros(self.num_slots, dtype=torch.float64)

    def begin(self, slot: int, recipe: Recipe) -> None:
        """Forgets what a slot has trained before."""
        self._recipes[slot] = recipe
        self._steps_K[slot] = 0
        for mean, square in self._moments:
            mean[slot] = 0
            square[slot] = 0

    @torch.no_grad()
    def step(self, slots: Sequence[int]) -> None:
        """Steps these slots, and drops all gradients."""
        device = self.factors[0].device
        slots_A = torch.tensor(slots, device=device)
        gradients = [_gradient(value)[slots_A] for value in self.factors]
        clip_A = self._clip(gradients)
        self._steps_K[list(slots)] += 1
        recipes, steps_A = [self._recipes[slot] for slot in slots], self._steps_K[list(slots)]
        first, second = (1 - beta**steps_A for beta in self.betas)
        lr_A, l1_A, decay_A = (
            torch.tensor([getattr(recipe, name) for recipe in recipes], dtype=torch.float64)
            for name in ("lr", "l1", "weight_decay")
        )
        shrinks = bool(l1_A.any())
        sizes = lr_A / first, second.sqrt(), 1 - lr_A * decay_A, lr_A * l1_A
        rate_A, root_A, kept_A, threshold_A = (_spread(each, gradients[0]) for each in sizes)
        for value, moments, gradient in zip(self.factors, self._moments, gradients, strict=True):
            gradient_A = gradient * clip_A
            mean, square = (moment[slots_A] for moment in moments)
            mean.lerp_(gradient_A, 1 - self.betas[0])
            square.mul_(self.betas[1]).addcmul_(gradient_A, gradient_A, value=1 - self.betas[1])
            moved = value[slots_A] * kept_A
            moved -= rate_A * mean / (square.sqrt() / root_A + self.eps)
            if shrinks:
                moved = moved.sign() * (moved.abs() - threshold_A).clamp_min(0)
            value[slots_A] = moved
            moments[0][slots_A], moments[1][slots_A] = mean, square
            value.grad = None

    def _clip(self, gradients: Sequence[Tensor]) -> Tensor:
        """Returns the factor of each slot that brings its own gradient down to `clipping`."""
        norms = [torch.linalg.vector_norm(each, dim=(1, 2)) for each in gradients]
        norm_A = torch.linalg.vector_norm(torch.stack(norms), dim=0)
        factor_A: Tensor = (self.clipping / (norm_A + 1e-6)).clamp(max=1.0)
        return factor_A[:, None, None]


def _gradient(value: nn.Parameter) -> Tensor:
    return torch.zeros_like(value) if value.grad is None else value.grad


def _spread(values_A: Tensor, like: Tensor) -> Tensor:
    """Returns a value for each slot so that it meets factors of any shape."""
    return values_A.to(like)[:, None, None]
