"""How a causal language model is called in a training, and where its layers lie."""

from collections.abc import Sequence

from torch import nn

from trainers.views import Arguments, longest_list


def decoder_layers(model: nn.Module) -> Sequence[nn.Module]:
    """Returns the layers of the text decoder, whatever is wrapped around it."""
    find = getattr(model, "get_decoder", None)
    return longest_list(model if find is None else find())


ARGUMENTS = Arguments(
    logits={"use_cache": False},
    hidden={"use_cache": False, "logits_to_keep": 1},
    layers=decoder_layers,
)
"""A training needs no keys and values, and beside hidden states as few logits as may be."""
