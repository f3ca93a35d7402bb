"""How a model is called on a batch, and what is read of its passes.

Shapes: B rows, T positions, N positions that are read, V vocabulary, H hidden width.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from evals.errors import ConfigError
from trainers import losses
from trainers.batch import Batch


def longest_list(model: nn.Module) -> Sequence[nn.Module]:
    """Returns the modules of the longest list in the model: its layers, as a rule."""
    return list(held_layers(model)[2])


def held_layers(model: nn.Module) -> tuple[nn.Module, str, nn.ModuleList]:
    """Returns who holds the longest list of modules in the model, by which name, and the list."""
    held = max(_lists(model), key=lambda each: len(each[2]), default=None)
    assert held is not None, "a model without a list of layers"
    return held


def all_logits(model: nn.Module, arguments: Mapping[str, Any], mask_BT: Tensor) -> Tensor:
    """Returns logits_NV where the mask is True, of all that there are."""
    logits: Tensor = model(**arguments).logits
    return _with_positions(logits)[mask_BT]


def each_alone(batches: Sequence[Batch]) -> None:  # noqa: ARG001
    """Joins nothing."""


def whole_depth(model: nn.Module, layer: int) -> AbstractContextManager[None]:  # noqa: ARG001
    """Leaves nothing out."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a model is called with beside a batch's inputs, by name, and where its layers lie.

    Logits are asked for with `logits`; with `hidden` where the hidden states alone are looked at,
    so that the model need not make what is thrown away. `layers` gives the layers whose outputs
    are those states, whatever is wrapped around the model; `only_to` has no layer behind one run,
    and `logits_at` calls the model for its logits at some positions. `join` makes one batch of
    several where rows do not change each other and one pass costs less than one for each.
    """

    logits: Mapping[str, Any] = field(default_factory=dict)
    hidden: Mapping[str, Any] = field(default_factory=dict)
    layers: Callable[[nn.Module], Sequence[nn.Module]] = longest_list
    only_to: Callable[[nn.Module, int], AbstractContextManager[None]] = whole_depth
    logits_at: Callable[[nn.Module, Mapping[str, Any], Tensor], Tensor] = all_logits
    join: Callable[[Sequence[Batch]], Batch | None] = each_alone


def logits_of(model: nn.Module, batch: Batch, arguments: Arguments) -> Tensor:
    """Returns logits_BTV (float32)."""
    logits: Tensor = model(**batch.inputs, **arguments.logits).logits
    return _with_positions(logits).float()


def answer_logits_of(model: nn.Module, batch: Batch, arguments: Arguments) -> Tensor:
    """Returns logits_NV (float32) where labels are predicted."""
    return logits_where(model, batch, arguments, losses.predicting(batch))


def logits_where(model: nn.Module, batch: Batch, arguments: Arguments, mask_BT: Tensor) -> Tensor:
    """Returns logits_NV (float32) where the mask is True."""
    return arguments.logits_at(model, {**batch.inputs, **arguments.logits}, mask_BT).float()


def hidden_of(model: nn.Module, batch: Batch, arguments: Arguments, *, layer: int) -> Tensor:
    """Returns hidden_BTH (float32) of a layer.

    It runs as little behind it as may be: no other layers, hardly an output head.
    """
    with _watched(model, arguments, layer) as seen, arguments.only_to(model, layer):
        model(**batch.inputs, **arguments.hidden)
    return _with_positions(seen[0]).float()


def both_of(
    model: nn.Module, batch: Batch, arguments: Arguments, *, layer: int
) -> tuple[Tensor, Tensor]:
    """Returns logits_BTV and the hidden_BTH of a layer, of one pass."""
    with _watched(model, arguments, layer) as seen:
        logits_BTV = logits_of(model, batch, arguments)
    return logits_BTV, _with_positions(seen[0]).float()


@contextmanager
def _watched(model: nn.Module, arguments: Arguments, layer: int) -> Iterator[list[Tensor]]:
    """Gives a list that the layer's outputs are put into, as long as the context lasts."""
    layers = arguments.layers(model)
    if not 0 <= layer < len(layers):
        raise ConfigError(
            f"method.layer must be from 0 to {len(layers) - 1} for this model but got {layer}; "
            "choose a layer that it has"
        )
    seen: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
        seen.append(output[0] if isinstance(output, tuple) else output)

    handle = layers[layer].register_forward_hook(keep)
    try:
        yield seen
    finally:
        handle.remove()


def _lists(module: nn.Module) -> Iterator[tuple[nn.Module, str, nn.ModuleList]]:
    """Yields lists of modules but for those inside others, such as the experts of a layer."""
    for name, child in module.named_children():
        if isinstance(child, nn.ModuleList):
            yield module, name, child
        else:
            yield from _lists(child)


def _with_positions(output: Tensor) -> Tensor:
    """Returns output_BT*; a classifier's, one vector for each input, is of one position."""
    return output[:, None] if output.dim() == 2 else output
