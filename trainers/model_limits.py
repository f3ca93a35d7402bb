"""What an architecture cannot do, told from the model without weights and its tokenizer."""

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from evals.errors import ConfigError

_SUPPORT = {"sdpa": "_supports_sdpa", "flash_attention_2": "_supports_flash_attn"}
"""How a class of transformers says that it has an attention implementation; all have eager."""


def require_supported(model: PreTrainedModel, attention: str) -> None:
    """Refuses an attention implementation that the architecture of `model` has not got.

    Raises:
        ConfigError: names those that it has.
    """
    parts = [part for part in model.modules() if isinstance(part, PreTrainedModel)]
    able = [
        name for name, flag in _SUPPORT.items() if all(getattr(part, flag, False) for part in parts)
    ]
    if attention == "eager" or attention in able:
        return
    raise ConfigError(
        f"model.attn_implementation must be {' or '.join(['eager', *able])} for "
        f"{type(model).__name__} but got {attention!r}, which it has not got; set "
        "model.attn_implementation: eager"
    )


def require_half(model: PreTrainedModel, attention: str) -> None:
    """Refuses flash attention, which computes in 16 bits alone, for weights of 32."""
    if attention == "flash_attention_2" and model.dtype == torch.float32:
        raise ConfigError(
            "model.attn_implementation must be sdpa or eager for weights in float32 but got "
            "'flash_attention_2'; take sdpa, or set model.dtype and engine.dtype to bf16"
        )


def require_embeddings(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, row: Sequence[int], *, pad_id: int
) -> None:
    """Refuses tokens that have no row in the embeddings of `model`: the pad token, or `row`'s.

    A tokenizer may know more tokens than there are embeddings, as long as no text leads to them.

    Raises:
        ConfigError: names the token, its id and how many embeddings there are.
    """
    num_rows = int(model.get_input_embeddings().num_embeddings)
    beyond = [each for each in (pad_id, *row) if each >= num_rows]
    if not beyond:
        return
    token_id = beyond[0]
    kind = "pad token" if token_id == pad_id else "token"
    cure = "name another pad token in its tokenizer_config.json" if "pad" in kind else "resize them"
    raise ConfigError(
        "model.path must be a model with an embedding for every token but got the "
        f"{kind} {tokenizer.convert_ids_to_tokens(token_id)!r}, whose id {token_id} is beyond a "
        f"vocabulary of {num_rows}; {cure}, or save model and tokenizer there with embeddings "
        "for all tokens"
    )
