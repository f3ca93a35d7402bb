"""A linear layer with a LoRA adapter as one operation, forward and backward.

    y = x W^T + b + s (x A^T) B^T

peft's layer is six operations forward and as many backward, and the two sums as wide as the model
among them have tensors of their own. A small model's layer takes longer to begin them than to do
them. Here they are one, with sums made in place: the same operations as `trainers.lora_forward`, so
that outputs are equal to the last bit and gradients to rounding, where layers share their input.
Wherever more is asked of the layer it is peft's: when its input is dropped in part, and under
ZeRO-3, whose weights are there only while their own modules are called.
"""

from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora.layer import Linear
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear

from trainers.adapted_weights import ADAPTER_NAME
from trainers.lora_forward import NarrowScaling


class LoraLinear(Linear):  # type: ignore[misc]
    """peft's layer in every other respect."""

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Returns the layer's output, with its adapter's part unless that is switched off."""
        base, a = self.base_layer, self.lora_A[ADAPTER_NAME].weight
        if args or kwargs or not self._is_plain(x, base.weight, a):
            found: Tensor = super().forward(x, *args, **kwargs)
            return found
        b, scale = self.lora_B[ADAPTER_NAME].weight, self.scaling[ADAPTER_NAME]
        product: Tensor = _Product.apply(scale, x, base.weight, base.bias, a, b)  # type: ignore[no-untyped-call]
        return product

    def _is_plain(self, x: Tensor, weight: Tensor, a: Tensor) -> bool:
        """Returns whether the adapter is on and alone, drops nothing, and all weights are here."""
        if self.disable_adapters or self.merged or self.active_adapters != [ADAPTER_NAME]:
            return False
        if self.training and not isinstance(self.lora_dropout[ADAPTER_NAME], nn.Identity):
            return False
        frozen = not weight.requires_grad
        return frozen and x.dtype == weight.dtype == a.dtype and not hasattr(a, "ds_id")


def compute_at_once(model: PeftModel) -> None:
    """Makes every plain LoRA layer on a plain linear layer of the model one of these."""
    for module in model.modules():
        if type(module) is Linear and _adds_a_product_alone(module):
            module.__class__ = LoraLinear


def _adds_a_product_alone(layer: Linear) -> bool:
    """Returns whether a layer is linear and its adapter LoRA without a bias or a variant."""
    plain = all(isinstance(each, NarrowScaling) for each in layer.lora_variant.values())
    biases = (factor.bias for factor in layer.lora_B.values())
    return plain and type(layer.base_layer) is nn.Linear and all(bias is None for bias in biases)


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, scale: float, x: Tensor, weight: Tensor, bias: Tensor | None, *factors: Tensor
    ) -> Tensor:
        a, b = factors
        low = linear(x, a).mul_(scale)
        ctx.save_for_backward(x, low, weight, a, b)
        ctx.scale = scale
        return linear(x, weight, bias).add_(linear(low, b))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, low, weight, a, b = ctx.saved_tensors
        wide = gradient.reshape(-1, gradient.shape[-1])
        narrow = (wide @ b).mul_(ctx.scale)
        to_x = None
        if ctx.needs_input_grad[1]:
            to_x = (wide @ weight).add_(narrow @ a).view(x.shape)
        to_a = narrow.t() @ x.reshape(-1, x.shape[-1])
        to_b = wide.t() @ low.reshape(-1, low.shape[-1])
        return None, to_x, None, None, to_a, to_b
