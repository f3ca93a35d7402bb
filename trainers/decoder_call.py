"""How a causal language model is called in a training, and where its layers lie."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import nn

from evals.output_head import logits_at
from trainers.joint_pass import joint_rows
from trainers.model_call import Arguments, held_layers


def decoder_layers(model: nn.Module) -> Sequence[nn.Module]:
    """Returns the layers of the text decoder, whatever is wrapped around it."""
    return list(held_layers(_decoder(model))[2])


@contextmanager
def only_to(model: nn.Module, layer: int) -> Iterator[None]:
    """Has the text decoder run no layer behind `layer`, counted from 0.

    Some decoders run as many layers as their configuration says, others all that they hold: so both
    are cut. Which parameters get gradients does not change: those behind `layer` never do.
    """
    decoder = _decoder(model)
    holder, name, layers = held_layers(decoder)
    config: Any = getattr(decoder, "config", None)
    depth = getattr(config, "num_hidden_layers", None)
    setattr(holder, name, nn.ModuleList(list(layers)[: layer + 1]))
    if depth is not None:
        config.num_hidden_layers = layer + 1
    try:
        yield
    finally:
        setattr(holder, name, layers)
        if depth is not None:
            config.num_hidden_layers = depth


def _decoder(model: nn.Module) -> nn.Module:
    find = getattr(model, "get_decoder", None)
    found: nn.Module = model if find is None else find()
    return found


ARGUMENTS = Arguments(
    logits={"use_cache": False},
    hidden={"use_cache": False, "logits_to_keep": 1},
    layers=decoder_layers,
    only_to=only_to,
    logits_at=logits_at,
    join=joint_rows,
)
"""A training needs no keys and values, and no logits that are not read."""
