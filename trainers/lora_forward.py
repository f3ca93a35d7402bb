"""A LoRA layer that scales what is as narrow as its rank, and not what is as wide as the model.

peft computes x W + s (x A B); here it is x W + (s x A) B, which spares a product as wide as the
layer in each direction. Where s is a power of two, as alpha 32 over rank 8 is, both are equal to
the last bit, else to rounding. It goes into peft's own place for other forward passes; its factors
are called as modules, so that ZeRO-3 gathers them.
"""

from typing import Any

from peft import PeftModel
from peft.tuners.lora.layer import Linear, LoraLayer, LoraVariant
from torch import Tensor


class NarrowScaling(LoraVariant):  # type: ignore[misc]
    """Plain LoRA in every other respect."""

    @staticmethod
    def forward(
        module: LoraLayer, active_adapter: str, x: Tensor, result: Tensor, **_kwargs: Any
    ) -> Tensor:
        """Returns the layer's output with the adapter's part, given its output without."""
        dropped = module.lora_dropout[active_adapter](x)
        low = module.lora_A[active_adapter](dropped) * module.scaling[active_adapter]
        wide: Tensor = result + module.lora_B[active_adapter](low)
        return wide

    @staticmethod
    def merge_safe(module: LoraLayer, active_adapter: str, orig_weight: Tensor) -> Tensor:
        """Returns the weight with the adapter's product added."""
        merged: Tensor = orig_weight + module.get_delta_weight(active_adapter).to(orig_weight.dtype)
        return merged

    @staticmethod
    def merge_unsafe(module: LoraLayer, active_adapter: str, orig_weight: Tensor) -> None:
        """Adds the adapter's product to the weight, in place."""
        orig_weight.data += module.get_delta_weight(active_adapter)

    @staticmethod
    def unmerge(module: LoraLayer, active_adapter: str, orig_weight: Tensor) -> Tensor:
        """Returns the weight with the adapter's product taken off."""
        delta: Tensor = module.get_delta_weight(active_adapter)
        return orig_weight.data - delta.to(orig_weight.dtype)


def scale_narrowly(model: PeftModel) -> None:
    """Has every plain LoRA layer of the model compute its part so."""
    for module in model.modules():
        if type(module) is Linear:
            for name in module.lora_A:
                module.lora_variant.setdefault(name, NarrowScaling())
