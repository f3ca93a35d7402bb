"""The weights that a LoRA adapter is added to, however a model stores them, and by how much.

A weight W becomes W + scaling B A. Experts of a mixture are one tensor of many weights, and so are
their A and B.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from peft.tuners.lora import LoraLayer, ParamWrapper
from torch import Tensor, nn

ADAPTER_NAME = "default"
"""What peft calls the only adapter of a model."""


@dataclass(frozen=True, slots=True)
class AdaptedWeight:
    """A weight with its factors, by their names among the parameters.

    `num_stacked` weights of equal shape lie in one tensor, each with a B A of its own: A has
    (stacked, rank) rows and B (rank, stacked) columns.
    """

    a: str
    b: str
    scaling: float
    num_stacked: int = 1


def adapted_weights(model: nn.Module) -> list[AdaptedWeight]:
    """Returns the weights under the adapter of `model`, sharded or not, in its order."""
    return [
        AdaptedWeight(
            a=f"{name}.lora_A.{ADAPTER_NAME}.weight",
            b=f"{name}.lora_B.{ADAPTER_NAME}.weight",
            scaling=layer.scaling[ADAPTER_NAME],
            num_stacked=getattr(layer, "num_experts", 1),
        )
        for name, layer in _layers(model)
    ]


def base_norm(model: nn.Module) -> float:
    """Returns the Frobenius norm of the weights under the adapter, before they are sharded."""
    squares = [float(weight.detach().double().square().sum()) for _, weight in base_weights(model)]
    return math.sqrt(sum(squares))


def base_weights(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Yields the weights under the adapter, by the names of their layers."""
    for name, layer in _layers(model):
        wrapped = isinstance(layer, ParamWrapper)
        yield name, layer.get_param() if wrapped else layer.get_base_layer().weight


def update_norm(state: Mapping[str, Tensor], weights: Sequence[AdaptedWeight]) -> float:
    """Returns sqrt(sum over weights of ||scaling B A||_F^2) without ever forming B A.

    ||B A||_F^2 = tr(A^T B^T B A) = sum of (B^T B) * (A A^T), entry by entry: rank x rank.
    """
    total = 0.0
    for weight in weights:
        a_SRI = _stacked_a(state[weight.a], weight.num_stacked)
        b_SOR = _stacked_b(state[weight.b], weight.num_stacked)
        products_SRR = (b_SOR.mT @ b_SOR) * (a_SRI @ a_SRI.mT)
        total += weight.scaling**2 * float(products_SRR.sum())
    return math.sqrt(max(total, 0.0)) if not math.isnan(total) else math.nan


def _layers(model: nn.Module) -> Iterator[tuple[str, LoraLayer]]:
    return ((name, layer) for name, layer in model.named_modules() if isinstance(layer, LoraLayer))


def _stacked_a(a_NI: Tensor, num_stacked: int) -> Tensor:
    """Returns a_SRI; a convolution's factor has its kernel's places among I."""
    return a_NI.double().flatten(1).reshape(num_stacked, len(a_NI) // num_stacked, -1)


def _stacked_b(b_ON: Tensor, num_stacked: int) -> Tensor:
    """Returns b_SOR; a convolution's factor looks at one place."""
    return b_ON.double().reshape(len(b_ON), -1, num_stacked).permute(2, 0, 1)
